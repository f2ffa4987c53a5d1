// Basic authentication of a route (RFC 7617). The slow part, checking a password against its hash, happens
// on another thread (dataplane/worker/password_queue.h); the stream waits in state authorizing, its head for
// the origin already built. What was good a moment ago is remembered (auth_cache.h).
#include <algorithm>

#include "dataplane/http/basic_credentials.h"
#include "dataplane/stream/auth_cache.h"
#include "dataplane/stream/context.h"
#include "dataplane/stream/header_edits.h"

namespace sluice::dataplane {
namespace {

using Users = flatbuffers::Vector<flatbuffers::Offset<wire::BasicUser>>;

const wire::BasicUser* find_user(const Users& users, std::string_view name) {
  uint32_t low = 0;
  uint32_t high = users.size();
  while (low < high) {
    const uint32_t middle = low + (high - low) / 2;
    if (view(users.Get(middle)->name()) < name) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low < users.size() && view(users.Get(low)->name()) == name ? users.Get(low) : nullptr;
}

// Of everything that makes a password good. The parts cannot run into each other: a hash has no NUL.
SipTag tag_of(const SipKey& secret, std::string_view hash, const BasicCredentials& credentials) {
  std::byte text[PasswordJob::kHashBytesMax + 1 + BasicCredentials::kBytesMax];
  std::size_t length = 0;
  const auto append = [&](std::string_view part) {
    length += part.copy(reinterpret_cast<char*>(text) + length, part.size());
  };
  append(hash);
  text[length++] = std::byte{0};
  append(credentials.user());
  append(":");
  append(credentials.password());
  const SipTag tag = sip_hash_128(secret, std::span(text).first(length));
  explicit_bzero(text, length);
  return tag;
}

// The only Authorization of the request; empty when there is none or more than one.
std::string_view authorization_of(const RequestHead& head) {
  std::string_view found;
  uint32_t count = 0;
  for (uint32_t i = 0; i < head.field_count; ++i) {
    if (head.fields[i].id != HeaderId::authorization) continue;
    found = head.fields[i].value;
    ++count;
  }
  return count == 1 ? found : std::string_view();
}

bool ask(StreamContext& context, Stream& stream, const wire::BasicAuth& table, Reason reason) {
  stream.challenge = view(table.realm());
  answer_error(context, stream, reason);
  return false;
}

const wire::BasicAuth* table_of(const Stream& stream) {
  const decide::Snapshot& snapshot = *stream.published->snapshot;
  const wire::RouteFeatures* features = snapshot.policy(snapshot.routes()[stream.route]).features();
  if (features == nullptr || features->basic_auth() == decide::kNone) return nullptr;
  return snapshot.root().features()->basic_auths()->Get(features->basic_auth());
}

}  // namespace

void note_user(StreamContext& context, Stream& stream, const RequestHead& head, HeaderEdits& edits) {
  const wire::BasicAuth* table = table_of(stream);
  if (table == nullptr) return;
  BasicCredentials credentials;
  if (credentials.parse(authorization_of(head))) keep_name(context, stream, stream.user, credentials.user());
  if (!table->forward_header()) edits.append(HeaderEditKind::remove, "Authorization", {});
}

bool authorize(StreamContext& context, Stream& stream, const RequestHead& head) {
  const wire::BasicAuth* table = table_of(stream);
  if (table == nullptr) return true;
  BasicCredentials credentials;
  if (!credentials.parse(authorization_of(head)) ||
      credentials.password().size() > PasswordJob::kPasswordBytesMax) {
    return ask(context, stream, *table, Reason::auth_required);
  }
  const wire::BasicUser* user = find_user(*table->users(), credentials.user());
  const std::string_view hash = view((user != nullptr ? user : table->users()->Get(0))->hash());
  PasswordQueue* queue = context.passwords;
  const SipTag tag = tag_of(context.auth_secret, hash, credentials);
  if (user != nullptr && context.auth_cache->knows(tag, context.now)) return true;
  if (queue == nullptr || queue->is_full()) {
    answer_error(context, stream, Reason::auth_busy);
    return false;
  }
  PasswordJob job{.stream_slot = stream.slot,
                  .stream_generation = stream.generation,
                  .tag = tag,
                  .is_user = user != nullptr};
  job.fill(credentials.password(), hash);
  queue->submit(job);
  explicit_bzero(job.password, sizeof(job.password));
  stream.auth = AuthVerdict::awaited;
  stream.state = StreamState::authorizing;
  return false;
}

bool authorizing_step(StreamContext& context, Stream& stream) {
  switch (stream.auth) {
    case AuthVerdict::awaited:
      stream.client->want_input(context, stream.client->inbox.bytes(), true);  // A reset ends the waiting.
      return false;
    case AuthVerdict::good:
      start_attempt(context, stream);
      return true;
    case AuthVerdict::bad:
      ask(context, stream, *table_of(stream), Reason::auth_failed);
      return true;
  }
  return false;
}

void collect_verdicts(StreamContext& context) {
  while (const PasswordJob* job = context.passwords->collect()) {
    if (job->is_good) context.auth_cache->remember(job->tag, context.now);
    Stream* stream = context.streams.find(job->stream_slot, static_cast<uint16_t>(job->stream_generation));
    if (stream == nullptr || stream->generation != job->stream_generation ||
        stream->state != StreamState::authorizing) {
      continue;  // The client left meanwhile.
    }
    stream->auth = job->is_good ? AuthVerdict::good : AuthVerdict::bad;
    context.mark_ready(*stream->client);
  }
}

}  // namespace sluice::dataplane
