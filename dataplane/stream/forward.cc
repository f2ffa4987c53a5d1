// The request on its way: the head as built by route.cc, then the body as it arrives, at most one window
// ahead of the origin.
#include <algorithm>

#include "dataplane/stream/chunk_pump.h"
#include "dataplane/stream/context.h"

namespace sluice::dataplane {
namespace {

// Keeps what is about to move, so that an idempotent request can be repeated: large ranges by a second
// reference, small ones by copy, or a body that trickles in would pin a receive buffer per trickle.
void keep_for_replay(StreamContext& context, Stream& stream, uint64_t count) {
  if (!stream.replay_is_possible) return;
  const bool memory_is_short = context.window_bytes < kWindowBytes;
  if (!is_idempotent(stream.method) || memory_is_short || stream.replay.bytes() + count > kReplayBytesMax) {
    forget_replay(context, stream);
    return;
  }
  for (Segment* range = stream.client->inbox.front(); count > 0; range = range->next) {
    const auto length = static_cast<uint32_t>(std::min<uint64_t>(count, range->length));
    count -= length;
    if (length > kCoalesceBytesMax) {
      context.memory.buffers.add_reference(range->buffer);
      stream.replay.append(context.memory, range->buffer, range->data, length);
    } else if (!stream.replay.append_copy(context.memory, {range->data, length})) {
      forget_replay(context, stream);
      return;
    }
  }
}

void forward_length(StreamContext& context, Stream& stream) {
  ByteChain& inbox = stream.client->inbox;
  ByteChain& outbox = stream.origin->outbox;
  const uint64_t room = outbox.bytes() < context.window_bytes ? context.window_bytes - outbox.bytes() : 0;
  const uint64_t count = std::min({inbox.bytes(), stream.request_remaining, room});
  if (count == 0) return;
  keep_for_replay(context, stream, count);
  inbox.move_to(context.memory, outbox, count);
  stream.request_remaining -= count;
  stream.request_body_bytes += count;
  stream.request_complete = stream.request_remaining == 0;
}

// False: the stream took another turn (answered with an error).
bool forward_chunked(StreamContext& context, Stream& stream) {
  stream.replay_is_possible = false;
  uint64_t framing_bytes = 0;
  const ChunkPumpResult result =
      pump_chunks(context.memory, stream.request_chunks, stream.client->inbox, stream.origin->outbox, true,
                  context.window_bytes, framing_bytes);
  stream.request_body_bytes = stream.request_chunks.data_bytes();
  Reason reason = Reason::none;
  if (result == ChunkPumpResult::rejected) reason = stream.request_chunks.reason();
  if (result == ChunkPumpResult::out_of_memory) reason = Reason::out_of_memory;
  if (stream.request_body_bytes > stream.body_bytes_max) reason = Reason::body_too_large;
  if (reason == Reason::none) {
    stream.request_complete = result == ChunkPumpResult::end;
    return true;
  }
  if (stream.response_started) {  // Too late for another answer: what was promised cannot be finished.
    abort_stream(context, stream, reason, Farewell::close);
    return false;
  }
  release_origin(context, stream, OriginFate::reset);
  answer_error(context, stream, reason);
  return false;
}

}  // namespace

void forget_replay(StreamContext& context, Stream& stream) {
  stream.replay.clear(context.memory);
  stream.replay_is_possible = false;
}

void offer_request(StreamContext& context, Stream& stream) {
  OriginConn& origin = *stream.origin;
  BufferPool& buffers = context.memory.buffers;
  buffers.add_reference(stream.head_buffer);
  origin.outbox.append(context.memory, stream.head_buffer,
                       buffers.bytes(stream.head_buffer).data() + stream.head_offset, stream.head_length);
  for (Segment* range = stream.replay.front(); range != nullptr; range = range->next) {
    buffers.add_reference(range->buffer);
    origin.outbox.append(context.memory, range->buffer, range->data, range->length);
  }
  stream.offered_at = stream.origin_owes_since = context.now;
  stream.request_is_sent = false;
  stream.origin_head_scanned = 0;
  origin.want_input(context, 0, true);
}

bool forward_step(StreamContext& context, Stream& stream) {
  ClientConn& client = *stream.client;
  OriginConn& origin = *stream.origin;
  if (stream.request_complete) {
    // Stay armed: a reset ends the stream early, and a pipelined request may already come in.
    client.want_input(context, client.inbox.bytes(), true);
    return false;
  }
  const uint64_t before = client.inbox.bytes();
  if (stream.request_framing == BodyFraming::chunked) {
    if (!forward_chunked(context, stream)) return true;
  } else {
    forward_length(context, stream);
  }
  client.want_input(context, client.inbox.bytes() + origin.outbox.bytes(), true);
  return client.inbox.bytes() != before;
}

}  // namespace sluice::dataplane
