#include "dataplane/http/basic_credentials.h"

#include <algorithm>

namespace sluice::dataplane {
namespace {

constexpr uint32_t kNoDigit = 64;

uint32_t digit_of(char c) {
  if (c >= 'A' && c <= 'Z') return static_cast<uint32_t>(c - 'A');
  if (c >= 'a' && c <= 'z') return static_cast<uint32_t>(c - 'a') + 26;
  if (c >= '0' && c <= '9') return static_cast<uint32_t>(c - '0') + 52;
  return c == '+' ? 62 : c == '/' ? 63 : kNoDigit;
}

// RFC 4648 4. Returns the length, or -1.
int decode_base64(std::string_view text, char* out, uint32_t room) {
  if (text.size() % 4 != 0) return -1;
  const std::size_t padding = text.ends_with("==") ? 2 : text.ends_with('=') ? 1 : 0;
  text.remove_suffix(padding);
  const std::size_t length = text.size() * 6 / 8;
  if (length > room) return -1;
  uint32_t bits = 0;
  uint32_t bit_count = 0;
  std::size_t written = 0;
  for (const char c : text) {
    const uint32_t digit = digit_of(c);
    if (digit == kNoDigit) return -1;
    bits = bits << 6 | digit;
    bit_count += 6;
    if (bit_count < 8) continue;
    bit_count -= 8;
    out[written++] = static_cast<char>(bits >> bit_count & 0xff);
  }
  const bool has_rest = (bits & ((1u << bit_count) - 1)) != 0;  // Bits behind the last byte are zero.
  return has_rest ? -1 : static_cast<int>(written);
}

bool is_basic(std::string_view scheme) {
  constexpr std::string_view kScheme = "basic";
  return scheme.size() == kScheme.size() &&
         std::equal(scheme.begin(), scheme.end(), kScheme.begin(),
                    [](char left, char right) { return (left | 0x20) == right; });
}

}  // namespace

bool BasicCredentials::parse(std::string_view value) {
  const std::size_t space = value.find(' ');
  if (space == std::string_view::npos || !is_basic(value.substr(0, space))) return false;
  value.remove_prefix(space);
  while (value.starts_with(' ')) value.remove_prefix(1);
  const int length = decode_base64(value, text_, kBytesMax);
  if (length < 0) return false;
  length_ = static_cast<uint32_t>(length);
  const std::string_view text(text_, length_);
  const auto is_control = [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; };
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos || std::any_of(text.begin(), text.end(), is_control)) return false;
  user_length_ = static_cast<uint32_t>(colon);
  return true;
}

}  // namespace sluice::dataplane
