// What the keeper left on the shelf: a newer snapshot or placement, another phase. Looked at once per tick.
#include <cstdio>
#include <cstring>

#include "dataplane/worker/worker_impl.h"

namespace sluice::dataplane {
namespace {

// Balance states of pools that are long gone cost memory only; forget them all when there are far more
// than pools (smooth round robin starts over, which nobody can notice).
constexpr std::size_t kBalanceStatesSlack = 4096;

}  // namespace

void Worker::Impl::look_at_shelf() {
  Shelf& shelf = *options.shelf;
  Shelf::WorkerSlot& slot = shelf.workers[options.index];
  const Published* published = shelf.snapshot.load(std::memory_order_acquire);
  if (published != nullptr && published->version != snapshot_version) {
    adopt(*published);
    pinned_mask = context->pins.mask();
    // Pins first, then the version: once the keeper sees the version, it may trust the pins.
    slot.pinned.store(pinned_mask, std::memory_order_release);
    slot.snapshot_seen.store(published->version, std::memory_order_release);
    settle_listeners();
  }
  const PublishedPlacement* placement = shelf.placement.load(std::memory_order_acquire);
  if (placement != nullptr && placement->version != placement_version) {
    placement_version = placement->version;
    context->placement = placement->placement.get();
    slot.placement_seen.store(placement->version, std::memory_order_release);
  }
  const Phase phase = shelf.phase.load(std::memory_order_acquire);
  if (phase == context->phase) return;
  const Phase before = context->phase;
  context->phase = phase;
  if (before == Phase::serving) begin_draining();
  if (phase == Phase::stopping) stop_everything();
}

void Worker::Impl::adopt(const Published& published) {
  context->published = &published;
  snapshot_version = published.version;
  options.stats->snapshot_generation.set(published.generation);
  for (uint32_t i = 0; i < listeners.constructed(); ++i) listeners.at(i).index = UINT32_MAX;
  for (uint32_t index = 0; index < published.sockets.size(); ++index) {
    adopt_listener(published, index, published.sockets[index][options.index]);
  }
  for (uint32_t i = 0; i < listeners.constructed(); ++i) {
    Listener& listener = listeners.at(i);
    if (listener.in_use && listener.index == UINT32_MAX && listener.wanted) listener.stop(*context);
  }
  // Connections of listeners that are gone end with their current answer; the idle ones now.
  for (uint32_t i = 0; i < clients.constructed(); ++i) {
    ClientConn& client = clients.at(i);
    if (client.is_open() && client.listener->index == UINT32_MAX) context->mark_ready(client);
  }
  pool->sweep(*context, [&](uint64_t peer_id) { return published.snapshot->has_peer(peer_id); });
  if (context->balance.size() > published.snapshot->pools().size() + kBalanceStatesSlack) {
    context->balance.clear();
  }
  if (context->splits.size() > published.snapshot->routes().size() + kBalanceStatesSlack) {
    context->splits.clear();
  }
}

void Worker::Impl::adopt_listener(const Published& published, uint32_t index, int descriptor) {
  const wire::Listener& wanted = published.snapshot->listeners()[index];
  Listener* listener = nullptr;
  for (uint32_t i = 0; i < listeners.constructed() && listener == nullptr; ++i) {
    Listener& candidate = listeners.at(i);
    const bool is_same = candidate.in_use && candidate.wanted && candidate.descriptor == descriptor &&
                         candidate.id == wanted.id();
    if (is_same) listener = &candidate;
  }
  if (listener == nullptr) {
    listener = listeners.take();
    CHECK_SOFT(listener != nullptr);  // The keeper bounds listeners well below the slab.
    if (listener == nullptr) return;
    listener->in_use = true;
    listener->descriptor = descriptor;
    listener->id = wanted.id();
    listener->timer.owner_kind = static_cast<uint8_t>(OwnerKind::listener);
    listener->timer.owner_slot = listener->slot;
  }
  const std::string_view name = published.snapshot->text(wanted.name());
  listener->name_length = static_cast<uint8_t>(std::min(name.size(), sizeof(listener->name)));
  std::memcpy(listener->name, name.data(), listener->name_length);
  listener->index = index;
  listener->wanted = context->phase == Phase::serving;
  listener->paused = memory_level == MemoryLevel::pause_accept;
  listener->is_tunnel = wanted.protocol() == wire::Protocol::tcp;
  listener->stats_slot = published.listener_stats_slots[index];
  std::snprintf(listener->port_text, sizeof(listener->port_text), "%u", wanted.address().port());
  listener->arm(*context);
}

// Frees listeners that nothing refers to any more, and tells the keeper once no accept of a removed one can
// still deliver a descriptor.
void Worker::Impl::settle_listeners() {
  bool all_settled = true;
  for (uint32_t i = 0; i < listeners.constructed(); ++i) {
    Listener& listener = listeners.at(i);
    if (!listener.in_use || listener.wanted) continue;
    if (!listener.is_settled()) {
      all_settled = false;
      continue;
    }
    listener.descriptor = -1;
    if (listener.connections > 0) continue;
    wheel->cancel(listener.timer);
    listener.in_use = false;
    listener.index = UINT32_MAX;
    listeners.give_back(listener);
  }
  if (!all_settled) return;
  settled_version = snapshot_version;
  options.shelf->workers[options.index].listeners_settled.store(settled_version, std::memory_order_release);
}

void Worker::Impl::begin_draining() {
  for (uint32_t i = 0; i < listeners.constructed(); ++i) {
    Listener& listener = listeners.at(i);
    if (listener.in_use) listener.stop(*context);
  }
  settled_version = UINT64_MAX;  // Not settled until the accepts have ended.
  settle_listeners();
  pool->close_all_idle(*context);
  for (uint32_t i = 0; i < clients.constructed(); ++i) {
    ClientConn& client = clients.at(i);
    if (!client.is_open()) continue;
    if (client.stream != nullptr)
      client.stream->keep_alive = client.stream->response_started && client.stream->keep_alive;
    context->mark_ready(client);
  }
}

void Worker::Impl::stop_everything() {
  const auto cut = [this](Conn& conn) {
    if (conn.state != ConnState::draining) return;
    conn.farewell = Farewell::reset;
    conn.timed_out = true;
    conn.drain_step(*context);
  };
  for (uint32_t i = 0; i < clients.constructed(); ++i) {
    ClientConn& client = clients.at(i);
    if (client.is_open() && client.stream != nullptr) {
      abort_stream(*context, *client.stream, Reason::drain_deadline, Farewell::reset);
    } else if (client.is_open()) {
      client.drain(*context, Farewell::reset);
    }
    cut(client);
  }
  pool->close_all_idle(*context);
  for (uint32_t i = 0; i < origins.constructed(); ++i) cut(origins.at(i));
}

}  // namespace sluice::dataplane
