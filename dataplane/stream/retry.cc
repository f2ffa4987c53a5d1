// An attempt died before its first response byte: is another one safe, and who is next (RFC 9110 9.2.2,
// dataplane-notes section 6)?
//
// 1. A connect that failed moved nothing: the next member gets the request, whatever its method, as long
//    as members are left. Every member is tried once.
// 2. Once bytes were handed to the kernel, only idempotent methods whose body is still here are repeated,
//    on a fresh connection. A pooled connection that died under the request says nothing about its
//    origin, so the same member may be tried again and the budget is not charged.
// 3. A response timeout is not repeated: the origin may be working on it.
// 4. Nothing is repeated behind an interim answer the client was given (103 and its like): the next attempt
//    could tell it something else. A 100 alone says nothing about the answer; it is relayed once.
#include "dataplane/stream/context.h"

namespace sluice::dataplane {
namespace {

bool is_connect_failure(Reason reason) {
  return reason == Reason::connect_failed || reason == Reason::connect_timeout;
}

bool may_repeat(StreamContext& context, Stream& stream, bool was_reused) {
  const bool safe = is_idempotent(stream.method) && stream.replay_is_possible && !stream.wants_upgrade &&
                    !stream.interim_relayed;
  if (!safe || stream.retries_left == 0) return false;
  if (!was_reused && !context.retry_budget.spend()) return false;
  --stream.retries_left;
  return true;
}

bool has_untried_member(const Stream& stream) {
  const decide::Snapshot& snapshot = *stream.published->snapshot;
  return stream.tried_count < snapshot.pools()[stream.pool].member_count() && stream.tried_count < kTriedMax;
}

}  // namespace

void attempt_failed(StreamContext& context, Stream& stream, Reason reason) {
  stream.failure = reason;
  const bool was_reused = stream.origin != nullptr && stream.origin->requests > 0;
  release_origin(context, stream, OriginFate::reset);
  if (is_connect_failure(reason)) {
    if (has_untried_member(stream)) {
      context.stats.pools[stream.pool_stats_slot].retries.add(1);
      start_attempt(context, stream);
      return;
    }
    answer_pool_outage(context, stream);
    return;
  }
  if (may_repeat(context, stream, was_reused)) {
    context.stats.pools[stream.pool_stats_slot].retries.add(1);
    if (was_reused || !has_untried_member(stream)) --stream.tried_count;
    stream.fresh_connection_only = true;
    start_attempt(context, stream);
    return;
  }
  answer_error(context, stream, reason);
}

}  // namespace sluice::dataplane
