#include "admin/model/network.h"

#include <algorithm>
#include <charconv>
#include <iterator>

namespace sluice::admin {
namespace {

// A copy with every bit behind the prefix cleared.
IpAddress cut_to(const IpAddress& ip, uint8_t prefix_length) {
  IpAddress cut = ip;
  for (uint32_t bit = prefix_length; bit < 128; ++bit) {
    cut.bytes[bit / 8] = static_cast<uint8_t>(cut.bytes[bit / 8] & ~(0x80u >> bit % 8));
  }
  return cut;
}

// ::ffff:a.b.c.d: clients count by their IPv4 address, whatever socket they came through, so it would match
// nobody.
bool is_mapped_ipv4(const IpAddress& ip) {
  constexpr uint8_t kPrefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};
  return ip.family == 6 && std::equal(std::begin(kPrefix), std::end(kPrefix), ip.bytes.begin());
}

}  // namespace

std::expected<Network, std::string> parse_network(std::string_view text) {
  constexpr std::string_view kForm = "write an address, or a network like 10.0.0.0/8 or 2001:db8::/32";
  const size_t slash = text.find('/');
  const auto ip = parse_ip(text.substr(0, slash));
  if (!ip) return std::unexpected(std::string(kForm));
  if (is_mapped_ipv4(*ip)) return std::unexpected(std::string("write the IPv4 network"));
  const uint32_t bits = ip->family == 4 ? 32 : 128;
  Network network{*ip, static_cast<uint8_t>(bits)};
  if (slash == std::string_view::npos) return network;
  const std::string_view digits = text.substr(slash + 1);
  uint32_t length = 0;
  const auto parsed = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (digits.empty() || parsed.ec != std::errc() || parsed.ptr != digits.data() + digits.size() ||
      (digits.size() > 1 && digits[0] == '0') || length > bits) {
    return std::unexpected("the length behind `/` is 0 to " + std::to_string(bits));
  }
  network.prefix_length = static_cast<uint8_t>(length);
  network.ip = cut_to(*ip, network.prefix_length);
  if (network.ip != *ip) return std::unexpected("write the network's own address: " + to_text(network));
  return network;
}

std::string to_text(const Network& network) {
  const uint32_t bits = network.ip.family == 4 ? 32 : 128;
  std::string text = to_text(network.ip);
  if (network.prefix_length < bits) text += "/" + std::to_string(network.prefix_length);
  return text;
}

}  // namespace sluice::admin
