#include "admin/model/value.h"

#include <algorithm>
#include <charconv>

#include "admin/model/utf8.h"
#include "dataplane/decide/pattern.h"
#include "dataplane/decide/snapshot.h"

namespace sluice::admin {
namespace {

std::string_view kind_name(Node::Kind kind) {
  switch (kind) {
    case Node::Kind::plain:
    case Node::Kind::quoted:
      return "a text";
    case Node::Kind::literal:
      return "a number or a truth value";
    case Node::Kind::null:
      return "nothing";
    case Node::Kind::sequence:
      return "a list";
    case Node::Kind::mapping:
      return "a mapping";
  }
  return "";
}

bool is_name_byte(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9') ||
         byte == '.' || byte == '_' || byte == '-';
}

bool is_variable_name(std::string_view name) {
  return !name.empty() && std::all_of(name.begin(), name.end(), [](char byte) {
    return is_name_byte(byte) && byte != '.' && byte != '-';
  });
}

}  // namespace

std::string quoted(std::string_view text) {
  constexpr size_t kShownMax = 80;
  std::string result = "\"";
  result += text.substr(0, kShownMax);
  return result + (text.size() > kShownMax ? "…\"" : "\"");
}

std::string json_pointer(const Value& value) {
  if (value.parent == nullptr) return "";
  std::string pointer = json_pointer(*value.parent) + "/";
  if (value.key.data() == nullptr) return pointer + std::to_string(value.index);
  for (const char byte : value.key) {
    if (byte == '~') {
      pointer += "~0";
    } else if (byte == '/') {
      pointer += "~1";
    } else {
      pointer += byte;
    }
  }
  return pointer;
}

void ValueReader::fail(const Value& value, std::string message, std::string fix) {
  errors_.add(place(value), json_pointer(value), std::move(message), std::move(fix));
}

std::optional<std::string_view> ValueReader::text(const Value& value) {
  const Node& node = *value.node;
  if (node.kind == Node::Kind::literal || node.kind == Node::Kind::null || !node.is_scalar()) {
    fail(value, std::string(kind_name(node.kind)) + " where a text belongs",
         node.kind == Node::Kind::literal ? "put it in quotes" : "write a text");
    return std::nullopt;
  }
  std::string_view text = node.text();
  if (text.find('$') != std::string_view::npos) {
    const auto expanded = expand(value, text, Report::errors);
    if (!expanded) return std::nullopt;
    text = *expanded;
  }
  for (const char byte : text) {
    const bool control = static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f;
    if (control && byte != '\n' && byte != '\t' && byte != '\r') {
      fail(value, "a control character in a text", "remove it");
      return std::nullopt;
    }
  }
  return text;
}

std::optional<std::string> ValueReader::file_text(const Value& value, uint64_t bytes_max) {
  const auto path = word(value);
  if (!path) return std::nullopt;
  if (!options_.read_file) {
    fail(value, "files are not read here", "write the content itself");
    return std::nullopt;
  }
  auto text = options_.read_file(std::string(*path), bytes_max, file_name_);
  if (!text) {
    fail(value, "cannot read " + quoted(*path) + ": " + text.error(), "paths are relative to this file");
    return std::nullopt;
  }
  if (find_forbidden_byte(*text) != std::string_view::npos) {
    fail(value, quoted(*path) + " is not a text", "UTF-8 without control characters");
    return std::nullopt;
  }
  return *std::move(text);
}

std::optional<std::string_view> ValueReader::word(const Value& value) {
  const auto text = this->text(value);
  if (!text) return std::nullopt;
  if (text->empty()) {
    fail(value, "an empty text", "write a value or remove the key");
    return std::nullopt;
  }
  if (text->find_first_of("\n\r\t") != std::string_view::npos) {
    fail(value, "a line break or tab in a one-line text", "write it on one line");
    return std::nullopt;
  }
  return text;
}

std::optional<std::string_view> ValueReader::name(const Value& value) {
  constexpr size_t kNameBytesMax = 128;
  const auto text = word(value);
  if (!text) return std::nullopt;
  if (text->size() > kNameBytesMax) {
    fail(value, "the name has " + std::to_string(text->size()) + " bytes", "128 at most");
    return std::nullopt;
  }
  if (!std::all_of(text->begin(), text->end(), is_name_byte)) {
    fail(value, quoted(*text) + " is not a name", "use letters, digits, `.`, `_` and `-`");
    return std::nullopt;
  }
  return text;
}

bool ValueReader::is_word(const Value& value, std::string_view word) {
  const Node& node = *value.node;
  if (node.kind != Node::Kind::plain && node.kind != Node::Kind::quoted) return false;
  if (node.text().find('$') == std::string_view::npos) return node.text() == word;
  return expand(value, node.text(), Report::nothing) == word;
}

bool ValueReader::want_few(const Value& value, uint32_t count) {
  constexpr uint32_t kItemsMax = 65'535;
  constexpr uint32_t kPairsMax = 256;
  const uint32_t limit = value.is_mapping() ? kPairsMax : kItemsMax;
  if (count <= limit) return true;
  fail(value, std::to_string(count) + " entries", std::to_string(limit) + " at most");
  return false;
}

bool ValueReader::pattern(const Value& value, std::string_view expression) {
  const decide::SnapshotLimits limits;
  if (patterns_.contains(expression)) return true;
  if (patterns_.size() >= limits.regexes_max) {
    fail(value, "more than " + std::to_string(limits.regexes_max) + " different regular expressions",
         "use path_prefix where it does");
    return false;
  }
  const auto compiled = decide::Pattern::compile(expression, limits.regex_program_bytes_max);
  if (!compiled) {
    fail(value, quoted(expression) + ": " + compiled.error(), "RE2 syntax, matched against the whole text");
    return false;
  }
  patterns_.emplace(expression);
  return true;
}

bool ValueReader::want_mapping(const Value& value) {
  if (value.is_mapping()) return true;
  fail(value, std::string(kind_name(value.node->kind)) + " where a mapping (key: value) belongs",
       value.node->kind == Node::Kind::null ? "write its keys, or remove it" : "");
  return false;
}

bool ValueReader::want_sequence(const Value& value) {
  if (value.is_sequence()) return true;
  fail(value, std::string(kind_name(value.node->kind)) + " where a list belongs",
       "write [..], or `- ` items");
  return false;
}

std::optional<std::string_view> ValueReader::expand(const Value& value, std::string_view text,
                                                    Report report) {
  const auto refuse = [&](std::string message, std::string fix) {
    if (report == Report::errors) fail(value, std::move(message), std::move(fix));
    return std::nullopt;
  };
  std::string result;
  while (!text.empty()) {
    const size_t dollar = text.find('$');
    result += text.substr(0, dollar);
    if (dollar == std::string_view::npos) break;
    text.remove_prefix(dollar + 1);
    if (text.starts_with('$')) {
      result += '$';
      text.remove_prefix(1);
      continue;
    }
    if (!text.starts_with('{')) {
      result += '$';  // "$remote_addr" in a log format means itself.
      continue;
    }
    const size_t end = text.find('}');
    if (end == std::string_view::npos) {
      return refuse("`${` without `}`", "close it, or write `$$` for a dollar sign");
    }
    std::string_view name = text.substr(1, end - 1);
    std::optional<std::string> found;
    if (const size_t separator = name.find(":-"); separator != std::string_view::npos) {
      found = name.substr(separator + 2);
      name = name.substr(0, separator);
    }
    text.remove_prefix(end + 1);
    if (!is_variable_name(name)) {
      return refuse(quoted(name) + " is not the name of an environment variable",
                    "letters, digits and `_`; write `$${` for a literal `${`");
    }
    if (!options_.environment) {
      return refuse("environment variables are not available here",
                    "write the value itself, or `$$` for a dollar sign");
    }
    // As in a shell, `:-` also stands in for an empty variable.
    auto set = options_.environment(std::string(name));
    if (set && (!set->empty() || !found)) found = std::move(set);
    if (!found) {
      return refuse("the environment variable " + std::string(name) + " is not set",
                    "set it, or give a default: ${" + std::string(name) + ":-…}");
    }
    result += *found;
  }
  return expanded_.emplace_back(std::move(result));
}

bool ValueReader::check_free_key(const Value& mapping, const Node& key) {
  const Value at{&key, &mapping, key.text(), 0};
  if (key.kind != Node::Kind::plain && key.kind != Node::Kind::quoted) {
    fail(at, "a key must be a text", "");
    return false;
  }
  for (const Node* other = mapping.node->first; other != &key; other = other->next->next) {
    const std::string_view left = other->text();
    const std::string_view right = key.text();
    if (other->is_scalar() && left.size() == right.size() &&
        std::equal(left.begin(), left.end(), right.begin(),
                   [](char a, char b) { return tolower(a) == tolower(b); })) {
      fail(at, "the key " + quoted(key.text()) + " is there twice",
           "keep one; the other is at line " + std::to_string(other->line));
      return false;
    }
  }
  return true;
}

}  // namespace sluice::admin
