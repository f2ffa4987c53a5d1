// Parts that several objects share: timeouts, sizes, addresses, answers of our own.
#include <algorithm>

#include "admin/model/decode.h"
#include "dataplane/decide/text_rules.h"

namespace sluice::admin {
namespace {

constexpr uint32_t kRetryAttemptsMax = 10;
constexpr size_t kPathBytesMax = 4096;
// Head and body of an answer of ours fit one 64 KiB buffer.
constexpr size_t kResponseBodyBytesMax = 60 * 1024;
constexpr uint32_t kRetryAfterSecondsMax = 30 * 86'400;

// One timeout of any kind; only request_total may be off.
std::optional<uint32_t> decode_timeout(ValueReader& reader, const Value& value, TimeoutKind kind) {
  if (kind == TimeoutKind::request_total && reader.is_word(value, "off")) return kTimeoutOff;
  return reader.milliseconds(value, 1, kTimeoutMillisecondsMax);
}

}  // namespace

Timeouts decode_timeouts(ValueReader& reader, const Value& value, std::span<const TimeoutKind> allowed,
                         std::string_view what) {
  Timeouts timeouts;
  Fields fields(reader, value, "timeouts", kTimeoutNames);
  for (uint32_t kind = 0; kind < kTimeoutKinds; ++kind) {
    const Value field = fields[kind];
    if (!field) continue;
    if (std::find(allowed.begin(), allowed.end(), static_cast<TimeoutKind>(kind)) == allowed.end()) {
      std::vector<std::string_view> names;
      for (const TimeoutKind own : allowed) names.push_back(kTimeoutNames[static_cast<size_t>(own)]);
      reader.fail(field,
                  std::string(what) + " has no " + std::string(kTimeoutNames[kind]) + " timeout of its own",
                  "here it may be " + join_words(names) + "; the others stand in the top-level `timeouts`");
    } else if (const auto milliseconds = decode_timeout(reader, field, static_cast<TimeoutKind>(kind))) {
      timeouts.milliseconds[kind] = *milliseconds;
    }
  }
  return timeouts;
}

void decode_default_timeouts(ValueReader& reader, const Value& value, Config& config) {
  constexpr uint32_t kDrainMillisecondsMax = 24 * 3'600'000;
  std::string_view keys[kTimeoutKinds + 1];
  std::copy(std::begin(kTimeoutNames), std::end(kTimeoutNames), keys);
  keys[kTimeoutKinds] = "drain";
  Fields fields(reader, value, "timeouts", keys);
  for (uint32_t kind = 0; kind < kTimeoutKinds; ++kind) {
    if (!fields.has(kind)) continue;
    const auto milliseconds = decode_timeout(reader, fields[kind], static_cast<TimeoutKind>(kind));
    if (milliseconds) config.timeouts.milliseconds[kind] = *milliseconds;
  }
  if (const Value field = fields[kTimeoutKinds]) {
    const auto milliseconds = reader.milliseconds(field, 0, kDrainMillisecondsMax);
    if (milliseconds) config.drain_milliseconds = *milliseconds;
  }
}

std::optional<uint64_t> decode_body_bytes(ValueReader& reader, const Value& value) {
  if (reader.is_word(value, "unlimited")) return kUnlimited;
  return reader.bytes(value, 0, 1ULL << 50);
}

std::optional<uint32_t> decode_attempts(ValueReader& reader, const Value& value) {
  const auto attempts = reader.integer(value, 0, kRetryAttemptsMax);
  if (!attempts) return std::nullopt;
  return static_cast<uint32_t>(*attempts);
}

std::optional<Endpoint> decode_endpoint(ValueReader& reader, const Value& value, bool allow_any) {
  const auto text = reader.word(value);
  if (!text) return std::nullopt;
  auto endpoint = parse_endpoint(*text, allow_any);
  if (endpoint) return *std::move(endpoint);
  reader.fail(value, quoted(*text) + " is not an address", std::move(endpoint.error()));
  return std::nullopt;
}

namespace {

void decode_body(ValueReader& reader, const ResponseFields& fields, Response& response) {
  std::string body;
  const Value& value = fields.body ? fields.body : fields.file;
  if (fields.body) {
    body = reader.text(fields.body).value_or("");
    if (fields.file) reader.fail(fields.file, "`body` and `file` at once", "remove one");
  } else if (auto text = reader.file_text(fields.file, kResponseBodyBytesMax)) {
    body = *std::move(text);
  }
  if (body.size() > kResponseBodyBytesMax) {
    reader.fail(value, "the body has " + std::to_string(body.size()) + " bytes",
                "60 KiB at most; serve a larger page from an origin");
  } else if (!body.empty() && (response.status == 204 || response.status == 304)) {
    reader.fail(value, "an answer with status " + std::to_string(response.status) + " has no body",
                "remove the body or use another status");
  } else {
    response.body = std::move(body);
  }
}

}  // namespace

void decode_response_fields(ValueReader& reader, const ResponseFields& fields, Response& response) {
  if (fields.body || fields.file) decode_body(reader, fields, response);
  if (fields.file && fields.file.node->text().ends_with(".html")) {
    response.content_type = "text/html; charset=utf-8";
  }
  if (const Value& field = fields.content_type) {
    const auto text = reader.word(field);
    if (text && !decide::is_field_value(*text)) {
      reader.fail(field, quoted(*text) + " is not a content type", "remove the white space at its ends");
    } else if (text) {
      response.content_type = *text;
    }
  }
  if (const Value& field = fields.retry_after) {
    const auto milliseconds = reader.milliseconds(field, 1000, kRetryAfterSecondsMax * 1000U);
    if (milliseconds) response.retry_after_seconds = *milliseconds / 1000;
  }
}

Response decode_response(ValueReader& reader, const Value& value, uint16_t default_status,
                         std::string_view what) {
  enum { kStatus, kBody, kContentType, kRetryAfter, kFile };
  constexpr std::string_view kKeys[] = {"status", "body", "content_type", "retry_after", "file"};
  Fields fields(reader, value, what, kKeys);
  Response response;
  response.status = default_status;
  if (const Value field = fields[kStatus]) {
    if (const auto status = reader.integer(field, 200, 599)) response.status = static_cast<uint16_t>(*status);
  }
  decode_response_fields(reader, {fields[kBody], fields[kFile], fields[kContentType], fields[kRetryAfter]},
                         response);
  return response;
}

// A path part that may stand in a request line.
bool check_path(ValueReader& reader, const Value& value, std::string_view path) {
  std::string_view problem;
  if (!path.starts_with('/')) {
    problem = "does not begin with `/`";
  } else if (path.size() > kPathBytesMax) {
    problem = "is longer than 4096 bytes";
  } else if (path.find_first_of(" ?#\t\r\n") != std::string_view::npos) {
    problem = "has a space, `?` or `#`; paths are matched without the query";
  } else {
    for (size_t at = path.find("/."); at != std::string_view::npos; at = path.find("/.", at + 1)) {
      const std::string_view rest = path.substr(at + 1);
      const std::string_view segment = rest.substr(0, rest.find('/'));
      if (segment == "." || segment == "..") problem = "has a `.` or `..` segment";
    }
  }
  if (problem.empty()) return true;
  reader.fail(value, "the path " + quoted(path) + " " + std::string(problem),
              "write it as clients send it: /like/this");
  return false;
}

}  // namespace sluice::admin
