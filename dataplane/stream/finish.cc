// The beginning and the end of a stream's life: the slot, the books, the log line, and what becomes of the
// client's connection.
#include <algorithm>
#include <memory>
#include <new>

#include "dataplane/stream/context.h"

namespace sluice::dataplane {
namespace {

void write_log(StreamContext& context, Stream& stream, uint64_t body_bytes) {
  if (context.access_log == nullptr) return;
  const ClientConn& client = *stream.client;
  AccessRecord record;
  record.wall_clock_nanoseconds = stream.wall_clock_nanoseconds;
  record.duration_microseconds = static_cast<uint64_t>((context.now - stream.started).in_microseconds());
  record.origin_microseconds = static_cast<uint64_t>(stream.origin_time.in_microseconds());
  record.bytes_received = client.bytes_received - stream.client_received_before;
  record.body_bytes_sent = body_bytes;
  record.status = stream.status != 0 ? stream.status : describe(stream.reason).status;
  record.attempts = static_cast<uint16_t>(stream.attempts);
  record.reason = stream.reason;
  record.client_address = stream.client_text;
  record.request_line = kept(context, stream, stream.request_line);
  record.host = kept(context, stream, stream.host);
  record.referer = kept(context, stream, stream.referer);
  record.user = kept(context, stream, stream.user);
  record.user_agent = kept(context, stream, stream.user_agent);
  record.request_id = kept(context, stream, stream.request_id);
  record.origin = stream.origin_text;
  record.route = kept(context, stream, stream.route_name);
  record.pool = kept(context, stream, stream.pool_name);
  record.listener = {client.listener->name, client.listener->name_length};
  if (!context.access_log->push(record)) context.stats.access_log_dropped.add(1);
}

// What the client's connection was given since the stream began, without heads and framing.
uint64_t body_bytes_sent(const Stream& stream) {
  const ClientConn& client = *stream.client;
  const uint64_t sent = client.bytes_sent - stream.client_bytes_before;
  return sent > stream.response_head_bytes ? sent - stream.response_head_bytes : 0;
}

void settle(StreamContext& context, Stream& stream) {
  ClientConn& client = *stream.client;
  const uint64_t body_bytes = body_bytes_sent(stream);
  ListenerStats& listener = context.stats.listeners[stream.listener_stats_slot];
  listener.requests_in_flight.subtract(1);
  listener.responses[std::min(stream.status / 100, 5)].add(1);
  listener.bytes_received.add(client.bytes_received - stream.client_received_before);
  listener.bytes_sent.add(client.bytes_sent - stream.client_bytes_before);
  listener.latency.record(static_cast<uint64_t>((context.now - stream.started).in_microseconds()));
  context.stats.reasons[static_cast<uint8_t>(stream.reason)].add(1);
  write_log(context, stream, body_bytes);
  unpin_snapshot(context, stream);
  stream.replay.clear(context.memory);
  if (stream.head_buffer != kNoBuffer) context.memory.buffers.release(stream.head_buffer);
  client.stream = nullptr;
  // A fresh object for the next life; slot and generation go on.
  const uint32_t slot = stream.slot;
  const uint32_t generation = stream.generation;
  stream.~Stream();
  new (&stream) Stream();
  stream.slot = slot;
  stream.generation = generation;
  context.streams.give_back(stream);
}

// Until a route says otherwise: what the listener and the defaults say, so that an answer of our own has its
// time to leave.
void take_patience_before_routing(const StreamContext& context, Stream& stream) {
  constexpr uint32_t kBeforeTheFirstSnapshot = 10'000;
  const uint32_t listener = stream.client->listener->index;
  if (context.published == nullptr || listener == UINT32_MAX) {
    stream.client_write = Duration::milliseconds(kBeforeTheFirstSnapshot);
    stream.timeouts = {kBeforeTheFirstSnapshot, kBeforeTheFirstSnapshot, kBeforeTheFirstSnapshot,
                       kBeforeTheFirstSnapshot, kBeforeTheFirstSnapshot, kBeforeTheFirstSnapshot,
                       kBeforeTheFirstSnapshot};
    return;
  }
  const decide::Snapshot& snapshot = *context.published->snapshot;
  take_patience(stream, *snapshot.root().policies()->Get(0),
                snapshot.timeouts(snapshot.listeners()[listener].timeouts()));
}

}  // namespace

Stream* begin_stream(StreamContext& context, ClientConn& client) {
  Stream* stream = context.streams.take();
  if (stream == nullptr) return nullptr;
  stream->client = &client;
  client.stream = stream;
  if (client.waiting_hook.is_linked()) client.waiting_hook.unlink();
  stream->client_address = client.peer;
  stream->client_text = client.peer_text();
  stream->state = StreamState::finishing;  // Until a step says otherwise.
  take_patience_before_routing(context, *stream);
  stream->listener_stats_slot = client.listener->stats_slot;
  stream->started = client.head_started.is_never() ? context.now : client.head_started;
  stream->wall_clock_nanoseconds =
      context.ring.wall_clock_nanoseconds() - (context.now - stream->started).nanoseconds;
  stream->client_bytes_before = client.bytes_sent;
  // The head that began this stream is already in the inbox; count from its first byte.
  stream->client_received_before =
      client.bytes_received - std::min(client.bytes_received, client.inbox.bytes());
  ListenerStats& listener = context.stats.listeners[stream->listener_stats_slot];
  listener.requests.add(1);
  listener.requests_in_flight.add(1);
  return stream;
}

bool finishing_step(StreamContext& context, Stream& stream) {
  ClientConn& client = *stream.client;
  if (!client.outbox.is_empty()) {
    client.flush(context);
    client.want_input(context, client.inbox.bytes(), true);  // A reset while we write ends the waiting.
    return false;
  }
  const bool keep_alive = stream.keep_alive && client.is_open() && !client.has_failed();
  settle(context, stream);
  context.wheel.cancel(client.timer);
  client.timed_out = false;
  client.idle_since = context.now;
  if (!keep_alive) {
    client.drain(context, Farewell::linger);
    return false;
  }
  context.waiting.push_back(client);
  return true;
}

void abort_stream(StreamContext& context, Stream& stream, Reason reason, Farewell farewell) {
  ClientConn& client = *stream.client;
  if (stream.reason == Reason::none) stream.reason = reason;
  release_origin(context, stream, farewell == Farewell::reset ? OriginFate::reset : OriginFate::close);
  settle(context, stream);
  if (client.is_open()) client.drain(context, farewell);
}

}  // namespace sluice::dataplane
