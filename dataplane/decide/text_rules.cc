#include "dataplane/decide/text_rules.h"

#include <array>
#include <cstdint>

namespace sluice::decide {
namespace {

using ByteSet = std::array<bool, 256>;

constexpr ByteSet letters_digits_and(std::string_view others, bool upper_case) {
  ByteSet set{};
  for (unsigned c = '0'; c <= '9'; ++c) set[c] = true;
  for (unsigned c = 'a'; c <= 'z'; ++c) set[c] = true;
  for (unsigned c = 'A'; c <= 'Z'; ++c) set[c] = upper_case;
  for (const char c : others) set[static_cast<uint8_t>(c)] = true;
  return set;
}

constexpr ByteSet kTokenBytes = letters_digits_and("!#$%&'*+-.^_`|~", true);
constexpr ByteSet kHostBytes = letters_digits_and("-_.[]:", false);

bool all_in(std::string_view text, const ByteSet& set) {
  for (const char c : text) {
    if (!set[static_cast<uint8_t>(c)]) return false;
  }
  return true;
}

constexpr bool is_blank(char c) {
  return c == ' ' || c == '\t';
}

constexpr std::string_view kReservedFields[] = {
    "connection", "content-length", "host",   "keep-alive",        "proxy-connection", "te",
    "trailer",    "upgrade",        "expect", "transfer-encoding", "http2-settings",
};

}  // namespace

bool has_control_bytes(std::string_view text) {
  // No early exit, so that the compiler can use vector instructions: text blobs have megabytes.
  uint8_t found = 0;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    found |= static_cast<uint8_t>((byte < 0x20) | (byte == 0x7f));
  }
  return found != 0;
}

bool is_token(std::string_view text) {
  return !text.empty() && all_in(text, kTokenBytes);
}

bool is_field_value(std::string_view text) {
  if (text.empty()) return true;
  if (is_blank(text.front()) || is_blank(text.back())) return false;
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if ((byte < 0x20 && byte != '\t') || byte == 0x7f) return false;
  }
  return true;
}

bool equals_ignoring_case(std::string_view left, std::string_view lower_case_right) {
  if (left.size() != lower_case_right.size()) return false;
  for (size_t i = 0; i < left.size(); ++i) {
    const char c = left[i];
    const char lower = c >= 'A' && c <= 'Z' ? static_cast<char>(c + ('a' - 'A')) : c;
    if (lower != lower_case_right[i]) return false;
  }
  return true;
}

bool is_reserved_field(std::string_view name) {
  for (const std::string_view reserved : kReservedFields) {
    if (equals_ignoring_case(name, reserved)) return true;
  }
  return false;
}

bool is_host_name(std::string_view name, bool wildcard) {
  constexpr size_t kHostBytesMax = 255;
  if (wildcard) {
    if (name.empty() || name.front() != '.') return false;
    if (name.size() > kHostBytesMax) return false;
    name.remove_prefix(1);
  }
  if (name.empty() || name.size() > kHostBytesMax) return false;
  if (name.front() == '.' || name.back() == '.') return false;
  char previous = 0;
  for (const char c : name) {
    if (!kHostBytes[static_cast<uint8_t>(c)] || (c == '.' && previous == '.')) return false;
    previous = c;
  }
  return true;
}

}  // namespace sluice::decide
