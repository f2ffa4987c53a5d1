// A head arrives: wait for all of it, parse it strictly, refuse it with a reason, or begin a stream.
#include <algorithm>
#include <cstring>

#include "dataplane/stream/context.h"

namespace sluice::dataplane {
namespace {

constexpr std::string_view kReservedPrefix = "/_sluice/";

HeadLimits limits_of(const StreamContext& context) {
  HeadLimits limits;
  if (context.published == nullptr) return limits;
  const wire::Limits* configured = context.published->snapshot->root().limits();
  limits.head_bytes = std::min(configured->header_bytes(), kReceiveBytesMax - 1);  // One buffer holds it.
  limits.fields = std::min(configured->header_fields(), kFieldCountMax);
  limits.uri_bytes = configured->uri_bytes();
  return limits;
}

// 32 hexadecimal digits, unique with the worker's seed.
void make_request_id(Rng& rng, char (&text)[32]) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (int half = 0; half < 2; ++half) {
    uint64_t bits = rng.next();
    for (int i = 0; i < 16; ++i, bits >>= 4) text[half * 16 + i] = kDigits[bits & 15];
  }
}

bool is_usable_request_id(std::string_view id) {
  if (id.empty() || id.size() > 128) return false;
  return std::all_of(id.begin(), id.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

KeptText keep(std::span<std::byte> buffer, uint32_t& offset, std::string_view text) {
  text.copy(reinterpret_cast<char*>(buffer.data()) + offset, text.size());
  const KeptText range{offset, static_cast<uint32_t>(text.size())};
  offset += range.length;
  return range;
}

// Copies what outlives the receive buffer: the access log's strings. `head_room` more bytes are left
// behind them for the head towards the origin. False: out of memory.
bool keep_texts(StreamContext& context, Stream& stream, std::string_view request_line,
                const RequestHead& head, std::string_view request_id, uint32_t head_room) {
  const std::size_t bytes = request_line.size() + head.host.size() + head.referer.size() +
                            head.user_agent.size() + head.upgrade.size() + request_id.size() + head_room;
  if (bytes > kSizeClassBytes[kSizeClassCount - 1]) return false;
  stream.head_buffer = context.memory.buffers.take(bytes);
  if (stream.head_buffer == kNoBuffer) return false;
  std::span<std::byte> buffer = context.memory.buffers.bytes(stream.head_buffer);
  uint32_t offset = 0;
  stream.request_line = keep(buffer, offset, request_line);
  stream.host = keep(buffer, offset, head.host);
  stream.referer = keep(buffer, offset, head.referer);
  stream.user_agent = keep(buffer, offset, head.user_agent);
  stream.request_id = keep(buffer, offset, request_id);
  stream.upgrade = keep(buffer, offset, head.upgrade);
  stream.head_offset = offset;
  return true;
}

std::string_view first_line(std::string_view bytes, std::size_t length_max) {
  const std::size_t end = bytes.find_first_of("\r\n");
  return bytes.substr(0, std::min(end == std::string_view::npos ? bytes.size() : end, length_max));
}

// The head cannot be served: one answer, then the connection closes, unparsed bytes and all (after a
// framing error nothing behind it can be trusted to be a request).
void refuse(StreamContext& context, ClientConn& client, Reason reason) {
  Stream* stream = begin_stream(context, client);
  if (stream == nullptr) {
    client.drain(context, Farewell::reset);
    return;
  }
  std::string_view received;
  if (Segment* front = client.inbox.front(); front != nullptr) {
    received = {reinterpret_cast<const char*>(front->data), front->length};
  }
  RequestHead& head = context.request_head;
  head.host = head.referer = head.user_agent = head.upgrade = {};
  char id[32];
  make_request_id(context.rng, id);
  stream->keep_alive = false;
  stream->request_complete = true;
  // Out of buffers: the answer below goes out without them or not at all.
  (void)keep_texts(context, *stream, first_line(received, 512), head, {id, sizeof(id)}, 0);
  client.inbox.clear(context.memory);
  answer_error(context, *stream, reason);
}

// The head is not complete. True when waiting ended (a deadline or the connection's end).
void wait_for_rest(StreamContext& context, ClientConn& client) {
  if (client.input_ended) {  // Cut off inside a head: there is nobody to answer a request that is not one.
    client.drain(context, Farewell::close);
    return;
  }
  uint32_t patience_milliseconds = 10'000;
  if (context.published != nullptr && client.listener->index != UINT32_MAX) {
    const decide::Snapshot& snapshot = *context.published->snapshot;
    patience_milliseconds =
        snapshot.timeouts(snapshot.listeners()[client.listener->index].timeouts()).client_header();
  }
  // Absolute: a byte now and then must not keep a slot for ever. From the first byte, and on a connection
  // that never brought a request from the accept, so that silence before it buys no time.
  const Instant since = client.requests == 0 ? client.idle_since : client.head_started;
  const Instant deadline = since + Duration::milliseconds(patience_milliseconds);
  if (context.now >= deadline) {
    client.timed_out = false;
    refuse(context, client, Reason::head_timeout);
    return;
  }
  client.timed_out = false;
  context.wheel.set(client.timer, deadline);
  // A head that comes in pieces must not keep the buffer it was received in: 64 KiB for a few bytes.
  client.inbox.compact(context.memory);
  client.want_input(context, 0, true);
}

void set_framing(Stream& stream, const RequestHead& head) {
  stream.request_framing = head.framing;
  stream.request_remaining = head.framing == BodyFraming::length ? head.content_length : 0;
  if (head.framing == BodyFraming::chunked) stream.request_chunks.reset();
  stream.request_complete =
      head.framing == BodyFraming::none || (head.framing == BodyFraming::length && head.content_length == 0);
}

void answer_health(StreamContext& context, Stream& stream, std::string_view path) {
  const bool is_ready = context.published != nullptr && context.phase == Phase::serving;
  if (path == "/_sluice/live") {
    answer_locally(context, stream, 200, "application/json", "{\"status\":\"live\"}\n", {}, 0,
                   Reason::health_page);
  } else if (path == "/_sluice/ready" && is_ready) {
    answer_locally(context, stream, 200, "application/json", "{\"status\":\"ready\"}\n", {}, 0,
                   Reason::health_page);
  } else if (path == "/_sluice/ready") {
    answer_locally(context, stream, 503, "application/json", "{\"status\":\"draining\"}\n", {}, 0,
                   context.phase == Phase::serving ? Reason::not_ready : Reason::draining);
  } else {
    answer_error(context, stream, Reason::no_route);
  }
}

// From here on the path is the one that is routed by and forwarded. Before the first snapshot, or on a
// listener that is gone, only the health pages are served: the defaults do.
Reason normalise_path(StreamContext& context, const ClientConn& client, RequestHead& head) {
  const bool has_rules = context.published != nullptr && client.listener->index != UINT32_MAX;
  const decide::PathPolicy policy =
      has_rules ? context.published->snapshot->listener_rules(client.listener->index).path
                : decide::PathPolicy{};
  // Its own quarter of the scratch memory: a rewrite (route.cc) reads it while writing the upper half.
  char* out = context.scratch.data() + context.scratch.size() / 4;
  const std::expected<std::string_view, Reason> path = decide::normal_path(head.path, policy, out);
  if (!path) return path.error();
  head.path = *path;
  return Reason::none;
}

void begin_request(StreamContext& context, ClientConn& client, std::string_view bytes) {
  RequestHead& head = context.request_head;
  Stream* stream = begin_stream(context, client);
  if (stream == nullptr) {
    client.drain(context, Farewell::reset);
    return;
  }
  client.requests++;
  stream->method = head.method;
  stream->client_minor_version = head.minor_version;
  stream->keep_alive = head.keep_alive && context.phase == Phase::serving &&
                       client.listener->index != UINT32_MAX && !client.input_ended;
  stream->expects_continue = head.expects_continue;
  stream->wants_upgrade = !head.upgrade.empty();
  set_framing(*stream, head);
  char generated[32];
  std::string_view request_id = head.request_id;
  if (!is_usable_request_id(request_id)) {
    make_request_id(context.rng, generated);
    request_id = {generated, sizeof(generated)};
  }
  const std::string_view line = first_line(bytes, bytes.size());
  // The head towards the origin: what came plus what we add; route_request() takes a bigger buffer in the
  // rare case that rewriting outgrows this.
  if (!keep_texts(context, *stream, line, head, request_id, head.head_bytes + 512)) {
    answer_error(context, *stream, Reason::out_of_memory);
    return;
  }
  identify_client(context, *stream, head);
  if (is_loop(context, client, head)) {
    answer_error(context, *stream, Reason::loop_detected);
    return;
  }
  if (const Reason reason = normalise_path(context, client, head); reason != Reason::none) {
    answer_error(context, *stream, reason);
    return;
  }
  if (head.path.starts_with(kReservedPrefix)) {
    answer_health(context, *stream, head.path);
    return;
  }
  if (context.published == nullptr || client.listener->index == UINT32_MAX) {
    answer_error(context, *stream, Reason::not_ready);
    return;
  }
  pin_snapshot(context, *stream);
  context.retry_budget.earn(context.published->snapshot->root().limits()->retry_budget_percent());
  if (within_address_rate(context, *stream)) route_request(context, *stream, head);
}

}  // namespace

bool admit_next_request(StreamContext& context, ClientConn& client) {
  if (client.head_started.is_never()) {
    client.head_started = context.now;
    client.head_scanned = 0;
  }
  const HeadLimits limits = limits_of(context);
  // One byte past the limit is enough for the parser to see that it was crossed.
  const uint64_t wanted = std::min<uint64_t>(client.inbox.bytes(), limits.head_bytes + 1);
  std::span<std::byte> contiguous = client.inbox.make_contiguous(context.memory, wanted);
  if (contiguous.empty()) {
    refuse(context, client, Reason::out_of_memory);
    return true;
  }
  const std::string_view bytes(reinterpret_cast<const char*>(contiguous.data()), contiguous.size());
  Reason reason = Reason::none;
  switch (parse_request_head(bytes, limits, client.head_scanned, context.request_head, reason)) {
    case ParseResult::need_more:
      wait_for_rest(context, client);
      return client.stream != nullptr;
    case ParseResult::rejected:
      refuse(context, client, reason);
      return true;
    case ParseResult::complete:
      break;
  }
  const uint32_t head_bytes = context.request_head.head_bytes;
  client.timed_out = false;
  context.wheel.cancel(client.timer);
  begin_request(context, client, bytes);
  if (client.is_open() && client.stream != nullptr) client.inbox.consume(context.memory, head_bytes);
  client.head_scanned = 0;
  client.head_started = Instant::never();
  return true;
}

}  // namespace sluice::dataplane
