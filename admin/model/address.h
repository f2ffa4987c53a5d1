// Addresses as the configuration has them: an IP literal or a host name, and a port. Pure: names are
// resolved by whoever holds a Resolver (resolve.h), never here.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::admin {

struct IpAddress {
  std::array<uint8_t, 16> bytes{};  // Family 4 uses the first four.
  uint8_t family = 4;               // 4 or 6.

  bool is_loopback() const;
  bool is_any() const;  // 0.0.0.0 or [::]
  bool operator==(const IpAddress&) const = default;
};

std::optional<IpAddress> parse_ip(std::string_view text);  // Without brackets or port.
std::string to_text(const IpAddress& ip);                  // Canonical, IPv6 without brackets.

struct Endpoint {
  std::string host;  // Canonical IP literal, or a lower-case host name.
  uint16_t port = 0;
  std::optional<IpAddress> ip;  // Set when host is a literal, or after resolve_addresses().

  // A host name: ip comes from a resolver, not from the text.
  bool is_name() const {
    return host.find_first_not_of("0123456789.") != std::string::npos && host.find(':') == std::string::npos;
  }

  // ip follows from host (and, for names, from the moment): not part of what was configured.
  bool operator==(const Endpoint& other) const { return host == other.host && port == other.port; }
};

// "10.0.0.1:80", "[::1]:80", "app.local:80"; ":80" and "*:80" only with `allow_any` (0.0.0.0).
// The error is a sentence.
std::expected<Endpoint, std::string> parse_endpoint(std::string_view text, bool allow_any);
std::string to_text(const Endpoint& endpoint);  // As configured: host (brackets for IPv6), colon, port.
// The resolved form "10.0.0.1:80" that peer ids are hashes of. Requires: endpoint.ip.
std::string to_resolved_text(const Endpoint& endpoint);

}  // namespace sluice::admin
