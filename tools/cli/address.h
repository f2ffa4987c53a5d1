// "127.0.0.1:9180", "[::1]:9180" and ":8080" as socket addresses, for the commands that talk to sockets.
#pragma once

#include <sys/socket.h>

#include <optional>
#include <string>
#include <string_view>

namespace sluice::cli {

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t bytes = 0;
};

// Empty: not an IP address with a port. ":8080" is every IPv4 address.
std::optional<SocketAddress> parse_address(std::string_view text);

// Empty when nobody listens there, else why it cannot be bound ("Address already in use"). Binds without
// SO_REUSEPORT, so that another gateway that shares its port is noticed as well.
std::string why_not_bindable(const SocketAddress& address);

// A free TCP port on 127.0.0.1, or 0.
unsigned free_port();

}  // namespace sluice::cli
