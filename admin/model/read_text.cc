#include "admin/model/read_text.h"

#include <algorithm>
#include <cstdio>

#include "admin/model/utf8.h"

namespace sluice::admin {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";

// JSON when it begins like a JSON object. A YAML flow mapping begins with '{' too, but an unquoted key
// follows.
Format detect(std::string_view text) {
  const size_t brace = text.find_first_not_of(kWhiteSpace);
  if (brace == std::string_view::npos || text[brace] != '{') return Format::yaml;
  const size_t key = text.find_first_not_of(kWhiteSpace, brace + 1);
  if (key == std::string_view::npos) return Format::yaml;
  return text[key] == '"' || text[key] == '}' ? Format::json : Format::yaml;
}

std::optional<SyntaxError> check_bytes(std::string_view text) {
  const size_t offset = find_forbidden_byte(text);
  if (offset == std::string_view::npos) return std::nullopt;
  SyntaxError error;
  place_of_offset(text, offset, error.line, error.column);
  const auto byte = static_cast<uint8_t>(text[offset]);
  char hex[8];
  snprintf(hex, sizeof(hex), "0x%02x", byte);
  if (offset == 0 && byte >= 0xfe) {
    error.message = "the text is UTF-16, not UTF-8";
    error.fix = "save it as UTF-8";
  } else if (byte < 0x80 || utf8_sequence_bytes(text.substr(offset)) != 0) {
    error.message = std::string("control character ") + hex + " in the text";
    error.fix =
        "is this a configuration file? Remove the character, or write it as an escape in double quotes";
  } else {
    error.message = std::string("the byte ") + hex + " is not UTF-8";
    error.fix = "is this a configuration file? Save it as UTF-8";
  }
  return error;
}

}  // namespace

void place_of_offset(std::string_view text, size_t offset, uint32_t& line, uint32_t& column) {
  offset = std::min(offset, text.size());
  const std::string_view before = text.substr(0, offset);
  line = 1 + static_cast<uint32_t>(std::count(before.begin(), before.end(), '\n'));
  const size_t line_start = before.rfind('\n') + 1;  // npos + 1 = 0
  column = 1;
  for (size_t at = line_start; at < offset; ++at) {
    if ((static_cast<uint8_t>(text[at]) & 0xc0) != 0x80) ++column;
  }
}

std::optional<SyntaxError> read_text(std::string_view text, Format format, Tree& tree) {
  if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
  if (auto error = check_bytes(text)) return error;
  if (format == Format::detect) format = detect(text);
  auto error = format == Format::json ? read_json(text, tree) : read_yaml(text, tree);
  if (!error && (tree.root == nullptr || tree.root->kind == Node::Kind::null)) {
    error = SyntaxError{1, 1, "the configuration is empty", "it needs at least `listeners:` and `routes:`"};
  }
  return error;
}

}  // namespace sluice::admin
