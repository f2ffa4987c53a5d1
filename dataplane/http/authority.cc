#include "dataplane/http/authority.h"

#include <cstdint>

#include "dataplane/http/byte_class.h"

namespace sluice::dataplane {
namespace {

bool is_ipv4(std::string_view text) {
  for (int part = 0; part < 4; ++part) {
    const size_t dot = text.find('.');
    if ((dot == std::string_view::npos) != (part == 3)) return false;
    const std::string_view digits = text.substr(0, dot);
    uint64_t value = 0;
    if (digits.size() > 3 || !parse_decimal(digits, 255, value)) return false;
    if (part < 3) text.remove_prefix(dot + 1);
  }
  return true;
}

// The groups of one side of "::" (or all of them): how many 16-bit groups, or -1.
int count_ipv6_groups(std::string_view text, bool may_end_in_ipv4) {
  if (text.empty()) return 0;
  int groups = 0;
  for (;;) {
    const size_t colon = text.find(':');
    const std::string_view group = text.substr(0, colon);
    if (colon == std::string_view::npos && may_end_in_ipv4 && group.find('.') != std::string_view::npos) {
      return is_ipv4(group) ? groups + 2 : -1;
    }
    if (group.empty() || group.size() > 4 || span_of(group, kHexByte) != group.size()) return -1;
    ++groups;
    if (colon == std::string_view::npos) return groups;
    text.remove_prefix(colon + 1);
  }
}

bool is_ipv6(std::string_view text) {
  const size_t gap = text.find("::");
  if (gap == std::string_view::npos) return count_ipv6_groups(text, true) == 8;
  const int before = count_ipv6_groups(text.substr(0, gap), false);
  const int after = count_ipv6_groups(text.substr(gap + 2), true);
  return before >= 0 && after >= 0 && before + after <= 7;
}

bool is_reg_name(std::string_view text) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (is_byte(text[at], kRegNameByte)) continue;
    const bool is_encoded = text[at] == '%' && text.size() - at > 2 && is_byte(text[at + 1], kHexByte) &&
                            is_byte(text[at + 2], kHexByte);
    if (!is_encoded) return false;
    at += 2;
  }
  return !text.empty();
}

}  // namespace

bool parse_authority(std::string_view text, Authority& authority) {
  size_t host_length;
  if (!text.empty() && text.front() == '[') {
    const size_t bracket = text.find(']');
    if (bracket == std::string_view::npos || !is_ipv6(text.substr(1, bracket - 1))) return false;
    host_length = bracket + 1;
  } else {
    host_length = text.find(':') == std::string_view::npos ? text.size() : text.find(':');
    if (!is_reg_name(text.substr(0, host_length))) return false;
  }
  authority.host = text.substr(0, host_length);
  authority.port = {};
  if (host_length == text.size()) return true;
  if (text[host_length] != ':') return false;
  authority.port = text.substr(host_length + 1);
  uint64_t port = 0;
  // RFC 3986 3.2.3 allows "host:" with nothing behind it. Five digits hold every port.
  return authority.port.empty() || (authority.port.size() <= 5 && parse_decimal(authority.port, 65535, port));
}

bool same_authority(const Authority& left, const Authority& right, bool is_https) {
  const auto port_of = [is_https](const Authority& authority) {
    uint64_t port = is_https ? 443 : 80;
    if (!authority.port.empty()) parse_decimal(authority.port, 65535, port);
    return port;
  };
  return equals_ignoring_case(left.host, right.host) && port_of(left) == port_of(right);
}

}  // namespace sluice::dataplane
