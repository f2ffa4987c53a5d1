#include "admin/model/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <cstring>

#include "schemas/base/check.h"

namespace sluice::admin {
namespace {

// A host name by RFC 1123: labels of letters, digits, '-' and (as in containers' names) '_'.
bool is_host_name(std::string_view host) {
  if (host.empty() || host.size() > 253) return false;
  size_t label = 0;
  for (size_t i = 0; i < host.size(); ++i) {
    const char byte = host[i];
    if (byte == '.') {
      if (label == 0 || host[i - 1] == '-') return false;
      label = 0;
      continue;
    }
    const bool good = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9') || byte == '_' ||
                      (byte == '-' && label > 0);
    if (!good || ++label > 63) return false;
  }
  return label > 0 && host.back() != '-';
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& byte : lower) {
    if (byte >= 'A' && byte <= 'Z') byte = static_cast<char>(byte - 'A' + 'a');
  }
  return lower;
}

// Digits and dots only: meant as an IPv4 address, so never a host name.
bool looks_like_ipv4(std::string_view host) {
  return host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

bool IpAddress::is_loopback() const {
  if (family == 4) return bytes[0] == 127;
  return std::all_of(bytes.begin(), bytes.end() - 1, [](uint8_t byte) { return byte == 0; }) &&
         bytes[15] == 1;
}

bool IpAddress::is_any() const {
  const size_t count = family == 4 ? 4 : 16;
  return std::all_of(bytes.begin(), bytes.begin() + count, [](uint8_t byte) { return byte == 0; });
}

std::optional<IpAddress> parse_ip(std::string_view text) {
  char buffer[INET6_ADDRSTRLEN + 1] = {};
  if (text.empty() || text.size() >= sizeof(buffer)) return std::nullopt;
  memcpy(buffer, text.data(), text.size());
  IpAddress ip;
  if (inet_pton(AF_INET, buffer, ip.bytes.data()) == 1) return ip;
  ip.family = 6;
  if (inet_pton(AF_INET6, buffer, ip.bytes.data()) == 1) return ip;
  return std::nullopt;
}

std::string to_text(const IpAddress& ip) {
  char buffer[INET6_ADDRSTRLEN];
  const char* text = inet_ntop(ip.family == 4 ? AF_INET : AF_INET6, ip.bytes.data(), buffer, sizeof(buffer));
  CHECK(text != nullptr);
  return text;
}

std::expected<Endpoint, std::string> parse_endpoint(std::string_view text, bool allow_any) {
  if (const size_t scheme = text.find("://"); scheme != std::string_view::npos) {
    return std::unexpected("an address has no scheme: leave \"" + std::string(text.substr(0, scheme + 3)) +
                           "\" out");
  }
  const size_t colon = text.rfind(':');
  const bool bare_ipv6 = parse_ip(text).has_value() && text.find(':') != std::string_view::npos;
  if (colon == std::string_view::npos || bare_ipv6) {
    return std::unexpected(bare_ipv6 ? "the port is missing: write [" + std::string(text) + "]:PORT"
                                     : std::string("the port is missing: write HOST:PORT"));
  }
  const std::string_view port_text = text.substr(colon + 1);
  std::string_view host = text.substr(0, colon);
  Endpoint endpoint;
  const auto parsed = std::from_chars(port_text.data(), port_text.data() + port_text.size(), endpoint.port);
  const bool whole = !port_text.empty() && parsed.ptr == port_text.data() + port_text.size();
  if (!whole || parsed.ec != std::errc() || endpoint.port == 0) {
    return std::unexpected(std::string("the port must be a number from 1 to 65535"));
  }
  if (host.empty() || host == "*") {
    if (!allow_any) return std::unexpected(std::string("the host is missing: write HOST:PORT"));
    host = "0.0.0.0";
  }
  const bool brackets = host.starts_with('[') && host.ends_with(']');
  if (brackets) host = host.substr(1, host.size() - 2);
  endpoint.ip = parse_ip(host);
  const bool is_ipv6 = endpoint.ip && endpoint.ip->family == 6;
  if (brackets != is_ipv6) {
    return std::unexpected(std::string(brackets ? "not an IPv6 address in the brackets"
                                                : "an IPv6 address needs brackets: [::1]:80"));
  }
  if (endpoint.ip) {
    endpoint.host = to_text(*endpoint.ip);
    return endpoint;
  }
  if (host.ends_with('.')) host.remove_suffix(1);
  endpoint.host = lower_case(host);
  if (looks_like_ipv4(host))
    return std::unexpected(std::string("not an IPv4 address: four numbers from 0 to 255"));
  if (!is_host_name(endpoint.host))
    return std::unexpected(std::string("neither an IP address nor a host name"));
  return endpoint;
}

std::string to_text(const Endpoint& endpoint) {
  const bool brackets = endpoint.host.find(':') != std::string::npos;
  return (brackets ? "[" + endpoint.host + "]" : endpoint.host) + ":" + std::to_string(endpoint.port);
}

std::string to_resolved_text(const Endpoint& endpoint) {
  CHECK(endpoint.ip.has_value());
  const std::string host = to_text(*endpoint.ip);
  return (endpoint.ip->family == 6 ? "[" + host + "]" : host) + ":" + std::to_string(endpoint.port);
}

}  // namespace sluice::admin
