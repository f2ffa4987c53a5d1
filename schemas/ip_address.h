// IP addresses as values, and the networks that lists of the configuration name. An IPv4 address that came in
// IPv6 clothes (::ffff:a.b.c.d) is the IPv4 address: a client has one name, whatever socket it came through.
// Pure; refuses zone identifiers, ports and host names.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "schemas/snapshot_generated.h"

namespace sluice {

inline constexpr size_t kIpTextBytes = 46;  // INET6_ADDRSTRLEN: the longest text and its NUL.

struct IpAddress {
  std::array<uint8_t, 16> bytes{};  // Family 4: the first four, the rest zero.
  uint8_t family = 0;               // 4, 6, or 0: not known.

  bool is_known() const { return family != 0; }
  bool operator==(const IpAddress&) const = default;
};

IpAddress ipv4_address(const uint8_t* four_bytes);
IpAddress ipv6_address(const uint8_t* sixteen_bytes);  // Mapped ones become family 4.

// The whole text, in any form RFC 4291 2.2 allows; IPv4 in four decimal parts without leading zeros.
std::optional<IpAddress> parse_ip_address(std::string_view text);

// Canonical (RFC 5952), without brackets. Returns the length; 0 when the family is not known.
uint8_t write_ip_address(const IpAddress& address, char (&text)[kIpTextBytes]);

bool contains(const wire::Network& network, const IpAddress& address);
bool any_contains(std::span<const wire::Network> networks, const IpAddress& address);

// Family 4 or 6, a prefix length that fits, and no bit set behind the prefix.
bool is_valid_network(const wire::Network& network);

}  // namespace sluice
