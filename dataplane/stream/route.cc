// Where a request goes: the snapshot's answer, then the head it leaves with.
#include <arpa/inet.h>

#include <cstring>

#include "dataplane/stream/context.h"
#include "dataplane/stream/header_edits.h"
#include "dataplane/stream/sticky.h"
#include "schemas/stable_hash.h"

namespace sluice::dataplane {
namespace {

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool equals_ignoring_case(std::string_view left, std::string_view lower_right) {
  if (left.size() != lower_right.size()) return false;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (lower(left[i]) != lower_right[i]) return false;
  }
  return true;
}

std::string_view find_header(const void* headers, std::string_view name) {
  const auto& head = *static_cast<const RequestHead*>(headers);
  for (uint32_t i = 0; i < head.field_count; ++i) {
    if (equals_ignoring_case(head.fields[i].name, name)) {
      const std::string_view value = head.fields[i].value;
      return value.data() == nullptr ? std::string_view("") : value;
    }
  }
  return {};
}

// The path towards the origin, built in scratch only when the policy changes it.
std::string_view rewrite_path(StreamContext& context, const wire::Policy& policy, std::string_view path) {
  if (policy.replace_path() != nullptr) return view(policy.replace_path());
  const std::string_view prefix = view(policy.strip_prefix());
  std::string_view rest = path;
  if (!prefix.empty() && rest.starts_with(prefix)) rest.remove_prefix(prefix.size());
  const std::string_view added = view(policy.add_prefix());
  if (rest.size() == path.size() && added.empty()) return path;
  char* out = context.scratch.data() + context.scratch.size() / 2;
  std::size_t length = 0;
  const auto append = [&](std::string_view text) { length += text.copy(out + length, text.size()); };
  if (added.size() + rest.size() + 1 > context.scratch.size() / 2) return path;
  append(added);
  if (!rest.starts_with('/') && (length == 0 || out[length - 1] != '/')) append("/");
  if (length > 0 && out[length - 1] == '/' && rest.starts_with('/')) rest.remove_prefix(1);
  append(rest);
  return {out, length};
}

// Writes the head for the origins behind the kept texts. False: it does not fit any buffer.
bool build_origin_head(StreamContext& context, Stream& stream, const RequestHead& head,
                       const wire::Policy& policy) {
  HeaderEdits edits;
  hide_sticky(stream, head, context.scratch, edits);
  note_user(context, stream, head, edits);
  edits.append(policy.request_headers());
  ForwardRequest forward;
  forward.path = head.path == "*" ? head.path : rewrite_path(context, policy, head.path);
  forward.query = head.query;
  forward.host = view(policy.request_host());
  describe_client(context, stream, forward);
  forward.request_id = kept(context, stream, stream.request_id);
  forward.edits = edits.span();
  const uint32_t bytes_max = forward_request_bytes_max(head, forward);
  std::span<std::byte> buffer = context.memory.buffers.bytes(stream.head_buffer);
  if (stream.head_offset + bytes_max > buffer.size()) {
    const BufferId bigger = context.memory.buffers.take(stream.head_offset + bytes_max);
    if (bigger == kNoBuffer) return false;
    std::span<std::byte> room = context.memory.buffers.bytes(bigger);
    std::memcpy(room.data(), buffer.data(), stream.head_offset);
    forward.request_id = {reinterpret_cast<const char*>(room.data()) + stream.request_id.offset,
                          stream.request_id.length};
    context.memory.buffers.release(stream.head_buffer);
    stream.head_buffer = bigger;
    buffer = room;
  }
  stream.head_length =
      write_forward_request(head, forward, reinterpret_cast<char*>(buffer.data()) + stream.head_offset);
  return true;
}

// {scheme} {host} {path} {query} in a redirect's location.
std::string_view expand_location(StreamContext& context, const RequestHead& head, std::string_view pattern) {
  char* out = context.scratch.data() + context.scratch.size() / 2;
  const std::size_t room = context.scratch.size() / 2;
  std::size_t length = 0;
  const auto append = [&](std::string_view text) {
    text = text.substr(0, room - length);
    length += text.copy(out + length, text.size());
  };
  while (!pattern.empty()) {
    if (pattern.starts_with("{scheme}")) {
      append(context.identity.scheme);
      pattern.remove_prefix(8);
    } else if (pattern.starts_with("{host}")) {
      append(head.host);
      pattern.remove_prefix(6);
    } else if (pattern.starts_with("{path}")) {
      append(head.path);
      pattern.remove_prefix(6);
    } else if (pattern.starts_with("{query}")) {
      append(head.query);
      pattern.remove_prefix(7);
    } else {
      append(pattern.substr(0, 1));
      pattern.remove_prefix(1);
    }
  }
  return {out, length};
}

void follow_route(StreamContext& context, Stream& stream, const RequestHead& head) {
  const decide::Snapshot& snapshot = *stream.published->snapshot;
  const wire::Route& route = snapshot.routes()[stream.route];
  keep_name(context, stream, stream.route_name, snapshot.text(route.name()));
  const wire::Policy& policy = snapshot.policy(route);
  take_patience(stream, policy, snapshot.timeouts(policy.timeouts()));
  stream.body_bytes_max = std::min(policy.body_bytes_max(), snapshot.root().limits()->body_bytes());
  stream.retries_left = policy.retry_attempts();
  if (!route_admits(context, stream, policy.features())) return;
  if (!within_route_rate(context, stream, policy)) return;
  if (stream.request_framing == BodyFraming::length && stream.request_remaining > stream.body_bytes_max) {
    stream.keep_alive = false;
    answer_error(context, stream, Reason::body_too_large);
    return;
  }
  switch (route.action()) {
    case wire::ActionKind::redirect: {
      const wire::Redirect& redirect = *snapshot.root().redirects()->Get(route.target());
      answer_locally(context, stream, redirect.status(), {}, {},
                     expand_location(context, head, view(redirect.location())), 0, Reason::redirect_rule);
      return;
    }
    case wire::ActionKind::respond: {
      const wire::Response& response = *snapshot.root().responses()->Get(route.target());
      answer_locally(context, stream, response.status(), view(response.content_type()), view(response.body()),
                     {}, response.retry_after_seconds(), Reason::respond_rule);
      return;
    }
    case wire::ActionKind::forward:
      break;
  }
  choose_pool(context, stream, &head);
  if (!build_origin_head(context, stream, head, policy)) {
    answer_error(context, stream, Reason::out_of_memory);
    return;
  }
  if (authorize(context, stream, head)) start_attempt(context, stream);
}

}  // namespace

std::string_view kept(const StreamContext& context, const Stream& stream, KeptText text) {
  if (stream.head_buffer == kNoBuffer) return {};
  return {
      reinterpret_cast<const char*>(context.memory.buffers.bytes(stream.head_buffer).data()) + text.offset,
      text.length};
}

void pin_snapshot(StreamContext& context, Stream& stream) {
  stream.published = context.published;
  context.pins.pin(*stream.published);
}

void unpin_snapshot(StreamContext& context, Stream& stream) {
  if (stream.published == nullptr) return;
  context.pins.unpin(*stream.published);
  stream.published = nullptr;
}

void keep_name(StreamContext& context, Stream& stream, KeptText& name, std::string_view text) {
  if (stream.head_buffer == kNoBuffer) return;
  std::span<std::byte> buffer = context.memory.buffers.bytes(stream.head_buffer);
  if (stream.head_offset + text.size() > buffer.size()) return;
  text.copy(reinterpret_cast<char*>(buffer.data()) + stream.head_offset, text.size());
  name = {stream.head_offset, static_cast<uint32_t>(text.size())};
  stream.head_offset += name.length;
}

void use_pool(StreamContext& context, Stream& stream, uint32_t pool) {
  stream.pool = pool;
  const decide::Snapshot& snapshot = *stream.published->snapshot;
  keep_name(context, stream, stream.pool_name, snapshot.text(snapshot.pools()[pool].name()));
  stream.pool_stats_slot = stream.published->pool_stats_slots[pool];
  stream.client_hash = stable_hash(HashUse::client_address, stream.client_text);
}

void route_request(StreamContext& context, Stream& stream, const RequestHead& head) {
  if (!listener_admits(context, stream)) return;
  decide::RouteQuery query;
  query.host = head.host;
  query.path = head.path;
  query.method = head.method_text;
  query.listener = stream.client->listener->index;
  query.headers = &head;
  query.find_header = find_header;
  const decide::RouteMatch match = stream.published->snapshot->match(query);
  if (match.route == decide::kNone) {
    answer_error(context, stream, Reason::no_route);
    return;
  }
  stream.route = match.route;
  follow_route(context, stream, head);
}

}  // namespace sluice::dataplane
