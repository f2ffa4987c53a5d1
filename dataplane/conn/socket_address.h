// Between the kernel's socket addresses and the values the rest works with.
#pragma once

#include <netinet/in.h>

#include "schemas/ip_address.h"

namespace sluice::dataplane {

inline IpAddress ip_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) {
    const in_addr& v4 = reinterpret_cast<const sockaddr_in&>(address).sin_addr;
    return ipv4_address(reinterpret_cast<const uint8_t*>(&v4));
  }
  if (address.ss_family == AF_INET6) {
    return ipv6_address(reinterpret_cast<const sockaddr_in6&>(address).sin6_addr.s6_addr);
  }
  return {};
}

inline uint16_t port_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET) return ntohs(reinterpret_cast<const sockaddr_in&>(address).sin_port);
  if (address.ss_family == AF_INET6) return ntohs(reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
  return 0;
}

}  // namespace sluice::dataplane
