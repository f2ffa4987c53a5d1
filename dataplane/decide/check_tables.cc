#include "dataplane/decide/checks.h"
#include "dataplane/decide/text_rules.h"

namespace sluice::decide {
namespace {

constexpr uint32_t kMethodBytesMax = 64;
constexpr uint32_t kFieldNameBytesMax = 256;
constexpr uint32_t kResponseBodyBytesMax = 1024 * 1024;

SnapshotError bad(std::string path, std::string message) {
  return {"BAD_VALUE", std::move(path), std::move(message)};
}

bool is_lower_case(std::string_view text) {
  for (const char c : text) {
    if (c >= 'A' && c <= 'Z') return false;
  }
  return true;
}

// Absent, or something that may stand at the front of a path in a request line.
bool is_path_part(const flatbuffers::String* part) {
  if (part == nullptr) return true;
  const std::string_view text = view(part);
  if (text.empty()) return false;
  if (text.front() != '/' || text.size() > kPathBytesMax || has_control_bytes(text)) return false;
  return text.find_first_of(" ?#") == std::string_view::npos;
}

bool is_short_field_value(std::string_view text) {
  return text.size() <= kHeaderValueBytesMax && is_field_value(text);
}

Problem check_header_match(const wire::HeaderMatch& match, std::string path) {
  const std::string_view name = view(match.name());
  if (name.size() > kFieldNameBytesMax || !is_token(name) || !is_lower_case(name)) {
    return bad(path + ".name", "is not a header field name in lower case");
  }
  if (static_cast<uint8_t>(match.kind()) > static_cast<uint8_t>(wire::HeaderMatchKind::MAX)) {
    return bad(path + ".kind", "is not a known kind of header match");
  }
  if (view(match.value()).size() > kHeaderValueBytesMax || has_control_bytes(view(match.value()))) {
    return bad(path + ".value", "has a control byte or is longer than 16384 bytes");
  }
  return std::nullopt;
}

Problem check_condition(const Arrays& arrays, uint32_t index) {
  const wire::Condition& condition = arrays.conditions[index];
  const uint32_t method_count = condition.methods() == nullptr ? 0 : condition.methods()->size();
  for (uint32_t i = 0; i < method_count; ++i) {
    const std::string_view method = view(condition.methods()->Get(i));
    if (method.size() > kMethodBytesMax || !is_token(method)) {
      return bad(place("conditions", index, place(".methods", i)), "is not a method name");
    }
  }
  const uint32_t header_count = condition.headers() == nullptr ? 0 : condition.headers()->size();
  for (uint32_t i = 0; i < header_count; ++i) {
    if (Problem problem = check_header_match(*condition.headers()->Get(i),
                                             place("conditions", index, place(".headers", i)))) {
      return problem;
    }
  }
  const uint32_t listener_count = condition.listeners() == nullptr ? 0 : condition.listeners()->size();
  for (uint32_t i = 0; i < listener_count; ++i) {
    const uint32_t listener = condition.listeners()->Get(i);
    const std::string path = place("conditions", index, place(".listeners", i));
    if (listener >= arrays.listeners.size()) {
      return SnapshotError{"DANGLING_REF", path,
                           "refers to " + place("listeners", listener) + ", but there are only " +
                               std::to_string(arrays.listeners.size()) + "; compile the snapshot again"};
    }
    if (arrays.listeners[listener].protocol() != wire::Protocol::http) {
      return bad(path, "is not an http listener; requests never arrive there");
    }
  }
  return std::nullopt;
}

Problem check_header_ops(const flatbuffers::Vector<flatbuffers::Offset<wire::HeaderOp>>* ops,
                         const std::string& list) {
  for (uint32_t i = 0; ops != nullptr && i < ops->size(); ++i) {
    const wire::HeaderOp& op = *ops->Get(i);
    const std::string_view name = view(op.name());
    if (static_cast<uint8_t>(op.kind()) > static_cast<uint8_t>(wire::HeaderOpKind::MAX)) {
      return bad(place(list, i, ".kind"), "is not a known header operation; use set, add or remove");
    }
    if (name.size() > kFieldNameBytesMax || !is_token(name)) {
      return bad(place(list, i, ".name"), "is not a header field name");
    }
    if (is_reserved_field(name)) {
      std::string message(name);
      message += " belongs to the proxy (framing, Host or hop-by-hop); remove the operation";
      return bad(place(list, i, ".name"), std::move(message));
    }
    if (!is_short_field_value(view(op.value()))) {
      return bad(place(list, i, ".value"),
                 "has a control byte or white space at an end, or is longer than 16384 bytes");
    }
  }
  return std::nullopt;
}

Problem check_rate_limit(const wire::RateLimit* limit, std::string path) {
  if (limit == nullptr) return std::nullopt;
  if (limit->requests_per_minute() == 0) return bad(path + ".requests_per_minute", "is zero; leave it out");
  if (limit->burst() == 0) return bad(path + ".burst", "is zero; give at least 1 request");
  if (static_cast<uint8_t>(limit->key()) > static_cast<uint8_t>(wire::RateKey::MAX)) {
    return bad(path + ".key", "is not a known key; use ip or route");
  }
  return std::nullopt;
}

// What one request may cost in time.
Problem check_patience(const wire::Policy& policy, uint32_t index) {
  if (policy.client_write() == 0) {
    return bad(place("policies", index, ".client_write"), "is zero; give at least 1 ms");
  }
  if (const wire::BodyRate* rate = policy.body_rate(); rate != nullptr && rate->bytes_per_second() == 0) {
    return bad(place("policies", index, ".body_rate.bytes_per_second"), "is zero; leave it out");
  }
  return check_rate_limit(policy.rate_limit(), place("policies", index, ".rate_limit"));
}

Problem check_policy(const Arrays& arrays, uint32_t index) {
  const wire::Policy& policy = arrays.policies[index];
  if (policy.timeouts() >= arrays.timeouts.size()) {
    return SnapshotError{"DANGLING_REF", place("policies", index, ".timeouts"),
                         "refers to " + place("timeouts", policy.timeouts()) + ", but there are only " +
                             std::to_string(arrays.timeouts.size()) + "; compile the snapshot again"};
  }
  if (policy.retry_attempts() > kRetryAttemptsMax) {
    return SnapshotError{"LIMIT", place("policies", index, ".retry_attempts"),
                         "is above 100; give a smaller number"};
  }
  if (Problem problem = check_patience(policy, index)) return problem;
  const std::pair<std::string_view, const flatbuffers::String*> parts[] = {
      {".strip_prefix", policy.strip_prefix()},
      {".replace_path", policy.replace_path()},
      {".add_prefix", policy.add_prefix()}};
  for (const auto& [field, text] : parts) {
    if (!is_path_part(text)) {
      return bad(place("policies", index, field),
                 "must begin with '/' and have no space, '?', '#' or control byte");
    }
  }
  const std::string_view host = view(policy.request_host());
  if (host.size() > kNameBytesMax || has_control_bytes(host) ||
      host.find_first_of(" /?#@,") != std::string_view::npos) {
    return bad(place("policies", index, ".request_host"), "is not a host with an optional port");
  }
  if (Problem problem =
          check_header_ops(policy.request_headers(), place("policies", index, ".request_headers"))) {
    return problem;
  }
  return check_header_ops(policy.response_headers(), place("policies", index, ".response_headers"));
}

Problem check_redirect(const wire::Redirect& redirect, uint32_t index) {
  const uint16_t status = redirect.status();
  if (status != 301 && status != 302 && status != 303 && status != 307 && status != 308) {
    return bad(place("redirects", index, ".status"), "is not a redirect; use 301, 302, 303, 307 or 308");
  }
  const std::string_view location = view(redirect.location());
  if (location.empty() || !is_short_field_value(location)) {
    return bad(place("redirects", index, ".location"), "is empty, too long or has a control byte");
  }
  return std::nullopt;
}

Problem check_response(const wire::Response& response, uint32_t index) {
  const uint16_t status = response.status();
  if (status < 200 || status > 599) {
    return bad(place("responses", index, ".status"), "is not a final status; use 200 to 599");
  }
  const std::string_view body = view(response.body());
  if (body.size() > kResponseBodyBytesMax) {
    return SnapshotError{"LIMIT", place("responses", index, ".body"),
                         "is longer than 1 MiB; serve it from an origin"};
  }
  if ((status == 204 || status == 304) && !body.empty()) {
    return bad(place("responses", index, ".body"), "must be empty: a 204 or 304 answer has no body");
  }
  if (!is_short_field_value(view(response.content_type()))) {
    return bad(place("responses", index, ".content_type"), "is not a header field value");
  }
  return std::nullopt;
}

Problem check_access_log(const wire::AccessLog& log) {
  if (static_cast<uint8_t>(log.format()) > static_cast<uint8_t>(wire::LogFormat::MAX)) {
    return bad("access_log.format", "is not a known format");
  }
  if (log.format() == wire::LogFormat::off) return std::nullopt;
  const std::string_view path = view(log.path());
  if (path.empty() || path.size() > kNameBytesMax || has_control_bytes(path)) {
    return bad("access_log.path", "is empty, longer than 1024 bytes or has a control byte");
  }
  if (log.format() == wire::LogFormat::custom && view(log.template_text()).empty()) {
    return bad("access_log.template_text", "is empty; a custom format needs one");
  }
  return std::nullopt;
}

}  // namespace

Problem check_tables(const Arrays& arrays) {
  for (uint32_t i = 0; i < arrays.conditions.size(); ++i) {
    if (Problem problem = check_condition(arrays, i)) return problem;
  }
  if (arrays.policies.size() == 0) return bad("policies", "is empty; entry 0 is the default one");
  for (uint32_t i = 0; i < arrays.policies.size(); ++i) {
    if (Problem problem = check_policy(arrays, i)) return problem;
  }
  for (uint32_t i = 0; i < arrays.redirects.size(); ++i) {
    if (Problem problem = check_redirect(arrays.redirects[i], i)) return problem;
  }
  for (uint32_t i = 0; i < arrays.responses.size(); ++i) {
    if (Problem problem = check_response(arrays.responses[i], i)) return problem;
  }
  if (const wire::Protection* protection = arrays.root->protection()) {
    Problem problem = check_rate_limit(protection->rate_limit_per_ip(), "protection.rate_limit_per_ip");
    if (problem) return problem;
  }
  if (const wire::AccessLog* log = arrays.root->access_log()) return check_access_log(*log);
  return std::nullopt;
}

}  // namespace sluice::decide
