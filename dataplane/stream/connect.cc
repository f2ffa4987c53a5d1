// A connection for the next attempt: a warm one from the pool, or a new one to the member the policy picks.
#include <netinet/in.h>

#include <cerrno>
#include <cstring>

#include "dataplane/stream/context.h"

namespace sluice::dataplane {
namespace {

// A request that cannot be repeated goes out only on a connection used this recently: its origin has had
// no time to tire of it (dataplane-notes section 6).
constexpr Duration kUnrepeatableIdleAgeMax = Duration::seconds(5);

sockaddr_storage socket_address(const wire::Address& address) {
  sockaddr_storage storage{};
  if (address.family() == 6) {
    auto& v6 = reinterpret_cast<sockaddr_in6&>(storage);
    v6.sin6_family = AF_INET6;
    v6.sin6_port = htons(address.port());
    std::memcpy(&v6.sin6_addr, address.ip()->data(), 16);
  } else {
    auto& v4 = reinterpret_cast<sockaddr_in&>(storage);
    v4.sin_family = AF_INET;
    v4.sin_port = htons(address.port());
    std::memcpy(&v4.sin_addr, address.ip()->data(), 4);
  }
  return storage;
}

struct PickView {
  const StreamContext& context;
  const Stream& stream;
  bool accept_refused;  // Second look: better a member that refused a moment ago than none.
};

uint32_t weight_percent(void* opaque, const wire::Peer& peer) {
  const PickView& view = *static_cast<const PickView*>(opaque);
  for (uint32_t i = 0; i < view.stream.tried_count; ++i) {
    if (view.stream.tried[i] == peer.id()) return 0;
  }
  if (!view.accept_refused) {
    const Endpoint* endpoint = view.context.pool.find(peer.id());
    if (endpoint != nullptr && endpoint->refused_until > view.context.now) return 0;
  }
  if (view.context.placement == nullptr) return 100;
  const wire::PeerPlacement* placed = view.context.placement->find(peer.id());
  if (placed == nullptr) return 100;
  return placed->use() == wire::PeerUse::usable ? placed->weight_percent() : 0;
}

uint32_t in_flight(void* opaque, const wire::Peer& peer) {
  const Endpoint* endpoint = static_cast<const PickView*>(opaque)->context.pool.find(peer.id());
  return endpoint == nullptr ? 0 : endpoint->in_flight;
}

// Only policies that take turns remember anything, and only among several members: 100,000 pools of one
// must not cost an entry each.
decide::BalanceState& balance_state(StreamContext& context, const wire::Pool& pool) {
  const bool takes_turns =
      pool.mode() == wire::PoolMode::load_balancing && pool.member_count() > 1 &&
      (pool.policy() == wire::BalancePolicy::round_robin || pool.policy() == wire::BalancePolicy::least_conn);
  return takes_turns ? context.balance[pool.id()] : context.no_balance;
}

uint32_t pick(StreamContext& context, Stream& stream) {
  const decide::Snapshot& snapshot = *stream.published->snapshot;
  decide::BalanceState& state = balance_state(context, snapshot.pools()[stream.pool]);
  PickView view{context, stream, false};
  const decide::MemberFacts facts{&view, weight_percent, in_flight};
  if (stream.sticky.member != decide::kNone) {
    const wire::Member& named = snapshot.members(snapshot.pools()[stream.pool])[stream.sticky.member];
    if (named.weight() > 0 && weight_percent(&view, snapshot.peers()[named.peer()]) > 0) {
      return stream.sticky.member;
    }
  }
  uint32_t member = decide::pick_member(snapshot, stream.pool, state, facts, stream.client_hash, context.rng);
  if (member == decide::kNone) {
    view.accept_refused = true;
    member = decide::pick_member(snapshot, stream.pool, state, facts, stream.client_hash, context.rng);
  }
  return member;
}

void take_connection(Stream& stream, OriginConn& origin) {
  origin.user = stream.client;
  stream.origin = &origin;
  ++origin.endpoint->in_flight;
}

Reason connect_reason(int32_t error) {
  return error == ETIMEDOUT ? Reason::connect_timeout : Reason::connect_failed;
}

void origin_is_ready(StreamContext& context, Stream& stream) {
  context.wheel.cancel(stream.origin->timer);
  if (stream.is_tunnel) {
    stream.state = StreamState::relaying;
    stream.response_started = true;
    unpin_snapshot(context, stream);
    return;
  }
  stream.state = StreamState::exchanging;
  offer_request(context, stream);
}

}  // namespace

void start_attempt(StreamContext& context, Stream& stream) {
  PoolStats& pool_stats = context.stats.pools[stream.pool_stats_slot];
  const uint32_t member = pick(context, stream);
  if (member == decide::kNone || stream.tried_count == kTriedMax) {
    answer_pool_outage(context, stream);
    return;
  }
  stream.member = member;
  const decide::Snapshot& snapshot = *stream.published->snapshot;
  const wire::Peer& peer = snapshot.peers()[snapshot.members(snapshot.pools()[stream.pool])[member].peer()];
  Endpoint& endpoint = context.pool.endpoint(peer.id(), socket_address(peer.address()));
  stream.tried[stream.tried_count++] = peer.id();
  ++stream.attempts;
  pool_stats.attempts.add(1);
  pool_stats.in_flight.add(1);
  std::memcpy(stream.origin_text, endpoint.address_text, sizeof(stream.origin_text));

  stream.origin_is_private = snapshot.send_proxy_protocol(stream.pool) != wire::ProxyProtocol::off;
  const bool may_reuse = !stream.fresh_connection_only && !stream.is_tunnel && !stream.origin_is_private;
  const Duration age_max = is_idempotent(stream.method) ? Duration::max() : kUnrepeatableIdleAgeMax;
  OriginConn* origin = may_reuse ? context.pool.take_idle(context, endpoint, age_max) : nullptr;
  if (origin != nullptr) {
    pool_stats.connections_reused.add(1);
    take_connection(stream, *origin);
    origin_is_ready(context, stream);
    return;
  }
  int32_t error = 0;
  origin = context.pool.connect(context, endpoint, error);
  if (origin == nullptr) {
    pool_stats.in_flight.subtract(1);
    context.descriptors_short = true;
    answer_error(context, stream, Reason::out_of_descriptors, 1);
    return;
  }
  pool_stats.connects.add(1);
  take_connection(stream, *origin);
  stream.state = StreamState::connecting;
  context.wheel.set(origin->timer, context.now + Duration::milliseconds(stream.timeouts.connect()));
}

bool connecting_step(StreamContext& context, Stream& stream) {
  OriginConn& origin = *stream.origin;
  if (origin.connected) {
    context.pool.connect_succeeded(*origin.endpoint);
    origin.timed_out = false;
    if (!announce_client(context, stream)) {
      release_origin(context, stream, OriginFate::reset);
      answer_error(context, stream, Reason::out_of_memory);
      return true;
    }
    origin_is_ready(context, stream);
    return true;
  }
  int32_t error = origin.connect_error;
  if (error == 0 && origin.timed_out) error = ETIMEDOUT;
  if (error == 0) return false;
  context.stats.pools[stream.pool_stats_slot].connect_failures.add(1);
  context.pool.connect_failed(context, *origin.endpoint);
  release_origin(context, stream, OriginFate::reset);
  attempt_failed(context, stream, connect_reason(error));
  return true;
}

void release_origin(StreamContext& context, Stream& stream, OriginFate fate) {
  OriginConn* origin = stream.origin;
  if (origin == nullptr) return;
  stream.origin = nullptr;
  CHECK(origin->endpoint->in_flight > 0);
  --origin->endpoint->in_flight;
  context.stats.pools[stream.pool_stats_slot].in_flight.subtract(1);
  if (fate == OriginFate::reuse && !origin->inbox.is_empty()) context.pool.count_unasked();
  const Published* current = context.published;
  const bool is_clean = origin->is_open() && origin->inbox.is_empty() && origin->outbox.is_empty() &&
                        !origin->send_op.is_busy() && !origin->input_ended && !origin->has_failed();
  if (fate == OriginFate::reuse && is_clean && !stream.origin_is_private && context.phase == Phase::serving &&
      current != nullptr && current->snapshot->has_peer(origin->endpoint->peer_id)) {
    context.pool.park(context, *origin, Duration::milliseconds(stream.timeouts.origin_idle()));
  } else {
    context.pool.discard(context, *origin, fate == OriginFate::reset ? Farewell::reset : Farewell::close);
  }
}

}  // namespace sluice::dataplane
