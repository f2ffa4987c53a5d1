// Completions to their owners: facts are recorded, nothing is decided. The only switch on owner and op.
#include <cerrno>

#include "dataplane/conn/socket_address.h"
#include "dataplane/worker/worker_impl.h"

namespace sluice::dataplane {

Conn* Worker::Impl::find_conn(const OpToken& token) {
  if (token.owner == OwnerKind::client_conn) return clients.find(token.slot, token.generation);
  if (token.owner == OwnerKind::origin_conn) return origins.find(token.slot, token.generation);
  return nullptr;
}

void Worker::Impl::dispatch(const Completion& completion) {
  switch (completion.token.owner) {
    case OwnerKind::worker:
      if (!completion.more_to_come) {
        wake_op.finish();
        ring->arm_wake(completion.token, wake_op);
      }
      return;
    case OwnerKind::listener:
      on_listener(completion);
      return;
    case OwnerKind::client_conn:
    case OwnerKind::origin_conn:
      if (Conn* conn = find_conn(completion.token); conn != nullptr) {
        on_conn(*conn, completion);
      } else {
        settle_stale(completion);
      }
      return;
    default:
      settle_stale(completion);
  }
}

// A completion for a life that is over cannot happen while every op is waited for; if it does, what it
// carries must still come home.
void Worker::Impl::settle_stale(const Completion& completion) {
  CHECK_SOFT(!"completion for an object that is gone");
  options.stats->stale_completions.add(1);
  if (completion.buffer != kNoBuffer) buffers.release(completion.buffer);
  if (completion.token.kind == OpKind::accept && completion.result >= 0) ring->close(completion.result);
}

void Worker::Impl::on_listener(const Completion& completion) {
  Listener* listener = listeners.find(completion.token.slot, completion.token.generation);
  if (listener == nullptr) {
    settle_stale(completion);
    return;
  }
  if (completion.token.kind == OpKind::cancel) {
    listener->cancel_op.finish();
    // The cancel may have missed an accept that was just being retried: ask again.
    if ((!listener->wanted || listener->paused) && listener->accept_op.is_busy()) {
      wheel->set(listener->timer, context->now + Duration::milliseconds(20));
    }
    return;
  }
  if (!completion.more_to_come) listener->accept_op.finish();
  if (completion.result >= 0) {
    on_accept(*listener, completion.result);
  } else if (completion.result != -ECANCELED) {
    options.stats->accept_errors.add(1);
    const bool is_passing = completion.result == -ECONNABORTED || completion.result == -EINTR;
    if (completion.result == -EMFILE || completion.result == -ENFILE) descriptors_ran_out();
    if (!is_passing && listener->wanted) wheel->set(listener->timer, context->now + kAcceptRetryDelay);
  }
  listener->arm(*context);
}

uint32_t Worker::Impl::client_connections_max() const {
  const uint32_t limit =
      context->published == nullptr ? 0 : context->published->snapshot->root().limits()->connections();
  return limit == 0 ? options.client_connections_max : std::min(options.client_connections_max, limit);
}

// True when the address is below connections_per_ip, and now counted under `key` (0: nothing to count).
bool Worker::Impl::count_address(const IpAddress& address, uint64_t& key) {
  key = 0;
  const uint32_t limit =
      context->published == nullptr ? 0 : context->published->snapshot->root().limits()->connections_per_ip();
  if (limit == 0) return true;
  const uint64_t wanted = address_key(address);
  const uint32_t open = options.shelf->address_counts.enter(wanted);
  if (open > limit) {
    options.shelf->address_counts.leave(wanted);
    return false;
  }
  if (open > 0) key = wanted;
  return true;
}

// What a new connection must begin with. Its address is still the proxy's own.
ProxyHeaderState Worker::Impl::proxy_header_of(const Listener& listener, const IpAddress& peer) const {
  if (context->published == nullptr || listener.index == UINT32_MAX) return ProxyHeaderState::none;
  const decide::ListenerRules& rules = context->published->snapshot->listener_rules(listener.index);
  if (!rules.wants_proxy_header) return ProxyHeaderState::none;
  if (any_contains(rules.proxy_header_from, peer)) return ProxyHeaderState::awaited;
  return rules.serves_others ? ProxyHeaderState::none : ProxyHeaderState::refused;
}

void Worker::Impl::refuse_connection(int descriptor, Reason reason) {
  options.stats->reasons[static_cast<uint8_t>(reason)].add(1);
  ring->close_with_reset(descriptor);
}

void Worker::Impl::on_accept(Listener& listener, int descriptor) {
  ListenerStats& stats = options.stats->listeners[listener.stats_slot];
  const sockaddr_storage address = ring->peer_address(descriptor);
  if (address.ss_family == AF_UNSPEC) {
    // Reset before we came to it. What it sent can still be read, but nobody waits for an answer, and without
    // an address every rule about addresses would be passed by.
    refuse_connection(descriptor, Reason::client_reset);
    return;
  }
  uint64_t key = 0;
  if (!count_address(ip_of(address), key)) {
    refuse_connection(descriptor, Reason::address_limit);
    return;
  }
  if (!take_connection_place()) {
    if (key != 0) options.shelf->address_counts.leave(key);
    refuse_connection(descriptor, Reason::too_many_connections);
    return;
  }
  ClientConn* client = clients.take();
  CHECK(client != nullptr);  // There are slots for every place.
  client->address_key = key;
  stats.connections_accepted.add(1);
  stats.connections_open.add(1);
  ++listener.connections;
  client->listener = &listener;
  client->timer.owner_kind = static_cast<uint8_t>(OwnerKind::client_conn);
  client->timer.owner_slot = client->slot;
  client->open(*context, descriptor);
  client->idle_since = context->now;
  context->waiting.push_back(*client);
  client->set_peer(ip_of(address), port_of(address));
  client->proxy_header = proxy_header_of(listener, client->peer);
  context->mark_ready(*client);
}

void Worker::Impl::on_connect(OriginConn& origin, const Completion& completion) {
  origin.connect_op.finish();
  if (origin.state != ConnState::opening) return;  // Given up meanwhile; drain_step() takes it from here.
  if (completion.result == 0) {
    origin.connected = true;
    origin.open(*context, origin.descriptor);
  } else {
    origin.connect_error = -completion.result;
  }
}

void Worker::Impl::on_conn(Conn& conn, const Completion& completion) {
  switch (completion.token.kind) {
    case OpKind::receive:
      conn.on_receive(*context, completion);
      break;
    case OpKind::send:
      conn.on_send(*context, completion);
      break;
    case OpKind::connect:
      on_connect(static_cast<OriginConn&>(conn), completion);
      break;
    case OpKind::cancel:
      conn.on_cancel(*context);
      break;
    default:
      settle_stale(completion);
      return;
  }
  if (conn.state == ConnState::draining) {
    conn.drain_step(*context);
  } else if (!conn.place_hook.is_linked()) {  // Starved ones wait for buffers.
    context->mark_ready(conn);
  }
}

void Worker::Impl::on_timer(TimerNode& node) {
  switch (static_cast<OwnerKind>(node.owner_kind)) {
    case OwnerKind::listener: {
      Listener& listener = listeners.at(node.owner_slot);
      if (listener.wanted && !listener.paused) {
        listener.arm(*context);
      } else if (listener.in_use) {
        listener.cancel_accept(*context);
      }
      return;
    }
    case OwnerKind::client_conn:
      clients.at(node.owner_slot).on_timer(*context);
      return;
    case OwnerKind::origin_conn:
      origins.at(node.owner_slot).on_timer(*context);
      return;
    case OwnerKind::worker:  // A look at the pressure follows in every tick; this one was asked for.
      if (&node != &trim_timer) return;
      buffers.trim(kTrimmedAtOnce);
      ring->trim_lent();
      return;
    default:
      CHECK(false);
  }
}

}  // namespace sluice::dataplane
