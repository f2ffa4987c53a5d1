#include "tests/sim/sim_kernel.h"

#include <cerrno>
#include <cstring>

#include "schemas/base/check.h"

namespace sluice::sim {
namespace {

thread_local SimKernel* current_kernel = nullptr;
constexpr int kFirstDescriptor = 8;

// 0 to 131071, every order of magnitude equally likely.
uint64_t draw_magnitude(Rng& rng) {
  return rng.below(1ULL << (1 + rng.below(17)));
}

}  // namespace

sockaddr_storage ipv4_address(uint8_t last_octet, uint16_t port) {
  sockaddr_storage storage{};
  auto* address = reinterpret_cast<sockaddr_in*>(&storage);
  address->sin_family = AF_INET;
  address->sin_port = htons(port);
  address->sin_addr.s_addr = htonl(0x0a000000u + last_octet);
  return storage;
}

bool same_address(const sockaddr_storage& left, const sockaddr_storage& right) {
  if (left.ss_family != right.ss_family) return false;
  if (left.ss_family == AF_INET6) {
    const auto& a = reinterpret_cast<const sockaddr_in6&>(left);
    const auto& b = reinterpret_cast<const sockaddr_in6&>(right);
    return a.sin6_port == b.sin6_port && std::memcmp(&a.sin6_addr, &b.sin6_addr, sizeof(in6_addr)) == 0;
  }
  const auto& a = reinterpret_cast<const sockaddr_in&>(left);
  const auto& b = reinterpret_cast<const sockaddr_in&>(right);
  return a.sin_port == b.sin_port && a.sin_addr.s_addr == b.sin_addr.s_addr;
}

SimKernel::SimKernel(uint64_t seed, const FaultConfig& faults)
    : rng_(seed), faults_(faults), trace_(std::make_unique<Trace>()) {
  CHECK(current_kernel == nullptr);
  current_kernel = this;
}

SimKernel::~SimKernel() {
  CHECK(ring_ == nullptr);  // The ring goes first.
  current_kernel = nullptr;
}

SimKernel* SimKernel::current() {
  CHECK(current_kernel != nullptr);
  return current_kernel;
}

// ---- events

void SimKernel::add_event(Instant when, EventKind kind, Socket* socket, uint64_t amount) {
  events_.push({when, sequence_++, kind, socket, amount});
}

void SimKernel::call_at(Instant when, std::function<void()> call) {
  uint32_t index = static_cast<uint32_t>(calls_.size());
  if (free_calls_.empty()) {
    calls_.push_back(std::move(call));
  } else {
    index = free_calls_.back();
    free_calls_.pop_back();
    calls_[index] = std::move(call);
  }
  add_event(when, EventKind::call, nullptr, index);
}

void SimKernel::run_due() {
  while (!events_.empty() && events_.top().when <= now_) {
    const Event event = events_.top();
    events_.pop();
    run(event);
  }
}

void SimKernel::run(const Event& event) {
  if (event.kind == EventKind::call) {
    const std::function<void()> call = std::move(calls_[event.amount]);
    free_calls_.push_back(static_cast<uint32_t>(event.amount));
    call();
    return;
  }
  Socket& socket = *event.socket;
  switch (event.kind) {
    case EventKind::bytes:
      if (socket.is_dead) return;
      if (socket.state == Socket::State::closed) return send_reset(socket);  // Nobody will read this.
      socket.arrived += event.amount;
      return changed(socket);
    case EventKind::end:
      socket.end_arrived = true;
      return changed(socket);
    case EventKind::reset:
      return run_reset(socket);
    case EventKind::room:
      if (socket.actor != nullptr && socket.state == Socket::State::connected) {
        return socket.actor->on_writable(socket);
      }
      return changed(socket);
    case EventKind::connect_done:
      return run_connect_done(socket, static_cast<int>(event.amount));
    case EventKind::accepted:
      if (socket.actor != nullptr) return socket.actor->on_accepted(socket);
      return;
    case EventKind::call:
      return;
  }
}

void SimKernel::changed(Socket& socket) {
  if (socket.state == Socket::State::closed) return;
  if (socket.actor != nullptr) return socket.actor->on_input(socket);
  if (socket.descriptor >= 0 && ring_ != nullptr) ring_->on_socket_changed(socket);
}

void SimKernel::run_reset(Socket& socket) {
  if (socket.is_dead || socket.state == Socket::State::closed) return;
  note("reset arrives: socket", socket.id);
  socket.is_dead = true;
  socket.error = ECONNRESET;
  // An actor may play a system that forgets what it had received and not yet read.
  if (socket.actor != nullptr && rng_.chance(1, 2)) socket.arrived = 0;
  socket.input.truncate(socket.arrived);
  changed(socket);
}

void SimKernel::run_connect_done(Socket& socket, int error) {
  if (socket.state != Socket::State::connecting) return;  // Closed meanwhile.
  socket.state = error == 0 ? Socket::State::connected : Socket::State::fresh;
  if (socket.actor != nullptr) return socket.actor->on_connected(socket, error);
  socket.error = error;
  changed(socket);
}

// ---- listening and connecting

Socket& SimKernel::add_socket() {
  sockets_.push_back(std::make_unique<Socket>());
  sockets_.back()->id = static_cast<uint32_t>(sockets_.size());
  return *sockets_.back();
}

SimKernel::Listener* SimKernel::find_listener(const sockaddr_storage& address) {
  for (Listener& listener : listeners_) {
    if (same_address(listener.address, address)) return &listener;
  }
  return nullptr;
}

void SimKernel::listen(const sockaddr_storage& address, SimActor& actor) {
  CHECK(find_listener(address) == nullptr);
  listeners_.push_back({address, &actor, nullptr});
}

void SimKernel::stop_listening(const sockaddr_storage& address) {
  std::erase_if(listeners_,
                [&](const Listener& listener) { return same_address(listener.address, address); });
}

int SimKernel::listen_descriptor(const sockaddr_storage& address) {
  CHECK(find_listener(address) == nullptr);
  Socket& socket = add_socket();
  socket.state = Socket::State::listening;
  socket.local = address;
  listeners_.push_back({address, nullptr, &socket});
  return assign_descriptor(socket);
}

void SimKernel::draw_path(Socket& socket) {
  const auto below = [&](int64_t bound) {
    return static_cast<int64_t>(rng_.below(static_cast<uint64_t>(bound)));
  };
  const int64_t usual = faults_.path_delay_max.nanoseconds;
  socket.delay = {below(usual + 1)};
  socket.jitter = {below(usual / 4 + 1)};
  if (strikes(Fault::path_delay)) {
    socket.delay = {below(50 * (usual + 1'000'000))};
    socket.jitter = {below(10 * (usual + 1'000'000))};
  }
  socket.window = strikes(Fault::small_window) ? 8 + rng_.below(512) : faults_.window_bytes;
}

Socket& SimKernel::make_pair_with(Socket& connecting, const Listener& listener) {
  Socket& accepted = add_socket();
  accepted.state = Socket::State::connected;
  accepted.actor = listener.actor;
  accepted.local = connecting.remote;
  accepted.remote = connecting.local;
  accepted.other = &connecting;
  connecting.other = &accepted;
  draw_path(accepted);
  draw_path(connecting);
  connecting.delay = accepted.delay;
  for (Socket* end : {&accepted, &connecting}) {
    if (end->actor == nullptr) continue;
    if (strikes(Fault::reset_at_byte)) end->reset_at = draw_magnitude(rng_);
    if (strikes(Fault::end_at_byte)) end->end_at = draw_magnitude(rng_);
  }
  return accepted;
}

void SimKernel::start_connect(Socket& socket, const sockaddr_storage& address) {
  CHECK(socket.state == Socket::State::fresh);
  socket.state = Socket::State::connecting;
  socket.remote = address;
  socket.local =
      ipv4_address(static_cast<uint8_t>(200 + socket.id % 50), static_cast<uint16_t>(1024 + socket.id));
  const Duration delay{
      static_cast<int64_t>(rng_.below(static_cast<uint64_t>(faults_.path_delay_max.nanoseconds) + 1))};
  const bool is_ours = socket.descriptor >= 0;
  if (is_ours && strikes(Fault::connect_never)) return;
  if (is_ours && strikes(Fault::connect_timeout)) {
    const int error = rng_.chance(1, 2) ? ETIMEDOUT : EHOSTUNREACH;
    return add_event(now_ + 1_s * static_cast<int64_t>(1 + rng_.below(120)), EventKind::connect_done, &socket,
                     static_cast<uint64_t>(error));
  }
  const bool is_refused = is_ours && strikes(Fault::connect_refused);
  call_at(now_ + delay, [this, &socket, delay, is_refused] {
    const Listener* listener = find_listener(socket.remote);
    if (is_refused || listener == nullptr) {
      return add_event(now_ + delay, EventKind::connect_done, &socket, ECONNREFUSED);
    }
    const bool was_closed = socket.state != Socket::State::connecting;
    if (was_closed && rng_.chance(1, 2)) return;  // The goodbye came before the greeting was answered.
    Socket& accepted = make_pair_with(socket, *listener);
    if (listener->actor != nullptr) {
      add_event(now_, EventKind::accepted, &accepted, 0);
    } else {
      listener->socket->backlog.push_back(&accepted);
      changed(*listener->socket);
    }
    if (was_closed) return send_reset(socket);
    socket.last_arrival = now_ + delay;
    add_event(now_ + delay, EventKind::connect_done, &socket, 0);
  });
}

Socket& SimKernel::connect(const sockaddr_storage& address, SimActor& actor) {
  Socket& socket = add_socket();
  socket.actor = &actor;
  start_connect(socket, address);
  return socket;
}

// ---- descriptors

int SimKernel::assign_descriptor(Socket& socket) {
  std::size_t index = 0;
  while (index < descriptors_.size() && descriptors_[index] != nullptr) ++index;
  if (index == descriptors_.size()) descriptors_.push_back(nullptr);
  descriptors_[index] = &socket;
  socket.descriptor = static_cast<int>(index) + kFirstDescriptor;
  return socket.descriptor;
}

bool SimKernel::is_open(int descriptor) const {
  const int index = descriptor - kFirstDescriptor;
  return index >= 0 && index < static_cast<int>(descriptors_.size()) &&
         descriptors_[static_cast<std::size_t>(index)] != nullptr;
}

Socket& SimKernel::socket_of(int descriptor) {
  CHECK(is_open(descriptor));  // A descriptor that was closed, or never opened.
  return *descriptors_[static_cast<std::size_t>(descriptor - kFirstDescriptor)];
}

void SimKernel::release_descriptor(int descriptor) {
  socket_of(descriptor).descriptor = -1;
  descriptors_[static_cast<std::size_t>(descriptor - kFirstDescriptor)] = nullptr;
}

uint32_t SimKernel::open_descriptors() const {
  uint32_t count = 0;
  for (const Socket* socket : descriptors_) {
    if (socket != nullptr && socket->state != Socket::State::listening) ++count;
  }
  return count;
}

int SimKernel::open_socket(int /*family*/) {
  if (strikes(Fault::socket_fails)) return -EMFILE;
  return assign_descriptor(add_socket());
}

}  // namespace sluice::sim
