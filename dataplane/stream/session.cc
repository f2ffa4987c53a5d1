// What a client connection does between and during requests: one loop that looks at the facts and calls
// the step that fits, until nothing more can be done this tick.
#include <algorithm>

#include "dataplane/stream/context.h"
#include "dataplane/tunnel/relay.h"

namespace sluice::dataplane {
namespace {

bool relaying_step(StreamContext& context, Stream& stream) {
  ClientConn& client = *stream.client;
  OriginConn& origin = *stream.origin;
  if (client.timed_out) {  // The wheel's deadline is lazy: has anything moved since?
    client.timed_out = false;
    const Duration quiet = context.now - std::max(client.active_at, origin.active_at);
    if (quiet >= Duration::milliseconds(stream.timeouts.tunnel_idle())) {
      abort_stream(context, stream, Reason::tunnel_idle, Farewell::close);
      return false;
    }
  }
  switch (relay_step(context, client, origin)) {
    case RelayEnd::none:
      context.wheel.set(client.timer, std::max(client.active_at, origin.active_at) +
                                          Duration::milliseconds(stream.timeouts.tunnel_idle()));
      return false;
    case RelayEnd::finished:
      stream.response_complete = true;
      abort_stream(context, stream, Reason::none, Farewell::close);
      return false;
    case RelayEnd::client_failed:
      abort_stream(context, stream, Reason::client_reset, Farewell::reset);
      return false;
    case RelayEnd::origin_failed:
      abort_stream(context, stream, Reason::origin_reset, Farewell::reset);
      return false;
  }
  return false;
}

// Facts about the client that end the stream whatever state it is in. True: it is over.
bool client_is_gone(StreamContext& context, Stream& stream) {
  ClientConn& client = *stream.client;
  if (client.has_failed()) {
    abort_stream(context, stream, Reason::client_reset, Farewell::reset);
    return true;
  }
  if (stream.is_tunnel || !client.timed_out) return false;
  client.timed_out = false;
  return end_if_overdue(context, stream);
}

// One look at a running stream. False: nothing more to do this tick, or the stream is over.
bool stream_step(StreamContext& context, ClientConn& client) {
  Stream& stream = *client.stream;
  if (stream.state != StreamState::relaying && client_is_gone(context, stream)) return false;
  switch (stream.state) {
    case StreamState::authorizing:
      return authorizing_step(context, stream);
    case StreamState::connecting:
      return connecting_step(context, stream);
    case StreamState::exchanging:
    case StreamState::responding: {
      const bool forwarded = forward_step(context, stream);
      if (client.stream != &stream || stream.origin == nullptr) return client.stream != nullptr;
      // A FIN after a complete request is a half-close and the answer is still wanted; inside a request
      // body, with nothing left to forward, the request can never become complete.
      if (!forwarded && client.input_ended && !stream.request_complete &&
          stream.origin->outbox.bytes() < context.window_bytes) {
        abort_stream(context, stream, Reason::client_aborted, Farewell::close);
        return false;
      }
      const bool responded = respond_step(context, stream);
      return client.stream != nullptr && (forwarded || responded);
    }
    case StreamState::relaying:
      return relaying_step(context, stream);
    case StreamState::finishing:
      return finishing_step(context, stream);
    case StreamState::vacant:
      break;
  }
  CHECK(false);
  return false;
}

// No request in sight: wait for one, or say goodbye.
void wait_for_request(StreamContext& context, ClientConn& client) {
  if (client.input_ended || context.phase != Phase::serving || client.listener->index == UINT32_MAX) {
    client.drain(context, Farewell::close);
    return;
  }
  client.head_started = Instant::never();
  client.head_scanned = 0;
  const Duration patience = Duration::milliseconds([&] {
    if (context.published == nullptr) return 10'000u;
    const decide::Snapshot& snapshot = *context.published->snapshot;
    const wire::Timeouts& timeouts =
        snapshot.timeouts(snapshot.listeners()[client.listener->index].timeouts());
    // A connection that never sent a byte gets the head's time; one that did may rest longer.
    return client.requests == 0 ? timeouts.client_header() : timeouts.client_idle();
  }());
  if (client.timed_out) {
    client.timed_out = false;
    if (context.now - client.idle_since >= patience) {
      if (client.requests == 0) context.stats.reasons[static_cast<uint8_t>(Reason::no_request)].add(1);
      client.drain(context, Farewell::close);
      return;
    }
  }
  context.wheel.set(client.timer, client.idle_since + patience);
  client.want_input(context, 0, true);
}

}  // namespace

void advance_session(StreamContext& context, ClientConn& client) {
  bool look_again = true;
  while (look_again && client.is_open()) {
    if (client.stream != nullptr) {
      look_again = stream_step(context, client);
    } else if (client.has_failed()) {
      client.drain(context, Farewell::reset);
      return;
    } else if (client.inbox.is_empty()) {
      wait_for_request(context, client);
      return;
    } else {
      look_again = admit_next_request(context, client);
    }
  }
  if (!client.is_open() || client.stream == nullptr) return;
  Stream& stream = *client.stream;
  client.flush(context);
  if (stream.state == StreamState::relaying) return;
  if (stream.origin != nullptr && stream.state != StreamState::connecting) stream.origin->flush(context);
  watch_client(context, stream);
  watch_origin(context, stream);
}

void begin_tunnel(StreamContext& context, ClientConn& client) {
  // Accepted while its listener's accept was being cancelled: the configuration it belonged to is gone.
  if (context.published == nullptr || client.listener->index == UINT32_MAX) {
    client.drain(context, Farewell::reset);
    return;
  }
  const decide::Snapshot& snapshot = *context.published->snapshot;
  const wire::Listener& listener = snapshot.listeners()[client.listener->index];
  Stream* stream = begin_stream(context, client);
  if (stream == nullptr) {
    client.drain(context, Farewell::reset);
    return;
  }
  stream->is_tunnel = true;
  stream->keep_alive = false;
  stream->request_complete = true;
  pin_snapshot(context, *stream);
  stream->route = listener.route();
  const wire::Route& route = snapshot.routes()[stream->route];
  take_patience(*stream, snapshot.policy(route), snapshot.timeouts(snapshot.policy(route).timeouts()));
  stream->head_buffer = context.memory.buffers.take(512);  // For the names; without it they are not logged.
  keep_name(context, *stream, stream->route_name, snapshot.text(route.name()));
  if (!listener_admits(context, *stream) ||
      !route_admits(context, *stream, snapshot.policy(route).features()))
    return;
  choose_pool(context, *stream, nullptr);
  start_attempt(context, *stream);
}

}  // namespace sluice::dataplane
