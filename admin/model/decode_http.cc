// What an HTTP route matches: hosts, path, methods, header fields.
#include <algorithm>

#include "admin/model/decode.h"
#include "dataplane/decide/text_rules.h"

namespace sluice::admin {
namespace {

constexpr size_t kHostsMax = 10'000;
constexpr std::string_view kReservedPrefix = "/_sluice";

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& byte : lower) {
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
  }
  return lower;
}

std::optional<std::string> decode_host(ValueReader& reader, const Value& value) {
  const auto text = reader.word(value);
  if (!text) return std::nullopt;
  std::string host = lower_case(*text);
  if (host.size() > 1 && host.back() == '.') host.pop_back();
  if (host == "*") return host;
  const bool wildcard = host.starts_with("*.");
  if (decide::is_host_name(wildcard ? std::string_view(host).substr(1) : host, wildcard)) {
    const bool has_port = host.find(':') != std::string::npos && !host.starts_with('[');
    if (!has_port && host.find("]:") == std::string::npos) return host;
    reader.fail(value, quoted(*text) + " has a port, but hosts match on every port", "write the name alone");
    return std::nullopt;
  }
  if (host.find('*') != std::string::npos) {
    reader.fail(value, quoted(*text) + " has a wildcard in the middle",
                "`*` stands for whole labels in front: *.example.com");
  } else if (host.find('/') != std::string::npos) {
    reader.fail(value, quoted(*text) + " is not a host name",
                "leave scheme and path out; paths go into `path_prefix`");
  } else {
    reader.fail(value, quoted(*text) + " is not a host name",
                "letters, digits, `-`, `_` and dots; names in other scripts as xn--…");
  }
  return std::nullopt;
}

bool check_not_reserved(ValueReader& reader, const Value& value, std::string_view path) {
  const bool reserved = path.starts_with(kReservedPrefix) &&
                        (path.size() == kReservedPrefix.size() || path[kReservedPrefix.size()] == '/');
  if (reserved) {
    reader.fail(value, "paths under /_sluice/ are reserved for the gateway's own health pages",
                "choose another path");
  }
  return !reserved;
}

void decode_path_regex(ValueReader& reader, const Value& value, RouteMatch& match) {
  const auto text = reader.word(value);
  if (!text || !reader.pattern(value, *text)) return;
  std::string_view start = *text;
  while (start.starts_with('^') || start.starts_with('(') || start.starts_with('\\')) start.remove_prefix(1);
  if (start.starts_with(kReservedPrefix) && !check_not_reserved(reader, value, kReservedPrefix)) return;
  match.path_kind = wire::PathKind::regex;
  match.path = *text;
}

void decode_methods(ValueReader& reader, const Value& value, RouteMatch& match) {
  constexpr size_t kMethodBytesMax = 64;
  reader.for_each(value, [&](const Value& item) {
    const auto method = reader.word(item);
    if (!method) return;
    const bool has_lower =
        std::any_of(method->begin(), method->end(), [](char byte) { return byte >= 'a' && byte <= 'z'; });
    if (!decide::is_token(*method) || has_lower || method->size() > kMethodBytesMax) {
      reader.fail(item, quoted(*method) + " is not a method", "write it in capitals: GET");
    } else if (std::find(match.methods.begin(), match.methods.end(), *method) != match.methods.end()) {
      reader.fail(item, "the method " + quoted(*method) + " is there twice", "remove one");
    } else {
      match.methods.emplace_back(*method);
    }
  });
}

void decode_header_match_kind(ValueReader& reader, const Value& value, HeaderMatch& match) {
  enum { kExact, kPrefix, kRegex, kPresent, kAbsent };
  constexpr std::string_view kKeys[] = {"exact", "prefix", "regex", "present", "absent"};
  Fields fields(reader, value, "a header match", kKeys);
  uint32_t given = 0;
  for (size_t kind = kExact; kind <= kAbsent; ++kind) {
    const Value field = fields[kind];
    if (!field) continue;
    ++given;
    match.kind = static_cast<wire::HeaderMatchKind>(kind);
    if (kind == kPresent || kind == kAbsent) {
      if (field.node->text() != "true")
        reader.fail(field, "only `true` can be written here",
                    "the opposite has a key of its own: present, absent");
    } else if (const auto text = reader.text(field)) {
      if (kind != kRegex || reader.pattern(field, *text)) match.value = *text;
    }
  }
  if (given != 1 && value.is_mapping())
    reader.fail(value, "a header match has exactly one condition", "write one of " + join_words(kKeys));
}

void decode_header_matches(ValueReader& reader, const Value& value, RouteMatch& match) {
  reader.for_each_pair(value, [&](std::string_view name, const Value& item) {
    HeaderMatch header;
    header.name = lower_case(name);
    if (!decide::is_token(name)) {
      reader.fail(item, quoted(name) + " is not a header field name", "letters, digits and `-`");
      return;
    }
    if (item.is_mapping()) {
      decode_header_match_kind(reader, item, header);
    } else if (const auto text = reader.text(item)) {
      header.value = *text;
    }
    if (header.value.size() > kHeaderValueBytesMax ||
        header.value.find_first_of("\r\n\t") != std::string::npos) {
      reader.fail(item, "the value has a control character or more than 8192 bytes", "write it on one line");
      return;
    }
    match.headers.push_back(std::move(header));
  });
}

}  // namespace

RouteMatch decode_match(ValueReader& reader, const Value& value) {
  enum { kHosts, kPath, kPathPrefix, kPathRegex, kMethods, kHeaders };
  constexpr std::string_view kKeys[] = {"hosts", "path", "path_prefix", "path_regex", "methods", "headers"};
  Fields fields(reader, value, "match", kKeys);
  RouteMatch match;
  if (const Value field = fields[kHosts]) {
    if (field.is_sequence() && (field.node->size == 0 || field.node->size > kHostsMax)) {
      reader.fail(field, "hosts has " + std::to_string(field.node->size) + " names",
                  "1 to 10000; remove the key to match any host");
    } else {
      reader.for_each(field, [&](const Value& item) {
        if (auto host = decode_host(reader, item)) match.hosts.push_back(*std::move(host));
      });
    }
  }
  const Value paths[] = {fields[kPath], fields[kPathPrefix], fields[kPathRegex]};
  const Value* given = nullptr;
  for (const Value& path : paths) {
    if (!path) continue;
    if (given != nullptr)
      reader.fail(path, "a match has one of path, path_prefix and path_regex, not two", "remove one");
    given = &path;
  }
  if (given == &paths[2]) {
    decode_path_regex(reader, paths[2], match);
  } else if (given != nullptr) {
    const auto text = reader.word(*given);
    if (text && check_path(reader, *given, *text) && check_not_reserved(reader, *given, *text)) {
      match.path_kind = given == &paths[0] ? wire::PathKind::exact : wire::PathKind::prefix;
      match.path = *text;
    }
  }
  if (const Value field = fields[kMethods]) decode_methods(reader, field, match);
  if (const Value field = fields[kHeaders]) decode_header_matches(reader, field, match);
  return match;
}

}  // namespace sluice::admin
