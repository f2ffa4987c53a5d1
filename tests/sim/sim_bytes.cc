// The byte-moving half of SimKernel: what write, read, shutdown, reset and close mean for both ends.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "schemas/base/check.h"
#include "tests/sim/sim_kernel.h"

namespace sluice::sim {

// When something sent now arrives at `target`: after everything that was sent before it.
Instant SimKernel::arrival_at(Socket& target) {
  const auto jitter = static_cast<int64_t>(rng_.below(static_cast<uint64_t>(target.jitter.nanoseconds) + 1));
  target.last_arrival = std::max(target.last_arrival, now_ + target.delay + Duration{jitter});
  return target.last_arrival;
}

// Lets the faults on `from`'s output strike. Returns how many of `count` bytes really travel.
uint64_t SimKernel::accept_output(Socket& from, uint64_t count) {
  const uint64_t cut_at = std::min(from.reset_at, from.end_at);
  if (from.written + count < cut_at) return count;
  from.was_cut = true;
  return cut_at - std::min(cut_at, from.written);
}

int64_t SimKernel::write(Socket& from, std::span<const std::byte> bytes) {
  if (from.error != 0) return -std::exchange(from.error, 0);
  if (from.state != Socket::State::connected || from.is_dead) return -EPIPE;
  if (from.was_cut) return static_cast<int64_t>(bytes.size());  // Swallowed; the script does not know.
  if (from.end_sent) return -EPIPE;
  Socket& target = *from.other;
  const bool is_read = target.state != Socket::State::closed;
  uint64_t count = bytes.size();
  if (is_read)
    count = std::min<uint64_t>(count, target.window - std::min<uint64_t>(target.window, target.input.size()));
  if (count < bytes.size()) from.wants_room = true;
  if (count == 0) return bytes.empty() ? 0 : -EAGAIN;
  const uint64_t travelling = accept_output(from, count);
  from.written += count;
  if (travelling > 0) {
    if (is_read) target.input.append(bytes.data(), travelling);
    add_event(arrival_at(target), EventKind::bytes, &target, travelling);
  }
  if (from.was_cut) {
    note("output cut: socket, after bytes", from.id,
         static_cast<int64_t>(std::min(from.reset_at, from.end_at)));
    if (from.reset_at <= from.end_at) {
      add_event(now_ + Duration{1000}, EventKind::reset, &from, 0);
      add_event(arrival_at(target), EventKind::reset, &target, 0);
    } else {
      from.end_sent = true;
      add_event(arrival_at(target), EventKind::end, &target, 0);
    }
  }
  return static_cast<int64_t>(count);
}

int64_t SimKernel::read(Socket& socket, std::span<std::byte> out) {
  if (socket.arrived == 0) {
    if (socket.error != 0) return -std::exchange(socket.error, 0);
    return socket.end_arrived || socket.is_dead ? 0 : -EAGAIN;
  }
  const uint64_t count = std::min<uint64_t>(out.size(), socket.arrived);
  std::memcpy(out.data(), socket.input.data(), count);
  socket.input.consume(count);
  socket.arrived -= count;
  Socket& writer = *socket.other;
  if (writer.wants_room && count > 0) {
    writer.wants_room = false;
    add_event(now_ + socket.delay, EventKind::room, &writer, 0);
  }
  return static_cast<int64_t>(count);
}

std::string SimKernel::read_all(Socket& socket) {
  std::string text(socket.arrived, '\0');
  if (!text.empty()) read(socket, std::as_writable_bytes(std::span(text)));
  return text;
}

bool SimKernel::is_at_end(const Socket& socket) const {
  return socket.arrived == 0 && (socket.end_arrived || socket.is_dead);
}

void SimKernel::shutdown_write(Socket& socket) {
  if (socket.state != Socket::State::connected || socket.end_sent || socket.is_dead) return;
  socket.end_sent = true;
  add_event(arrival_at(*socket.other), EventKind::end, socket.other, 0);
}

void SimKernel::send_reset(Socket& from) {
  if (from.is_dead || from.other == nullptr) return;
  from.is_dead = true;
  Socket& target = *from.other;
  const Instant when = strikes(Fault::reset_overtakes) ? now_ + target.delay : arrival_at(target);
  add_event(when, EventKind::reset, &target, 0);
}

// The end of a socket: what it had not read is gone, and a writer that waited for room may go on (into
// the void, until the reset reaches it).
void SimKernel::forget_input(Socket& socket) {
  socket.state = Socket::State::closed;
  socket.input.truncate(0);
  socket.arrived = 0;
  if (socket.other == nullptr || !socket.other->wants_room) return;
  socket.other->wants_room = false;
  add_event(now_ + socket.delay, EventKind::room, socket.other, 0);
}

void SimKernel::reset(Socket& socket) {
  if (socket.state == Socket::State::connected) send_reset(socket);
  forget_input(socket);
}

void SimKernel::close(Socket& socket) {
  if (socket.state == Socket::State::connected) {
    if (socket.arrived > 0) {
      send_reset(socket);
    } else {
      shutdown_write(socket);
    }
  }
  forget_input(socket);
  for (Socket* waiting : socket.backlog) reset(*waiting);
  socket.backlog.clear();
}

}  // namespace sluice::sim
