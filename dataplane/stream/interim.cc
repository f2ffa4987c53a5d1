// Answers before the answer: 1xx heads on their way to the client, and the 101 that turns the stream into a
// relay. What an origin may send before it answers is bounded in number and in bytes: it costs the client's
// time, not ours, but somebody has to end it.
#include "dataplane/stream/context.h"
#include "dataplane/stream/header_edits.h"
#include "dataplane/stream/sticky.h"

namespace sluice::dataplane {
namespace {

constexpr uint16_t kContinue = 100;

// A request that is repeated may be told to continue once more; the client was told already, and a second
// 100 would be an answer to a question it did not ask.
bool is_repeated_continue(const Stream& stream, const ResponseHead& head) {
  return head.status == kContinue && stream.continued_by != 0 && stream.continued_by != stream.attempts;
}

}  // namespace

bool forward_interim(StreamContext& context, Stream& stream, const ResponseHead& head) {
  ++stream.interim_count;
  stream.interim_bytes += head.head_bytes;
  if (stream.interim_count > kInterimMax || stream.interim_bytes > kInterimBytesMax) {
    fail_response(context, stream, Reason::too_many_interim);
    return true;
  }
  stream.origin_owes_since = context.now;  // A whole head is a sign of life, and there is an end to them.
  // RFC 9110 15.2: interim answers go to clients that know them.
  if (stream.client_minor_version == 0 || is_repeated_continue(stream, head)) {
    stream.origin->inbox.consume(context.memory, head.head_bytes);
    return true;
  }
  if (head.status == kContinue) {
    stream.continued_by = stream.attempts;
  } else {
    stream.interim_relayed = true;
  }
  ForwardResponse forward;
  forward.framing = BodyFraming::none;
  forward.client_minor_version = stream.client_minor_version;
  if (!queue_response_head(context, stream, head, forward)) {
    fail_response(context, stream, Reason::out_of_memory);
  }
  return true;
}

bool begin_upgrade(StreamContext& context, Stream& stream, const ResponseHead& head) {
  const bool is_wanted =
      stream.wants_upgrade && offers_protocols(kept(context, stream, stream.upgrade), head.upgrade);
  if (!is_wanted || !stream.request_complete) {
    fail_response(context, stream, Reason::refused_upgrade);
    return true;
  }
  ForwardResponse forward;
  forward.framing = BodyFraming::none;
  forward.request_id = kept(context, stream, stream.request_id);
  forward.via = via_pseudonym(stream);
  HeaderEdits edits(policy_of(stream).response_headers());
  StickyAnswer sticky;
  sticky.add(context, stream, edits);
  forward.edits = edits.span();
  if (!queue_response_head(context, stream, head, forward)) {
    fail_response(context, stream, Reason::out_of_memory);
    return true;
  }
  stream.status = head.status;
  stream.response_started = true;
  stream.keep_alive = false;
  stream.state = StreamState::relaying;
  context.wheel.cancel(stream.origin->timer);
  unpin_snapshot(context, stream);
  return true;
}

}  // namespace sluice::dataplane
