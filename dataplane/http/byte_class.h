// Which bytes may stand where in a head (RFC 9110 5.6.2, 5.5; RFC 3986 2.2, 2.3), and comparing without
// case. The table is the reference; head_scan.cc holds the vector forms that must agree with it.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace sluice::dataplane {

enum ByteClass : uint8_t {
  kTokenByte = 1,   // Method, field name, connection option.
  kTargetByte = 2,  // Request target: visible ASCII but '#'. The rest of RFC 3986 is not enforced: browsers
                    // send '|' and '{' raw, and no origin frames by them.
  kTextByte = 4,    // Field value, reason phrase, chunk extension: HTAB, SP, visible, obs-text.
  kHexByte = 8,
  kRegNameByte = 16  // unreserved and sub-delims, but ',' (origins that split Host at it see two hosts).
};

consteval std::array<uint8_t, 256> make_byte_classes() {
  std::array<uint8_t, 256> classes{};
  for (int byte = 0; byte < 256; ++byte) {
    const bool is_digit = byte >= '0' && byte <= '9';
    const bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
    const auto is_one_of = [byte](std::string_view set) {
      return byte != 0 && byte < 0x80 && set.find(static_cast<char>(byte)) != std::string_view::npos;
    };
    uint8_t mask = 0;
    if (is_digit || is_letter || is_one_of("!#$%&'*+-.^_`|~")) mask |= kTokenByte;
    if (byte > 0x20 && byte < 0x7f && byte != '#') mask |= kTargetByte;
    if (byte == '\t' || (byte >= 0x20 && byte != 0x7f)) mask |= kTextByte;
    if (is_digit || (byte >= 'a' && byte <= 'f') || (byte >= 'A' && byte <= 'F')) mask |= kHexByte;
    if (is_digit || is_letter || is_one_of("-._~!$&'()*+;=")) mask |= kRegNameByte;
    classes[static_cast<size_t>(byte)] = mask;
  }
  return classes;
}
inline constexpr std::array<uint8_t, 256> kByteClasses = make_byte_classes();

constexpr bool is_byte(char byte, ByteClass wanted) {
  return (kByteClasses[static_cast<uint8_t>(byte)] & wanted) != 0;
}

// How many bytes from the start of `text` are of the class.
constexpr size_t span_of(std::string_view text, ByteClass wanted) {
  size_t length = 0;
  while (length < text.size() && is_byte(text[length], wanted)) ++length;
  return length;
}

constexpr bool is_digit(char byte) {
  return byte >= '0' && byte <= '9';
}

constexpr char to_lower(char byte) {
  return byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte | 0x20) : byte;
}

// Requires: is_byte(byte, kHexByte).
constexpr uint8_t hex_value(char byte) {
  return static_cast<uint8_t>(is_digit(byte) ? byte - '0' : (byte | 0x20) - 'a' + 10);
}

constexpr bool equals_ignoring_case(std::string_view left, std::string_view right) {
  if (left.size() != right.size()) return false;
  for (size_t i = 0; i < left.size(); ++i) {
    if (to_lower(left[i]) != to_lower(right[i])) return false;
  }
  return true;
}

constexpr bool is_blank(char byte) {
  return byte == ' ' || byte == '\t';
}

// Only SP and HTAB: an origin that trims more (0xa0, 0x85, VT) must see what we judged.
constexpr std::string_view trim_blanks(std::string_view text) {
  while (!text.empty() && is_blank(text.front())) text.remove_prefix(1);
  while (!text.empty() && is_blank(text.back())) text.remove_suffix(1);
  return text;
}

// Takes the next element off a comma-separated list, trimmed; it may be empty.
constexpr std::string_view take_list_element(std::string_view& rest) {
  const size_t comma = rest.find(',');
  const std::string_view element = rest.substr(0, comma);
  rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
  return trim_blanks(element);
}

// 1*DIGIT up to `max`: no sign, no blank, no list.
constexpr bool parse_decimal(std::string_view text, uint64_t max, uint64_t& value) {
  if (text.empty()) return false;
  uint64_t sum = 0;
  for (const char byte : text) {
    if (!is_digit(byte)) return false;
    const uint64_t digit = static_cast<uint64_t>(byte - '0');
    if (sum > (max - digit) / 10) return false;
    sum = sum * 10 + digit;
  }
  value = sum;
  return true;
}

}  // namespace sluice::dataplane
