// Life and tick: facts, timers, decisions, frees, books.
#include "dataplane/worker/worker.h"

#include <algorithm>

#include "dataplane/worker/worker_impl.h"

namespace sluice::dataplane {
namespace {

constexpr uint32_t kListenersMax = 512;  // Current ones plus those whose connections live on.
constexpr std::size_t kScratchBytes = 256 * 1024;

}  // namespace

Worker::Impl::Impl(const WorkerOptions& wanted)
    : options(wanted),
      buffers(wanted.buffers),
      listeners(kListenersMax),
      clients(wanted.client_connections_max + kReplacedAtOnceMax),
      origins(wanted.origin_connections_max),
      streams(wanted.streams_max + kReplacedAtOnceMax),
      rng(wanted.seed),
      request_head(std::make_unique<RequestHead>()),
      response_head(std::make_unique<ResponseHead>()),
      scratch(kScratchBytes),
      auth_cache(std::make_unique<AuthCache>()) {
  for (TimerNode* timer : {&pressure_timer, &trim_timer}) {
    timer->owner_kind = static_cast<uint8_t>(OwnerKind::worker);
  }
}

Worker::Impl::~Impl() {
  if (wheel != nullptr) {
    wheel->cancel(pressure_timer);
    wheel->cancel(trim_timer);
  }
  context.reset();
  pool.reset();
  ring.reset();  // Before the buffers it lends: waits until the kernel holds nothing.
  if (wake_op.is_busy()) wake_op.finish();
}

std::expected<std::unique_ptr<Worker>, std::string> Worker::create(const WorkerOptions& options) {
  std::unique_ptr<Worker> worker(new Worker());
  worker->impl_ = std::make_unique<Impl>(options);
  Impl& impl = *worker->impl_;
  std::expected<std::unique_ptr<Ring>, std::string> ring = Ring::open(options.ring, impl.buffers);
  if (!ring) return std::unexpected(ring.error());
  impl.ring = std::move(*ring);
  impl.wheel = std::make_unique<TimerWheel>(impl.ring->now());
  impl.pool = std::make_unique<OriginPool>(impl.origins, impl.rng);
  impl.context.reset(new StreamContext{
      {*impl.ring, {impl.buffers, impl.segments}, *impl.wheel, {}, {}, {}, impl.ring->now()},
      impl.clients,
      impl.streams,
      *impl.pool,
      impl.rng,
      options.shelf->rates,
      *options.stats,
      options.access_log,
      *impl.request_head,
      *impl.response_head,
      impl.scratch});
  impl.context->passwords = options.passwords;
  impl.context->auth_cache = impl.auth_cache.get();
  if (options.passwords != nullptr) impl.context->auth_secret = options.passwords->secret();
  impl.ring->arm_wake({0, 0, OpKind::wake, OwnerKind::worker}, impl.wake_op);
  impl.look_at_shelf();
  return worker;
}

Worker::Worker() = default;
Worker::~Worker() = default;

void Worker::run() {
  while (impl_->run_tick()) {
  }
}

bool Worker::run_tick() {
  return impl_->run_tick();
}

void Worker::wake() {
  impl_->ring->wake();
}

bool Worker::Impl::run_tick() {
  if (is_drained()) {
    options.shelf->workers[options.index].drained.store(true, std::memory_order_release);
    publish_books();
    return false;
  }
  const Instant deadline = context->ready.is_empty() ? wheel->next_wakeup() : context->now;
  const std::span<const Completion> completions = ring->submit_and_wait(deadline);
  context->now = ring->now();
  look_at_shelf();
  for (const Completion& completion : completions) dispatch(completion);
  if (context->passwords != nullptr) collect_verdicts(*context);
  wheel->advance(context->now, [this](TimerNode& node) { on_timer(node); });
  wake_starved();
  decide_ready();
  relieve_pressure();
  reap();
  publish_books();
  return true;
}

void Worker::Impl::decide_ready() {
  // What becomes ready while deciding waits for the next tick: one look each, so that no connection can
  // hold the tick.
  ReadyList& ready = context->ready;
  for (uint32_t budget = clients.in_use() + origins.in_use() + 1; budget > 0; --budget) {
    Conn* conn = ready.pop_front();
    if (conn == nullptr) return;
    if (conn->state == ConnState::draining) {
      conn->drain_step(*context);
    } else if (conn->owner == OwnerKind::client_conn) {
      auto& client = static_cast<ClientConn&>(*conn);
      if (client.proxy_header != ProxyHeaderState::none && client.is_open() &&
          !take_proxy_header(*context, client)) {
        continue;
      }
      if (client.listener->is_tunnel && client.stream == nullptr && client.is_open()) {
        begin_tunnel(*context, client);
      }
      if (client.is_open()) advance_session(*context, client);
    } else if (auto& origin = static_cast<OriginConn&>(*conn); origin.user != nullptr) {
      advance_session(*context, *origin.user);
    } else if (origin.is_open()) {
      // Idle in the pool: any news but a full window is its goodbye.
      const bool is_quiet =
          origin.inbox.is_empty() && !origin.input_ended && !origin.has_failed() && !origin.timed_out;
      if (is_quiet) {
        origin.want_input(*context, 0, true);
      } else {
        if (!origin.inbox.is_empty()) pool->count_unasked();
        pool->discard(*context, origin, Farewell::close);
      }
    }
  }
}

void Worker::Impl::wake_starved() {
  uint32_t count = context->receive_buffers_left();
  for (count = std::min(count, 64u); count > 0; --count) {
    Conn* conn = context->starved.pop_front();
    if (conn == nullptr) return;
    context->mark_ready(*conn);
  }
}

void Worker::Impl::reap() {
  while (Conn* conn = context->vacated.pop_front()) {
    if (conn->owner == OwnerKind::origin_conn) {
      pool->recycle(static_cast<OriginConn&>(*conn));
      continue;
    }
    auto& client = static_cast<ClientConn&>(*conn);
    CHECK(client.stream == nullptr);
    --client.listener->connections;
    options.stats->listeners[client.listener->stats_slot].connections_open.subtract(1);
    client.listener = nullptr;
    if (client.waiting_hook.is_linked()) client.waiting_hook.unlink();
    options.shelf->client_connections.fetch_sub(1, std::memory_order_relaxed);
    if (client.makes_room) --making_room;
    client.makes_room = false;
    if (client.address_key != 0) options.shelf->address_counts.leave(client.address_key);
    client.address_key = 0;
    client.requests = 0;
    client.head_scanned = 0;
    client.head_started = Instant::never();
    client.set_peer({}, 0);
    client.proxy_header = ProxyHeaderState::none;
    client.destination = {};
    client.reset_for_reuse();
    clients.give_back(client);
  }
  if (settled_version != snapshot_version || context->phase != Phase::serving) settle_listeners();
}

void Worker::Impl::publish_books() {
  WorkerStats& stats = *options.stats;
  stats.ticks.add(1);
  const auto busy = static_cast<uint64_t>((ring->read_clock() - context->now).nanoseconds);
  stats.busy_nanoseconds.add(busy);
  if (busy > stats.tick_nanoseconds_max.get()) stats.tick_nanoseconds_max.set(busy);
  stats.soft_failures.set(soft_failure_count());
  stats.system_calls.set(ring->system_calls());
  stats.completion_overflows.set(ring->completion_overflows());
  stats.buffers_held_bytes.set(buffers.held_bytes());
  stats.memory_limit_bytes.set(memory_limit_bytes());
  stats.streams_open.set(streams.in_use());
  stats.client_connections.set(clients.in_use());
  stats.origin_connections.set(origins.in_use());
  stats.origin_connections_idle.set(pool->idle_count());
  stats.origin_unasked.set(pool->unasked_count());
  if (const uint64_t mask = context->pins.mask(); mask != pinned_mask) {
    pinned_mask = mask;
    options.shelf->workers[options.index].pinned.store(mask, std::memory_order_release);
  }
}

bool Worker::Impl::is_drained() const {
  return context->phase != Phase::serving && clients.in_use() == 0 && origins.in_use() == 0 &&
         streams.in_use() == 0 && settled_version == snapshot_version;
}

void Worker::check_invariants() const {
  const Impl& impl = *impl_;
  impl.buffers.check_invariants();
  auto& mutable_impl = const_cast<Impl&>(impl);
  uint32_t busy = impl.wake_op.is_busy() ? 1 : 0;
  const auto count_ops = [&busy](const Conn& conn) {
    busy += conn.receive_op.is_busy() + conn.send_op.is_busy() + conn.connect_op.is_busy() +
            conn.cancel_op.is_busy();
    CHECK(conn.state != ConnState::vacant || !conn.ops_in_flight());
  };
  for (uint32_t i = 0; i < impl.clients.constructed(); ++i) count_ops(mutable_impl.clients.at(i));
  for (uint32_t i = 0; i < impl.origins.constructed(); ++i) count_ops(mutable_impl.origins.at(i));
  for (uint32_t i = 0; i < impl.listeners.constructed(); ++i) {
    const Listener& listener = mutable_impl.listeners.at(i);
    busy += listener.accept_op.is_busy() + listener.cancel_op.is_busy();
  }
  CHECK(busy == impl.ring->ops_in_flight());  // D3
  uint64_t pinned = 0;
  for (uint32_t i = 0; i < impl.streams.constructed(); ++i) {
    const Stream& stream = mutable_impl.streams.at(i);
    if (stream.published != nullptr) ++pinned;
    CHECK(stream.state == StreamState::vacant || stream.client->stream == &stream);
    CHECK(stream.origin == nullptr || stream.origin->user == stream.client);
  }
  CHECK(pinned == impl.context->pins.total());
}

}  // namespace sluice::dataplane
