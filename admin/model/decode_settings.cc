#include "admin/model/decode.h"
#include "schemas/access_log_variables.h"

namespace sluice::admin {
namespace {

constexpr uint32_t kWorkersMax = 256;       // What the data plane's shelf and stats page have room for.
constexpr uint32_t kHeaderFieldsMax = 256;  // What a parsed head can hold.
// A head must fit into one 64 KiB receive buffer with its headroom.
constexpr uint64_t kHeaderBytesMin = 1024;
constexpr uint64_t kHeaderBytesMax = 60 * 1024;
constexpr uint64_t kUriBytesMin = 64;
constexpr uint64_t kMemoryBytesMin = 4ULL << 20;

bool is_known_variable(std::string_view name) {
  for (const std::string_view known : kAccessLogVariables) {
    if (known == name) return true;
  }
  return false;
}

// The same grammar as the data plane's: $name, ${name}, $$ for a dollar sign.
bool check_template(ValueReader& reader, const Value& value, std::string_view text) {
  for (size_t at = text.find('$'); at != std::string_view::npos; at = text.find('$', at)) {
    ++at;
    if (at < text.size() && text[at] == '$') {
      ++at;
      continue;
    }
    const bool braces = at < text.size() && text[at] == '{';
    const size_t begin = braces ? at + 1 : at;
    size_t end = begin;
    while (end < text.size() && ((text[end] >= 'a' && text[end] <= 'z') || text[end] == '_' ||
                                 (text[end] >= '0' && text[end] <= '9'))) {
      ++end;
    }
    const std::string_view name = text.substr(begin, end - begin);
    if ((braces && (end == text.size() || text[end] != '}')) || !is_known_variable(name)) {
      const std::string_view meant = nearest_word(name, kAccessLogVariables);
      reader.fail(value, "the access log has no variable $" + std::string(name),
                  meant.empty() ? "it has " + join_words(kAccessLogVariables)
                                : "did you mean $" + std::string(meant) + "?");
      return false;
    }
    at = end;
  }
  return true;
}

void decode_log_format(ValueReader& reader, const Value& value, AccessLog& log) {
  const auto text = reader.word(value);
  if (!text) return;
  constexpr std::string_view kFormats[] = {"combined", "json"};
  if (*text == kFormats[0]) {
    log.format = wire::LogFormat::combined;
  } else if (*text == kFormats[1]) {
    log.format = wire::LogFormat::json;
  } else if (text->find('$') == std::string_view::npos) {
    reader.fail(value, quoted(*text) + " is not a log format",
                "write combined, json, or a text with variables: \"$remote_addr $request $status\"");
  } else if (check_template(reader, value, *text)) {
    log.format = wire::LogFormat::custom;
    log.template_text = *text;
  }
}

}  // namespace

void decode_workers(ValueReader& reader, const Value& value, Config& config) {
  if (reader.is_word(value, "auto")) {
    config.workers = 0;
  } else if (const auto count = reader.integer(value, 1, kWorkersMax)) {
    config.workers = static_cast<uint32_t>(*count);
  }
}

void decode_data_dir(ValueReader& reader, const Value& value, Config& config) {
  if (const auto text = reader.word(value)) config.data_dir = *text;
}

void decode_admin(ValueReader& reader, const Value& value, Admin& admin) {
  enum { kListen, kStore };
  constexpr std::string_view kKeys[] = {"listen", "store"};
  constexpr std::string_view kLater[] = {"tls", "token", "tokens", "ui"};
  Fields fields(reader, value, "admin", kKeys, kLater);
  if (const Value listen = fields[kListen]) {
    if (const auto endpoint = decode_endpoint(reader, listen, true)) {
      if (!endpoint->ip || !endpoint->ip->is_loopback()) {
        reader.fail(listen,
                    "the admin interface on " + to_text(*endpoint) +
                        " would need TLS and a token, which this version does not have",
                    "use a loopback address: 127.0.0.1:" + std::to_string(endpoint->port));
      } else {
        admin.listen = *endpoint;
      }
    }
  }
  if (const Value store = fields[kStore]) {
    const auto text = reader.word(store);
    if (text && text->starts_with("postgres")) {
      reader.fail(store, "PostgreSQL is not supported by this version",
                  "write `store: sqlite`, or remove it");
    } else if (text && *text != "sqlite") {
      reader.fail(store, quoted(*text) + " is not a store", "write `store: sqlite`, or remove it");
    }
  }
}

void decode_limits(ValueReader& reader, const Value& value, Limits& limits) {
  enum {
    kHeaderBytes,
    kHeaderFields,
    kUriBytes,
    kBodyBytes,
    kConnections,
    kConnectionsPerIp,
    kRateLimitPerIp,
    kBodyRate,
    kMemory
  };
  constexpr std::string_view kKeys[] = {"header_bytes",      "header_fields", "uri_bytes",
                                        "body_bytes",        "connections",   "connections_per_ip",
                                        "rate_limit_per_ip", "body_rate",     "memory"};
  Fields fields(reader, value, "limits", kKeys);
  if (const Value field = fields[kHeaderBytes]) {
    const auto bytes = reader.bytes(field, kHeaderBytesMin, kHeaderBytesMax);
    if (bytes) limits.header_bytes = static_cast<uint32_t>(*bytes);
  }
  if (const Value field = fields[kHeaderFields]) {
    const auto count = reader.integer(field, 1, kHeaderFieldsMax);
    if (count) limits.header_fields = static_cast<uint32_t>(*count);
  }
  if (const Value field = fields[kUriBytes]) {
    const auto bytes = reader.bytes(field, kUriBytesMin, kHeaderBytesMax);
    if (bytes) limits.uri_bytes = static_cast<uint32_t>(*bytes);
  }
  if (limits.uri_bytes > limits.header_bytes) {
    const Value place = fields.has(kUriBytes) ? fields[kUriBytes] : fields[kHeaderBytes];
    reader.fail(place, "uri_bytes is larger than header_bytes, which counts the whole head",
                "raise header_bytes or lower uri_bytes");
  }
  if (const Value field = fields[kBodyBytes]) {
    if (const auto bytes = decode_body_bytes(reader, field)) limits.body_bytes = *bytes;
  }
  if (const Value field = fields[kConnections]) {
    if (reader.is_word(field, "auto")) {
      limits.connections = 0;
    } else if (const auto count = reader.integer(field, 1, UINT32_MAX)) {
      limits.connections = static_cast<uint32_t>(*count);
    }
  }
  if (const Value field = fields[kConnectionsPerIp]) {
    const auto count = reader.integer(field, 1, UINT32_MAX);
    if (count) limits.connections_per_ip = static_cast<uint32_t>(*count);
  }
  if (const Value field = fields[kRateLimitPerIp]) {
    limits.rate_limit_per_ip = decode_rate_limit(reader, field, "rate_limit_per_ip", false);
  }
  if (const Value field = fields[kBodyRate]) limits.body_rate = decode_body_rate(reader, field);
  if (const Value field = fields[kMemory]) {
    if (reader.is_word(field, "auto")) {
      limits.memory_bytes = 0;
    } else if (const auto bytes = reader.bytes(field, kMemoryBytesMin, 1ULL << 50)) {
      limits.memory_bytes = *bytes;
    }
  }
}

void decode_access_log(ValueReader& reader, const Value& value, AccessLog& log) {
  if (reader.is_word(value, "off")) {
    log = {wire::LogFormat::off, "", ""};
    return;
  }
  if (value.is_scalar()) {
    reader.fail(value, "access_log is neither `off` nor a mapping",
                "write `access_log: off` or `access_log: {path: stdout, format: combined}`");
    return;
  }
  enum { kPath, kFormat };
  constexpr std::string_view kKeys[] = {"path", "format"};
  Fields fields(reader, value, "access_log", kKeys);
  constexpr size_t kPathBytesMax = 1024;
  if (const Value field = fields[kPath]) {
    const auto path = reader.word(field);
    if (path && path->size() > kPathBytesMax) {
      reader.fail(field, "the path has " + std::to_string(path->size()) + " bytes", "1024 at most");
    } else if (path) {
      log.path = *path;
    }
  }
  if (const Value field = fields[kFormat]) decode_log_format(reader, field, log);
}

void decode_retries(ValueReader& reader, const Value& value, Retries& retries) {
  enum { kAttempts, kBudget };
  constexpr std::string_view kKeys[] = {"attempts", "budget"};
  Fields fields(reader, value, "retries", kKeys);
  if (const Value field = fields[kAttempts]) {
    if (const auto attempts = decode_attempts(reader, field)) retries.attempts = *attempts;
  }
  if (const Value field = fields[kBudget]) {
    if (const auto budget = reader.percent(field)) retries.budget_percent = *budget;
  }
}

void decode_gateway(ValueReader& reader, const Value& value, Gateway& gateway) {
  enum { kName, kZone, kGroups };
  constexpr std::string_view kKeys[] = {"name", "zone", "groups"};
  Fields fields(reader, value, "gateway", kKeys);
  if (const Value field = fields[kName]) {
    if (const auto name = reader.name(field)) gateway.name = *name;
  }
  if (const Value field = fields[kZone]) {
    if (const auto zone = reader.name(field)) gateway.zone = *zone;
  }
  if (const Value field = fields[kGroups]) {
    reader.for_each(field, [&](const Value& item) {
      if (const auto group = reader.name(item)) gateway.groups.emplace_back(*group);
    });
  }
}

}  // namespace sluice::admin
