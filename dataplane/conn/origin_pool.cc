#include "dataplane/conn/origin_pool.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace sluice::dataplane {
namespace {

void format_address(const sockaddr_storage& address, char (&text)[56]) {
  char ip[INET6_ADDRSTRLEN] = {};
  if (address.ss_family == AF_INET6) {
    const auto& v6 = reinterpret_cast<const sockaddr_in6&>(address);
    inet_ntop(AF_INET6, &v6.sin6_addr, ip, sizeof(ip));
    std::snprintf(text, sizeof(text), "[%s]:%u", ip, ntohs(v6.sin6_port));
  } else {
    const auto& v4 = reinterpret_cast<const sockaddr_in&>(address);
    inet_ntop(AF_INET, &v4.sin_addr, ip, sizeof(ip));
    std::snprintf(text, sizeof(text), "%s:%u", ip, ntohs(v4.sin_port));
  }
}

}  // namespace

OriginPool::~OriginPool() {
  for (auto& [id, endpoint] : endpoints_) CHECK(endpoint->open_count == 0 && endpoint->in_flight == 0);
}

Endpoint& OriginPool::endpoint(uint64_t peer_id, const sockaddr_storage& address) {
  std::unique_ptr<Endpoint>& entry = endpoints_[peer_id];
  if (entry == nullptr) {
    entry = std::make_unique<Endpoint>();
    entry->peer_id = peer_id;
    entry->address = address;
    format_address(address, entry->address_text);
  }
  return *entry;
}

const Endpoint* OriginPool::find(uint64_t peer_id) const {
  auto entry = endpoints_.find(peer_id);
  return entry == endpoints_.end() ? nullptr : entry->second.get();
}

OriginConn* OriginPool::take_idle(ConnContext& context, Endpoint& endpoint, Duration idle_age_max) {
  while (OriginConn* conn = endpoint.idle.front()) {
    // The list is ordered by age: when the warmest is too old, all are.
    if (context.now - conn->idle_since > idle_age_max) return nullptr;
    if (conn->input_ended || conn->has_failed() || !conn->inbox.is_empty() || conn->timed_out) {
      if (!conn->inbox.is_empty()) count_unasked();
      discard(context, *conn, Farewell::close);  // Its goodbye arrived in this very tick.
      continue;
    }
    conn->idle_hook.unlink();
    --endpoint.idle_count;
    --idle_count_;
    context.wheel.cancel(conn->timer);
    return conn;
  }
  return nullptr;
}

OriginConn* OriginPool::connect(ConnContext& context, Endpoint& endpoint, int32_t& error) {
  OriginConn* conn = slab_.take();
  if (conn == nullptr) {
    error = ENOMEM;
    return nullptr;
  }
  const int fd = context.ring.open_socket(endpoint.address.ss_family);
  if (fd < 0) {
    error = -fd;
    slab_.give_back(*conn);
    return nullptr;
  }
  conn->timer.owner_kind = static_cast<uint8_t>(OwnerKind::origin_conn);
  conn->timer.owner_slot = conn->slot;
  conn->state = ConnState::opening;
  conn->descriptor = fd;
  conn->active_at = context.now;
  conn->endpoint = &endpoint;
  ++endpoint.open_count;
  context.ring.connect(conn->token(OpKind::connect), conn->connect_op, fd, endpoint.address);
  return conn;
}

void OriginPool::park(ConnContext& context, OriginConn& conn, Duration idle_timeout) {
  CHECK(conn.is_open() && conn.inbox.is_empty() && conn.outbox.is_empty() && !conn.send_op.is_busy());
  CHECK(!conn.idle_hook.is_linked());
  conn.user = nullptr;
  conn.idle_since = context.now;
  conn.timed_out = false;
  ++conn.requests;
  // Below what the origin promised, so that its close and our next request seldom cross (one second for
  // the FIN's way); 10 % of jitter so that a burst of connections does not die in one tick.
  int64_t timeout = idle_timeout.nanoseconds;
  if (conn.keep_alive_seconds > 1) {
    timeout = std::min(timeout, Duration::seconds(conn.keep_alive_seconds - 1).nanoseconds);
  }
  timeout -= static_cast<int64_t>(rng_.below(static_cast<uint64_t>(timeout / 10) + 1));
  context.wheel.set(conn.timer, context.now + Duration{timeout});
  conn.want_input(context, 0, true);
  conn.endpoint->idle.push_front(conn);
  ++conn.endpoint->idle_count;
  ++idle_count_;
}

void OriginPool::discard(ConnContext& context, OriginConn& conn, Farewell how) {
  if (conn.idle_hook.is_linked()) {
    conn.idle_hook.unlink();
    --conn.endpoint->idle_count;
    --idle_count_;
  }
  conn.user = nullptr;
  conn.drain(context, how);
}

void OriginPool::recycle(OriginConn& conn) {
  CHECK(conn.endpoint->open_count > 0);
  --conn.endpoint->open_count;
  conn.endpoint = nullptr;
  conn.connected = false;
  conn.connect_error = 0;
  conn.requests = 0;
  conn.keep_alive_seconds = 0;
  conn.reset_for_reuse();
  slab_.give_back(conn);
}

void OriginPool::connect_failed(ConnContext& context, Endpoint& endpoint) {
  const uint32_t doublings = std::min(endpoint.failures_in_a_row, 5u);
  const Duration pause = std::min(kRefusedMin * (1 << doublings), kRefusedMax);
  ++endpoint.failures_in_a_row;
  endpoint.refused_until = context.now + pause;
}

void OriginPool::connect_succeeded(Endpoint& endpoint) {
  endpoint.failures_in_a_row = 0;
  endpoint.refused_until = Instant{};
}

void OriginPool::close_oldest_idle(ConnContext& context, uint32_t count) {
  if (idle_count_ == 0) return;
  for (auto& [id, endpoint] : endpoints_) {
    for (; count > 0 && !endpoint->idle.is_empty(); --count) {
      discard(context, *endpoint->idle.back(), Farewell::close);
    }
  }
}

void OriginPool::close_all_idle(ConnContext& context) {
  for (auto& [id, endpoint] : endpoints_) {
    while (OriginConn* conn = endpoint->idle.front()) discard(context, *conn, Farewell::close);
  }
}

}  // namespace sluice::dataplane
