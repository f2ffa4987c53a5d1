// When memory, connections or descriptors run short: what is given up, in which order. Nothing here runs per
// request, and nothing aborts; whoever is turned away is counted with a reason.
//
//   short of            gives up
//   memory              by the ladder of conn/memory_level.h, sixteen connections every 50 ms
//   connections         above 80 %, waiting ones after 5 s; at the limit, the one that waited longest
//   descriptors         the ones that waited longest, and unused connections to origins
//
// "Waiting" is a client without a request: a kept connection between two, a new one that says nothing, a head
// that comes byte by byte. One list, in the order in which they began to wait.
#include <algorithm>

#include "dataplane/worker/worker_impl.h"

namespace sluice::dataplane {
namespace {

constexpr uint32_t kSmallWindowBytes = 64 * 1024;
constexpr uint32_t kShedAtOnce = 16;
// Who began to wait a moment ago may have its request on the way. (At the limit of connections it goes all
// the same: there it competes with somebody just as new.)
constexpr Duration kYoung = Duration::seconds(1);
constexpr uint32_t kCrowdedPermille = 800;
constexpr Duration kIdleWhenCrowded = Duration::seconds(5);
constexpr Duration kSheddingPause = Duration::milliseconds(50);
// A reader counts as slow once one send has waited this long.
constexpr Duration kSlowReader = Duration::seconds(1);
// Memory that was not needed for this long goes back to the system.
constexpr Duration kTrimInterval = Duration::milliseconds(500);

void count(WorkerStats& stats, Reason reason) {
  stats.reasons[static_cast<uint8_t>(reason)].add(1);
}

}  // namespace

void Worker::Impl::look_again(Instant when) {
  if (!pressure_timer.is_set() || when < pressure_timer.deadline()) wheel->set(pressure_timer, when);
}

// The waiting client at the front that really is one. Those that left by other ways are taken off here.
ClientConn* Worker::Impl::oldest_waiting() {
  while (ClientConn* client = context->waiting.front()) {
    if (client->is_open() && client->stream == nullptr) return client;
    client->waiting_hook.unlink();
  }
  return nullptr;
}

bool Worker::Impl::shed_oldest_waiting(Duration waited_least) {
  ClientConn* client = oldest_waiting();
  if (client == nullptr || context->now - client->idle_since < waited_least) return false;
  client->waiting_hook.unlink();
  client->makes_room = true;
  ++making_room;
  client->drain(*context, Farewell::close);
  count(*options.stats, Reason::shed_idle);
  return true;
}

uint64_t Worker::Impl::memory_limit_bytes() const {
  uint64_t limit = 0;
  for (uint32_t i = 0; i < kSizeClassCount; ++i) {
    limit += uint64_t{options.buffers.count[i]} * kSizeClassBytes[i];
  }
  if (context->published == nullptr) return limit;
  const wire::Protection* protection = context->published->snapshot->root().protection();
  if (protection == nullptr || protection->memory_bytes() == 0) return limit;
  const Published& published = *context->published;
  const auto workers = static_cast<uint64_t>(published.sockets.empty() ? 1 : published.sockets[0].size());
  return std::min(limit, protection->memory_bytes() / workers);
}

// The share of the limit, or of the largest buffers: whoever needs memory when smaller ones are gone takes
// those, and receives can use nothing else.
uint32_t Worker::Impl::memory_used_permille() const {
  const uint32_t lendable = buffers.total_count(SizeClass::k64KiB) - buffers.lent_count();
  return std::max(permille(buffers.held_bytes(), memory_limit_bytes()),
                  permille(buffers.held_count(SizeClass::k64KiB), lendable));
}

void Worker::Impl::enter_memory_level(MemoryLevel level) {
  const bool was_paused = memory_level == MemoryLevel::pause_accept;
  const bool is_paused = level == MemoryLevel::pause_accept;
  memory_level = level;
  memory_level_since = context->now;
  options.stats->memory_level.set(static_cast<uint64_t>(level));
  options.stats->memory_level_entered[static_cast<uint32_t>(level)].add(1);
  context->window_bytes = level == MemoryLevel::normal ? kWindowBytes : kSmallWindowBytes;
  if (was_paused == is_paused) return;
  for (uint32_t i = 0; i < listeners.constructed(); ++i) {
    Listener& listener = listeners.at(i);
    if (listener.in_use) is_paused ? listener.pause(*context) : listener.resume(*context);
  }
}

// The readers that hold the most and take nothing: their memory serves many others.
void Worker::Impl::reset_slow_readers() {
  const auto held_by = [this](uint32_t slot) -> uint64_t {
    ClientConn& client = clients.at(slot);
    const bool is_slow = client.is_open() && client.stream != nullptr && client.send_op.is_busy() &&
                         context->now - client.sending_since >= kSlowReader;
    return is_slow ? client.outbox.bytes() : 0;
  };
  uint64_t most = 0;
  for (uint32_t i = 0; i < clients.constructed(); ++i) most = std::max(most, held_by(i));
  uint32_t left = kShedAtOnce;
  for (uint32_t i = 0; most > 0 && left > 0 && i < clients.constructed(); ++i) {
    if (held_by(i) < most / 2 || held_by(i) == 0) continue;
    abort_stream(*context, *clients.at(i).stream, Reason::shed_slow, Farewell::reset);
    --left;
  }
}

// What is kept to repeat requests is the cheapest to give up. (Not while the next attempt connects: it has
// the body from nowhere else.)
void Worker::Impl::forget_replays() {
  for (uint32_t i = 0; i < clients.constructed(); ++i) {
    Stream* stream = clients.at(i).stream;
    if (stream == nullptr || stream->replay.is_empty() || stream->state == StreamState::connecting) continue;
    forget_replay(*context, *stream);
  }
}

void Worker::Impl::relieve_memory() {
  MemoryLevel level = next_level(memory_level, memory_used_permille());
  if (level < memory_level && context->now - memory_level_since < kSheddingPause) {
    look_again(memory_level_since + kSheddingPause);  // Down slowly: pausing and resuming costs, too.
    level = memory_level;
  }
  if (level != memory_level) enter_memory_level(level);
  if (level < MemoryLevel::shed_idle || context->now < next_shedding) return;
  next_shedding = context->now + kSheddingPause;
  forget_replays();
  for (uint32_t left = kShedAtOnce; left > 0 && shed_oldest_waiting(kYoung); --left) {
  }
  pool->close_oldest_idle(*context, kShedAtOnce);
  if (level == MemoryLevel::pause_accept) reset_slow_readers();
  look_again(next_shedding);
}

void Worker::Impl::relieve_crowd() {
  const uint32_t open = options.shelf->client_connections.load(std::memory_order_relaxed);
  for (uint32_t left = kShedAtOnce; left > 0; --left) {
    if (permille(open - std::min(open, making_room), client_connections_max()) < kCrowdedPermille) return;
    const ClientConn* client = oldest_waiting();
    if (client == nullptr) return;
    const Instant end = client->idle_since + kIdleWhenCrowded;
    if (end > context->now) {
      look_again(end);
      return;
    }
    shed_oldest_waiting(kIdleWhenCrowded);
  }
  look_again(context->now + TimerWheel::kTick);
}

void Worker::Impl::relieve_pressure() {
  if (context->descriptors_short) descriptors_ran_out();
  relieve_memory();
  relieve_crowd();
  if (trim_timer.is_set() || (!buffers.has_cold() && !ring->has_warm_lent())) return;
  wheel->set(trim_timer, context->now + kTrimInterval);
}

// One more client connection. At the limit another makes room for it: false when none can.
bool Worker::Impl::take_connection_place() {
  std::atomic<uint32_t>& open = options.shelf->client_connections;
  const uint32_t limit = client_connections_max();
  const uint32_t before = open.fetch_add(1, std::memory_order_relaxed);
  if (before < limit) return true;
  if (before < limit + kReplacedAtOnceMax && shed_oldest_waiting(Duration{})) return true;
  open.fetch_sub(1, std::memory_order_relaxed);
  return false;
}

void Worker::Impl::descriptors_ran_out() {
  context->descriptors_short = false;
  options.stats->descriptor_shortages.add(1);
  for (uint32_t left = kShedAtOnce; left > 0 && shed_oldest_waiting(kYoung); --left) {
  }
  pool->close_oldest_idle(*context, kShedAtOnce);
}

}  // namespace sluice::dataplane
