#include "admin/model/utf8.h"

#include <array>

namespace sluice::admin {
namespace {

constexpr std::array<bool, 256> plain_bytes() {
  std::array<bool, 256> plain{};
  for (int byte = 0x20; byte < 0x7f; ++byte) plain[byte] = true;
  plain['\t'] = plain['\n'] = plain['\r'] = true;
  return plain;
}
constexpr std::array<bool, 256> kPlain = plain_bytes();

bool is_continuation(std::string_view text, size_t at) {
  return at < text.size() && (static_cast<uint8_t>(text[at]) & 0xc0) == 0x80;
}

}  // namespace

uint32_t utf8_sequence_bytes(std::string_view text) {
  const auto first = static_cast<uint8_t>(text[0]);
  if (first < 0x80) return 1;
  if (first < 0xc2 || first > 0xf4 || !is_continuation(text, 1)) return 0;
  if (first < 0xe0) return 2;
  const auto second = static_cast<uint8_t>(text[1]);
  if (first == 0xe0 && second < 0xa0) return 0;  // Overlong.
  if (first == 0xed && second > 0x9f) return 0;  // Surrogates.
  if (!is_continuation(text, 2)) return 0;
  if (first < 0xf0) return 3;
  if (first == 0xf0 && second < 0x90) return 0;  // Overlong.
  if (first == 0xf4 && second > 0x8f) return 0;  // Above U+10FFFF.
  return is_continuation(text, 3) ? 4 : 0;
}

size_t find_forbidden_byte(std::string_view text) {
  size_t at = 0;
  while (at < text.size()) {
    const auto byte = static_cast<uint8_t>(text[at]);
    if (kPlain[byte]) [[likely]] {
      ++at;
      continue;
    }
    if (byte < 0x80) return at;
    const uint32_t length = utf8_sequence_bytes(text.substr(at));
    if (length == 0) return at;
    if (byte == 0xc2 && static_cast<uint8_t>(text[at + 1]) < 0xa0) return at;  // C1 control characters.
    at += length;
  }
  return std::string_view::npos;
}

}  // namespace sluice::admin
