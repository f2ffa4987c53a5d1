#include "schemas/ip_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace sluice {
namespace {

constexpr uint8_t kMappedPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

uint8_t bits_of(uint8_t family) {
  return family == 4 ? 32 : 128;
}

// The bits of the byte behind `whole` full ones that still belong to the prefix.
uint8_t last_byte_mask(uint8_t prefix_length) {
  return static_cast<uint8_t>(0xff00u >> (prefix_length % 8));
}

}  // namespace

IpAddress ipv4_address(const uint8_t* four_bytes) {
  IpAddress address;
  std::memcpy(address.bytes.data(), four_bytes, 4);
  address.family = 4;
  return address;
}

IpAddress ipv6_address(const uint8_t* sixteen_bytes) {
  if (std::memcmp(sixteen_bytes, kMappedPrefix, sizeof(kMappedPrefix)) == 0) {
    return ipv4_address(sixteen_bytes + sizeof(kMappedPrefix));
  }
  IpAddress address;
  std::memcpy(address.bytes.data(), sixteen_bytes, 16);
  address.family = 6;
  return address;
}

std::optional<IpAddress> parse_ip_address(std::string_view text) {
  char terminated[kIpTextBytes] = {};
  if (text.empty() || text.size() >= sizeof(terminated) || text.find('\0') != std::string_view::npos) {
    return std::nullopt;
  }
  text.copy(terminated, text.size());
  uint8_t bytes[16] = {};
  if (inet_pton(AF_INET, terminated, bytes) == 1) return ipv4_address(bytes);
  if (inet_pton(AF_INET6, terminated, bytes) == 1) return ipv6_address(bytes);
  return std::nullopt;
}

uint8_t write_ip_address(const IpAddress& address, char (&text)[kIpTextBytes]) {
  if (!address.is_known()) return 0;
  const int family = address.family == 4 ? AF_INET : AF_INET6;
  if (inet_ntop(family, address.bytes.data(), text, sizeof(text)) == nullptr) return 0;
  return static_cast<uint8_t>(std::strlen(text));
}

bool contains(const wire::Network& network, const IpAddress& address) {
  if (network.family() != address.family) return false;
  const size_t whole = network.prefix_length() / 8;
  const uint8_t* prefix = network.ip()->Data();
  if (std::memcmp(prefix, address.bytes.data(), whole) != 0) return false;
  const uint8_t mask = last_byte_mask(network.prefix_length());
  return mask == 0 || (prefix[whole] & mask) == (address.bytes[whole] & mask);
}

bool any_contains(std::span<const wire::Network> networks, const IpAddress& address) {
  return std::any_of(networks.begin(), networks.end(),
                     [&](const wire::Network& network) { return contains(network, address); });
}

bool is_valid_network(const wire::Network& network) {
  if (network.family() != 4 && network.family() != 6) return false;
  if (network.prefix_length() > bits_of(network.family())) return false;
  const uint8_t* prefix = network.ip()->Data();
  size_t behind = network.prefix_length() / 8;
  const uint8_t mask = last_byte_mask(network.prefix_length());
  if (mask != 0 && (prefix[behind++] & ~mask) != 0) return false;
  return std::all_of(prefix + behind, prefix + 16, [](uint8_t byte) { return byte == 0; });
}

}  // namespace sluice
