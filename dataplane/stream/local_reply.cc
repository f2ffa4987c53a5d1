// Answers we make ourselves: errors with small bodies, routes that answer, pool outage pages.
#include <cstdio>

#include "dataplane/stream/context.h"
#include "dataplane/stream/header_edits.h"

namespace sluice::dataplane {

void answer_locally(StreamContext& context, Stream& stream, uint16_t status, std::string_view content_type,
                    std::string_view body, std::string_view location, uint32_t retry_after_seconds,
                    Reason reason) {
  ClientConn& client = *stream.client;
  stream.reason = reason;
  if (stream.is_tunnel) {  // No HTTP to answer with: refuse, as a closed port would.
    abort_stream(context, stream, reason, Farewell::reset);
    return;
  }
  if (!stream.request_complete) stream.keep_alive = false;
  LocalAnswer answer;
  answer.status = status;
  answer.content_type = content_type;
  answer.body = body;
  answer.location = location;
  if (status == 401) answer.realm = stream.challenge;
  answer.retry_after_seconds = retry_after_seconds;
  answer.no_store = status >= 400;
  answer.keep_alive = stream.keep_alive;
  answer.is_head = stream.method == Method::head;
  answer.client_minor_version = stream.client_minor_version;
  answer.request_id = kept(context, stream, stream.request_id);
  const BufferId buffer = context.memory.buffers.take(local_answer_bytes_max(answer));
  if (buffer == kNoBuffer || local_answer_bytes_max(answer) > context.memory.buffers.bytes(buffer).size()) {
    if (buffer != kNoBuffer) context.memory.buffers.release(buffer);
    abort_stream(context, stream, Reason::out_of_memory, Farewell::reset);
    return;
  }
  std::byte* out = context.memory.buffers.bytes(buffer).data();
  const uint32_t length = write_local_answer(answer, reinterpret_cast<char*>(out));
  client.outbox.append(context.memory, buffer, out, length);
  const bool has_body = !answer.is_head && !body.empty();
  stream.response_head_bytes += length - (has_body ? body.size() : 0);
  stream.status = status;
  stream.response_started = true;
  stream.response_complete = true;
  stream.state = StreamState::finishing;
  unpin_snapshot(context, stream);
}

namespace {

// Refused because there is too much to do now: worth another try soon.
bool is_overload(Reason reason) {
  return reason == Reason::out_of_memory || reason == Reason::too_many_connections ||
         reason == Reason::address_limit || reason == Reason::draining || reason == Reason::not_ready ||
         reason == Reason::auth_busy;
}

}  // namespace

void answer_error(StreamContext& context, Stream& stream, Reason reason, uint32_t retry_after_seconds) {
  const uint16_t status = describe(reason).status;
  if (status < 400 || status == 499) {  // Nobody to answer, or nothing to say.
    abort_stream(context, stream, reason, Farewell::reset);
    return;
  }
  if (retry_after_seconds == 0 && is_overload(reason)) retry_after_seconds = 1;
  if (const wire::Response* page = find_error_page(context, stream, status)) {
    answer_locally(context, stream, status, view(page->content_type()), view(page->body()), {},
                   retry_after_seconds != 0 ? retry_after_seconds : page->retry_after_seconds(), reason);
    return;
  }
  char body[96];
  const std::string_view phrase = status_phrase(status);
  const int length =
      std::snprintf(body, sizeof(body), "%u %.*s\n", status, static_cast<int>(phrase.size()), phrase.data());
  answer_locally(context, stream, status, "text/plain; charset=utf-8",
                 {body, static_cast<std::size_t>(length)}, {}, retry_after_seconds, reason);
}

void answer_pool_outage(StreamContext& context, Stream& stream) {
  context.stats.pools[stream.pool_stats_slot].outages.add(1);
  const decide::Snapshot& snapshot = *stream.published->snapshot;
  const wire::Pool& pool = snapshot.pools()[stream.pool];
  // A pool whose members were all just tried failed for a reason worth naming.
  const Reason reason = stream.failure == Reason::none ? Reason::pool_outage : stream.failure;
  if (pool.outage() == decide::kNone) {
    answer_error(context, stream, reason);
    return;
  }
  const wire::Response& page = *snapshot.root().responses()->Get(pool.outage());
  answer_locally(context, stream, page.status(), view(page.content_type()), view(page.body()), {},
                 page.retry_after_seconds(), reason);
}

}  // namespace sluice::dataplane
