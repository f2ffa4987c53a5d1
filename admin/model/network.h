// IP networks as the configuration writes them: "10.0.0.0/8", "2001:db8::/32", or one address. Pure.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "admin/model/address.h"

namespace sluice::admin {

struct Network {
  IpAddress ip;  // Bits behind the prefix are zero.
  uint8_t prefix_length = 0;
  bool operator==(const Network&) const = default;
};

// The error is what to write instead.
std::expected<Network, std::string> parse_network(std::string_view text);
std::string to_text(const Network& network);  // Canonical; an address alone without its length.

}  // namespace sluice::admin
