// The answer on its way: the final head re-serialised, then the body, at most one window ahead of the client.
// A body that ends too early must never look complete. Heads before the final one are interim.cc's.
#include <algorithm>
#include <cstdio>
#include <cstring>

#include "dataplane/stream/chunk_pump.h"
#include "dataplane/stream/context.h"
#include "dataplane/stream/header_edits.h"
#include "dataplane/stream/sticky.h"

namespace sluice::dataplane {

const wire::Policy& policy_of(const Stream& stream) {
  const decide::Snapshot& snapshot = *stream.published->snapshot;
  return snapshot.policy(snapshot.routes()[stream.route]);
}

bool queue_response_head(StreamContext& context, Stream& stream, const ResponseHead& head,
                         const ForwardResponse& forward) {
  ByteChain& inbox = stream.origin->inbox;
  if (forward_response_bytes_max(head, forward) > context.scratch.size()) return false;
  const uint32_t length = write_forward_response(head, forward, context.scratch.data());
  stream.response_head_bytes += length;
  Segment* front = inbox.front();
  BufferPool& buffers = context.memory.buffers;
  const auto room =
      static_cast<uint64_t>(front->data + head.head_bytes - buffers.bytes(front->buffer).data());
  if (front->length >= head.head_bytes && buffers.references(front->buffer) == 1 && room >= length) {
    std::byte* place = front->data + head.head_bytes - length;
    std::memcpy(place, context.scratch.data(), length);
    const BufferId buffer = front->buffer;
    buffers.add_reference(buffer);
    inbox.consume(context.memory, head.head_bytes);
    stream.client->outbox.append(context.memory, buffer, place, length);
    return true;
  }
  inbox.consume(context.memory, head.head_bytes);
  return stream.client->outbox.append_copy(context.memory,
                                           std::as_bytes(std::span(context.scratch.data(), length)));
}

void fail_response(StreamContext& context, Stream& stream, Reason reason) {
  release_origin(context, stream, OriginFate::reset);
  answer_error(context, stream, reason);
}

namespace {

// How the body will leave, given how it comes and what the client understands.
void choose_shape(Stream& stream, const ResponseHead& head, ForwardResponse& forward) {
  stream.response_framing = head.framing;
  stream.shape = BodyShape::as_is;
  forward.framing = head.framing;
  forward.content_length = head.content_length;
  if (head.framing == BodyFraming::length) {
    stream.response_remaining = head.content_length;
  } else if (head.framing == BodyFraming::chunked) {
    stream.response_chunks.reset();
    if (stream.client_minor_version == 0) {
      stream.shape = BodyShape::strip_chunks;
      forward.framing = BodyFraming::until_close;
      stream.keep_alive = false;
    }
  } else if (head.framing == BodyFraming::until_close) {
    if (stream.client_minor_version == 0) {
      stream.keep_alive = false;
    } else {
      stream.shape = BodyShape::add_chunks;
      forward.framing = BodyFraming::chunked;
    }
  }
}

// The whole request has not been read. A refusal, or an answer that is already whole, says that the
// connection closes, so that the client stops sending; where a body of 2xx is still to come, the request may
// well end before it, and relay_body() looks again.
bool ends_the_upload(const Stream& stream, const ResponseHead& head) {
  if (stream.request_complete) return false;
  const bool is_whole =
      head.framing == BodyFraming::none || (head.framing == BodyFraming::length && head.content_length == 0);
  return is_whole || head.status >= 300 || stream.expects_continue;
}

bool begin_response(StreamContext& context, Stream& stream, const ResponseHead& head) {
  OriginConn& origin = *stream.origin;
  ForwardResponse forward;
  choose_shape(stream, head, forward);
  if (ends_the_upload(stream, head) || context.phase != Phase::serving || stream.client->input_ended) {
    stream.keep_alive = false;
  }
  forward.keep_alive = stream.keep_alive;
  forward.client_minor_version = stream.client_minor_version;
  forward.request_id = kept(context, stream, stream.request_id);
  forward.via = via_pseudonym(stream);
  HeaderEdits edits(policy_of(stream).response_headers());
  StickyAnswer sticky;
  sticky.add(context, stream, edits);
  forward.edits = edits.span();
  const bool origin_keep_alive = head.keep_alive && head.framing != BodyFraming::until_close;
  const uint16_t status = head.status;
  origin.keep_alive_seconds = head.keep_alive_timeout_seconds;
  if (!queue_response_head(context, stream, head, forward)) {
    fail_response(context, stream, Reason::out_of_memory);
    return true;
  }
  stream.status = status;
  stream.origin_reusable = origin_keep_alive;
  stream.response_started = true;
  stream.state = StreamState::responding;
  stream.origin_time = context.now - stream.offered_at;
  PoolStats& pool_stats = context.stats.pools[stream.pool_stats_slot];
  pool_stats.responses[std::min(status / 100, 5)].add(1);
  pool_stats.latency.record(static_cast<uint64_t>(stream.origin_time.in_microseconds()));
  // No retry from here on: the snapshot and the body kept for one may go.
  stream.replay.clear(context.memory);
  unpin_snapshot(context, stream);
  return true;
}

// `response` counts from the end of the request, or from a complete interim head. While the request is still
// leaving, an origin that takes it is not silent; once it has left, only a whole head counts: one that
// trickles in byte by byte would never be due.
void note_what_origin_owes(Stream& stream) {
  const OriginConn& origin = *stream.origin;
  const bool is_sent = stream.request_complete && origin.outbox.is_empty();
  if (!is_sent || !stream.request_is_sent || origin.inbox.is_empty()) {
    stream.origin_owes_since = std::max({origin.active_at, stream.offered_at, stream.origin_owes_since});
  }
  stream.request_is_sent = is_sent;
}

// The response head is due. True: something was decided.
bool await_head(StreamContext& context, Stream& stream) {
  OriginConn& origin = *stream.origin;
  note_what_origin_owes(stream);
  if (origin.inbox.is_empty()) {
    if (origin.receive_error != 0) {
      attempt_failed(context, stream, Reason::origin_reset);
      return true;
    }
    if (origin.input_ended) {
      attempt_failed(context, stream, Reason::origin_closed);
      return true;
    }
  } else {
    HeadLimits limits;
    limits.head_bytes =
        std::min(stream.published->snapshot->root().limits()->header_bytes(), kReceiveBytesMax - 1);
    limits.fields = kFieldCountMax;
    const uint64_t wanted = std::min<uint64_t>(origin.inbox.bytes(), limits.head_bytes + 1);
    std::span<std::byte> bytes = origin.inbox.make_contiguous(context.memory, wanted);
    if (bytes.empty()) {
      fail_response(context, stream, Reason::out_of_memory);
      return true;
    }
    Reason reason = Reason::none;
    ResponseHead& head = context.response_head;
    switch (parse_response_head({reinterpret_cast<const char*>(bytes.data()), bytes.size()}, limits,
                                stream.origin_head_scanned, stream.method, head, reason)) {
      case ParseResult::complete:
        stream.origin_head_scanned = 0;
        if (head.status == 101) return begin_upgrade(context, stream, head);
        if (head.status < 200) return forward_interim(context, stream, head);
        return begin_response(context, stream, head);
      case ParseResult::rejected:
        fail_response(context, stream, reason);
        return true;
      case ParseResult::need_more:
        if (origin.receive_error != 0 || origin.input_ended) {
          fail_response(context, stream, Reason::response_head_cut);
          return true;
        }
    }
  }
  if (origin.timed_out) {
    origin.timed_out = false;
    if (context.now - stream.origin_owes_since >= Duration::milliseconds(stream.timeouts.response())) {
      fail_response(context, stream, Reason::response_timeout);
      return true;
    }
  }
  origin.want_input(context, origin.inbox.bytes() + stream.client->outbox.bytes(), true);
  return false;
}

bool add_chunk(StreamContext& context, Stream& stream, uint64_t count) {
  char line[24];
  const int length = std::snprintf(line, sizeof(line), "%llx\r\n", static_cast<unsigned long long>(count));
  ByteChain& outbox = stream.client->outbox;
  if (!outbox.append_copy(context.memory, std::as_bytes(std::span(line, static_cast<size_t>(length))))) {
    return false;
  }
  stream.origin->inbox.move_to(context.memory, outbox, count);
  // Copied, not static: the next chunk can then follow in the same buffer instead of pinning its own.
  const std::span<const std::byte> line_end = std::as_bytes(std::span("\r\n", 2));
  if (!outbox.append_copy(context.memory, line_end)) outbox.append_static(context.memory, line_end);
  stream.response_head_bytes += static_cast<uint64_t>(length) + 2;
  return true;
}

enum class BodyProgress : uint8_t { waiting, complete, broken_chunk, out_of_memory };

BodyProgress move_body(StreamContext& context, Stream& stream) {
  OriginConn& origin = *stream.origin;
  ByteChain& outbox = stream.client->outbox;
  const uint64_t room = outbox.bytes() < context.window_bytes ? context.window_bytes - outbox.bytes() : 0;
  const uint64_t count = std::min(origin.inbox.bytes(), room);
  switch (stream.response_framing) {
    case BodyFraming::none:
      return BodyProgress::complete;
    case BodyFraming::length: {
      const uint64_t part = std::min(count, stream.response_remaining);
      if (part > 0) origin.inbox.move_to(context.memory, outbox, part);
      stream.response_remaining -= part;
      return stream.response_remaining == 0 ? BodyProgress::complete : BodyProgress::waiting;
    }
    case BodyFraming::chunked:
      switch (pump_chunks(context.memory, stream.response_chunks, origin.inbox, outbox,
                          stream.shape == BodyShape::as_is, context.window_bytes,
                          stream.response_head_bytes)) {
        case ChunkPumpResult::end:
          return BodyProgress::complete;
        case ChunkPumpResult::rejected:
          return BodyProgress::broken_chunk;
        case ChunkPumpResult::out_of_memory:
          return BodyProgress::out_of_memory;
        case ChunkPumpResult::moved_all:
        case ChunkPumpResult::window_full:
          return BodyProgress::waiting;
      }
      return BodyProgress::waiting;
    case BodyFraming::until_close:
      if (count > 0 && stream.shape == BodyShape::add_chunks) {
        if (!add_chunk(context, stream, count)) return BodyProgress::out_of_memory;
      } else if (count > 0) {
        origin.inbox.move_to(context.memory, outbox, count);
      }
      // A reset is not an end: only the origin's FIN completes a close-delimited body.
      if (!origin.input_ended || !origin.inbox.is_empty()) return BodyProgress::waiting;
      if (stream.shape == BodyShape::add_chunks) {
        outbox.append_static(context.memory, std::as_bytes(std::span("0\r\n\r\n", 5)));
        stream.response_head_bytes += 5;
      }
      return BodyProgress::complete;
  }
  return BodyProgress::waiting;
}

OriginFate fate_after_answer(const Stream& stream) {
  if (!stream.request_complete) return OriginFate::reset;  // It waits for bytes that will not come.
  return stream.origin_reusable ? OriginFate::reuse : OriginFate::close;
}

bool relay_body(StreamContext& context, Stream& stream) {
  OriginConn& origin = *stream.origin;
  const uint64_t before = origin.inbox.bytes();
  switch (move_body(context, stream)) {
    case BodyProgress::complete:
      stream.response_complete = true;
      if (!stream.request_complete) stream.keep_alive = false;
      release_origin(context, stream, fate_after_answer(stream));
      stream.state = StreamState::finishing;
      return true;
    case BodyProgress::broken_chunk:
      truncate_response(context, stream, Reason::bad_response_chunk);
      return true;
    case BodyProgress::out_of_memory:
      truncate_response(context, stream, Reason::out_of_memory);
      return true;
    case BodyProgress::waiting:
      break;
  }
  const bool window_is_full = stream.client->outbox.bytes() >= context.window_bytes;
  if ((origin.input_ended || origin.receive_error != 0) && !window_is_full) {
    truncate_response(context, stream, Reason::response_truncated);
    return true;
  }
  if (origin.timed_out) {
    origin.timed_out = false;
    if (context.now - origin.active_at >= Duration::milliseconds(stream.timeouts.response()) &&
        stream.client->outbox.bytes() < context.window_bytes / 2) {
      truncate_response(context, stream, Reason::response_timeout);
      return true;
    }
  }
  origin.want_input(context, origin.inbox.bytes() + stream.client->outbox.bytes(), false);
  return origin.inbox.bytes() != before;
}

}  // namespace

// With a length or chunks the client sees that the rest is missing; without either, only a reset tells.
void truncate_response(StreamContext& context, Stream& stream, Reason reason) {
  const bool end_is_marked =
      stream.shape == BodyShape::add_chunks ||
      (stream.shape == BodyShape::as_is && stream.response_framing != BodyFraming::until_close);
  abort_stream(context, stream, reason, end_is_marked ? Farewell::close : Farewell::reset);
}

bool respond_step(StreamContext& context, Stream& stream) {
  return stream.state == StreamState::exchanging ? await_head(context, stream) : relay_body(context, stream);
}

}  // namespace sluice::dataplane
