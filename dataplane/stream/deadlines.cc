// How long a running stream waits, and what happens when it waited long enough. The client's timer stands at
// the nearest of its deadlines; when it fires, each is looked at again, because most have moved meanwhile.
//
//   deadline        runs while                                    ends with
//   request_total   always (not in tunnels)                       504, or the answer cut off
//   client_write    something is queued for the client            reset: its memory is wanted back
//   body_rate       only the client holds its body up             408
//   client_body     the same                                      408, or the answer cut off
//   response        an answer is due and the client keeps up      504, or the answer cut off (respond.cc)
#include <algorithm>

#include "dataplane/stream/context.h"

namespace sluice::dataplane {
namespace {

// Neither the origin nor our answer holds the body up. (Want of memory may, and client_body runs on: when
// those who are starved hold what the others wait for, only a deadline ends it.)
bool body_is_due(const StreamContext& context, const Stream& stream) {
  const ClientConn& client = *stream.client;
  return !stream.request_complete && stream.state != StreamState::connecting &&
         stream.state != StreamState::authorizing && client.outbox.is_empty() &&
         (stream.origin == nullptr || stream.origin->outbox.bytes() < context.window_bytes / 2);
}

// A client that was told to wait for 100 Continue is not slow; client_body bounds that wait. Once the answer
// has begun, both sides may talk at their own pace.
bool body_rate_applies(const Stream& stream) {
  const bool waits_for_permission =
      stream.expects_continue && stream.interim_count == 0 && stream.request_body_bytes == 0;
  const bool waits_for_memory = stream.client->place_hook.is_linked();
  return stream.body_bytes_per_second > 0 && !waits_for_permission && !waits_for_memory &&
         !stream.response_started;
}

// Starts and stops the body's clock. Every byte received buys its share of a second.
void run_body_clock(StreamContext& context, Stream& stream, bool runs) {
  const bool is_running = !stream.body_clock_started.is_never();
  if (runs == is_running) return;
  if (runs) {
    if (stream.body_time_taken == Duration{}) stream.body_received_before = stream.client->bytes_received;
    stream.body_clock_started = context.now;
  } else {
    stream.body_time_taken = stream.body_time_taken + (context.now - stream.body_clock_started);
    stream.body_clock_started = Instant::never();
  }
}

Instant body_rate_deadline(const Stream& stream) {
  const uint64_t received = stream.client->bytes_received - stream.body_received_before;
  const uint64_t seconds = received / stream.body_bytes_per_second;
  const uint64_t rest = received % stream.body_bytes_per_second;
  constexpr uint64_t kSecond = 1'000'000'000;
  constexpr uint64_t kSecondsMax = 1'000'000'000;  // 31 years.
  const Duration bought = Duration::seconds(static_cast<int64_t>(std::min(seconds, kSecondsMax))) +
                          Duration{static_cast<int64_t>(rest * kSecond / stream.body_bytes_per_second)};
  return stream.body_clock_started + (stream.body_grace + bought - stream.body_time_taken);
}

Instant total_deadline(const Stream& stream) {
  const bool is_over = stream.request_total == Duration{} || stream.reason == Reason::request_timeout;
  return is_over ? Instant::never() : stream.started + stream.request_total;
}

Instant write_deadline(const Stream& stream) {
  const ClientConn& client = *stream.client;
  return client.send_op.is_busy() ? client.sending_since + stream.client_write : Instant::never();
}

Instant body_deadline(const Stream& stream) {
  return stream.client->active_at + Duration::milliseconds(stream.timeouts.client_body());
}

void body_is_overdue(StreamContext& context, Stream& stream, Reason reason) {
  if (stream.response_started) {
    truncate_response(context, stream, reason);
    return;
  }
  release_origin(context, stream, OriginFate::reset);
  answer_error(context, stream, reason);
}

void request_is_overdue(StreamContext& context, Stream& stream) {
  if (stream.state == StreamState::finishing) {  // Complete, but the client does not take it.
    abort_stream(context, stream, Reason::request_timeout, Farewell::reset);
  } else if (stream.response_started) {
    truncate_response(context, stream, Reason::request_timeout);
  } else {
    release_origin(context, stream, OriginFate::reset);
    answer_error(context, stream, Reason::request_timeout);
  }
}

}  // namespace

void take_patience(Stream& stream, const wire::Policy& policy, const wire::Timeouts& timeouts) {
  stream.timeouts = timeouts;
  stream.client_write = Duration::milliseconds(policy.client_write());
  stream.request_total = Duration::milliseconds(policy.request_total());
  const wire::BodyRate* rate = policy.body_rate();
  stream.body_bytes_per_second = rate == nullptr ? 0 : rate->bytes_per_second();
  stream.body_grace = Duration::milliseconds(rate == nullptr ? 0 : rate->grace_milliseconds());
}

void watch_client(StreamContext& context, Stream& stream) {
  Instant deadline = std::min(total_deadline(stream), write_deadline(stream));
  if (!stream.request_complete) {
    const bool is_due = body_is_due(context, stream);
    const bool is_timed = is_due && body_rate_applies(stream);
    run_body_clock(context, stream, is_timed);
    if (is_due) deadline = std::min(deadline, body_deadline(stream));
    if (is_timed) deadline = std::min(deadline, body_rate_deadline(stream));
  }
  context.wheel.set(stream.client->timer, deadline);
}

// It must answer once it has the request, and keep taking a body that is queued.
void watch_origin(StreamContext& context, Stream& stream) {
  OriginConn* origin = stream.origin;
  if (origin == nullptr || stream.state == StreamState::connecting) return;
  const bool client_is_the_slow_one = stream.client->outbox.bytes() >= context.window_bytes / 2;
  if ((stream.request_complete || !origin->outbox.is_empty()) && !client_is_the_slow_one) {
    const bool owes_head = stream.state == StreamState::exchanging;
    const Instant since =
        owes_head ? stream.origin_owes_since : std::max(origin->active_at, stream.offered_at);
    context.wheel.set(origin->timer, since + Duration::milliseconds(stream.timeouts.response()));
  } else {
    context.wheel.cancel(origin->timer);
  }
}

bool end_if_overdue(StreamContext& context, Stream& stream) {
  if (context.now >= total_deadline(stream)) {
    request_is_overdue(context, stream);
    return true;
  }
  if (context.now >= write_deadline(stream)) {
    abort_stream(context, stream, Reason::client_stalled, Farewell::reset);
    return true;
  }
  if (stream.state == StreamState::finishing || !body_is_due(context, stream)) return false;
  const bool is_timed = !stream.body_clock_started.is_never() && body_rate_applies(stream);
  if (is_timed && context.now >= body_rate_deadline(stream)) {
    body_is_overdue(context, stream, Reason::body_too_slow);
    return true;
  }
  if (context.now >= body_deadline(stream)) {
    body_is_overdue(context, stream, Reason::body_timeout);
    return true;
  }
  return false;
}

}  // namespace sluice::dataplane
