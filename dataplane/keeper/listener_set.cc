#include "dataplane/keeper/listener_set.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace sluice::dataplane {
namespace {

constexpr int kBacklog = 4096;  // The kernel bounds it by net.core.somaxconn.
constexpr int kKeepaliveIdleSeconds = 60;
constexpr int kKeepaliveIntervalSeconds = 10;
constexpr int kKeepaliveProbes = 6;

const sockaddr_in& as_ipv4(const sockaddr_storage& address) {
  return reinterpret_cast<const sockaddr_in&>(address);
}
const sockaddr_in6& as_ipv6(const sockaddr_storage& address) {
  return reinterpret_cast<const sockaddr_in6&>(address);
}
uint16_t port_of(const sockaddr_storage& address) {
  return ntohs(address.ss_family == AF_INET ? as_ipv4(address).sin_port : as_ipv6(address).sin6_port);
}
bool same_ip(const sockaddr_storage& a, const sockaddr_storage& b) {
  return a.ss_family == AF_INET
             ? as_ipv4(a).sin_addr.s_addr == as_ipv4(b).sin_addr.s_addr
             : std::memcmp(&as_ipv6(a).sin6_addr, &as_ipv6(b).sin6_addr, sizeof(in6_addr)) == 0;
}
bool is_wildcard(const sockaddr_storage& address) {
  return address.ss_family == AF_INET ? as_ipv4(address).sin_addr.s_addr == htonl(INADDR_ANY)
                                      : IN6_IS_ADDR_UNSPECIFIED(&as_ipv6(address).sin6_addr);
}
bool same_address(const sockaddr_storage& a, const sockaddr_storage& b) {
  return a.ss_family == b.ss_family && port_of(a) == port_of(b) && same_ip(a, b);
}
// Whether the kernel would see the two as one port. Families never meet: IPv6 sockets are IPV6_V6ONLY.
bool overlap(const sockaddr_storage& a, const sockaddr_storage& b) {
  return a.ss_family == b.ss_family && port_of(a) == port_of(b) &&
         (same_ip(a, b) || is_wildcard(a) || is_wildcard(b));
}
socklen_t length_of(const sockaddr_storage& address) {
  return address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}
bool set_option(int descriptor, int level, int name, int value) {
  return setsockopt(descriptor, level, name, &value, sizeof(value)) == 0;
}

// Blocking on purpose: io_uring answers -EAGAIN instead of waiting when a file is O_NONBLOCK.
Descriptor bound_socket(const sockaddr_storage& address, bool reuse_port) {
  Descriptor socket(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  if (!socket.is_open()) return {};
  const int number = socket.get();
  // SO_REUSEADDR: connections in TIME_WAIT do not keep the port from us; a listener still does.
  if (!set_option(number, SOL_SOCKET, SO_REUSEADDR, 1)) return {};
  if (reuse_port && !set_option(number, SOL_SOCKET, SO_REUSEPORT, 1)) return {};
  if (address.ss_family == AF_INET6 && !set_option(number, IPPROTO_IPV6, IPV6_V6ONLY, 1)) return {};
  if (bind(number, reinterpret_cast<const sockaddr*>(&address), length_of(address)) != 0) return {};
  return socket;
}

// Accepted connections inherit these, which saves a system call each per connection.
bool set_inherited_options(int descriptor) {
  return set_option(descriptor, IPPROTO_TCP, TCP_NODELAY, 1) &&
         set_option(descriptor, SOL_SOCKET, SO_KEEPALIVE, 1) &&
         set_option(descriptor, IPPROTO_TCP, TCP_KEEPIDLE, kKeepaliveIdleSeconds) &&
         set_option(descriptor, IPPROTO_TCP, TCP_KEEPINTVL, kKeepaliveIntervalSeconds) &&
         set_option(descriptor, IPPROTO_TCP, TCP_KEEPCNT, kKeepaliveProbes);
}

std::string bind_message(const sockaddr_storage& address, int error) {
  std::string message = "cannot listen on " + describe_address(address) + ": " + std::strerror(error);
  switch (error) {
    case EADDRINUSE:
      return message + "; another process listens there, stop it or choose another port";
    case EACCES:
      return message + "; ports below 1024 need CAP_NET_BIND_SERVICE";
    case EADDRNOTAVAIL:
      return message + "; no interface of this machine has that address";
    case EMFILE:
    case ENFILE:
      return message + "; raise the descriptor limit (LimitNOFILE, ulimit -n)";
    default:
      return message;
  }
}

}  // namespace

std::string describe_address(const sockaddr_storage& address) {
  char text[INET6_ADDRSTRLEN] = "?";
  if (address.ss_family == AF_INET) {
    inet_ntop(AF_INET, &as_ipv4(address).sin_addr, text, sizeof(text));
    return std::string(text) + ":" + std::to_string(port_of(address));
  }
  inet_ntop(AF_INET6, &as_ipv6(address).sin6_addr, text, sizeof(text));
  return "[" + std::string(text) + "]:" + std::to_string(port_of(address));
}

const ListenerSet::Group* ListenerSet::find(const sockaddr_storage& address) const {
  const auto found =
      std::ranges::find_if(groups_, [&](const Group& group) { return same_address(group.address, address); });
  return found == groups_.end() ? nullptr : &*found;
}

bool ListenerSet::overlaps_ours(const sockaddr_storage& address, const Plan& plan) const {
  const auto meets = [&](const auto& group) { return overlap(group.address, address); };
  return std::ranges::any_of(groups_, meets) || std::ranges::any_of(retiring_, meets) ||
         std::ranges::any_of(plan.fresh, meets);
}

std::expected<std::vector<Descriptor>, int> ListenerSet::open_group(const sockaddr_storage& address,
                                                                    const Plan& plan) {
  // Without SO_REUSEPORT the bind fails when anybody listens there, whoever it is. Where a socket of our own
  // overlaps (0.0.0.0:80 becomes 10.0.0.1:80) it would fail because of ourselves; then only processes
  // without SO_REUSEPORT or with another uid are noticed, by the bind below.
  if (!overlaps_ours(address, plan) && !bound_socket(address, false).is_open()) return std::unexpected(errno);
  std::vector<Descriptor> sockets;
  for (uint32_t worker = 0; worker < worker_count_; ++worker) {
    Descriptor socket = bound_socket(address, true);
    if (!socket.is_open() || !set_inherited_options(socket.get()) || listen(socket.get(), kBacklog) != 0) {
      return std::unexpected(errno);
    }
    sockets.push_back(std::move(socket));
  }
  return sockets;
}

std::expected<ListenerSet::Plan, ListenerError> ListenerSet::prepare(std::span<const ListenerWish> wishes) {
  Plan plan;
  for (const ListenerWish& wish : wishes) {
    const auto refuse = [&](std::string message) {
      return std::unexpected(ListenerError{"listeners[" + wish.name + "].address", std::move(message)});
    };
    for (const sockaddr_storage& other : plan.wanted) {
      if (same_address(other, wish.address)) {
        return refuse(describe_address(wish.address) + " belongs to another listener of the same snapshot");
      }
    }
    if (port_of(wish.address) == 0) return refuse("port 0 would give every worker another port");
    plan.wanted.push_back(wish.address);

    const Group* kept = find(wish.address);
    const std::vector<Descriptor>* sockets = kept == nullptr ? nullptr : &kept->sockets;
    if (kept == nullptr) {
      std::expected<std::vector<Descriptor>, int> opened = open_group(wish.address, plan);
      if (!opened) return refuse(bind_message(wish.address, opened.error()));
      plan.fresh.push_back({wish.address, std::move(*opened)});
      ++plan.opened_count;
      sockets = &plan.fresh.back().sockets;
    }
    std::vector<int>& numbers = plan.sockets.emplace_back();
    for (const Descriptor& socket : *sockets) numbers.push_back(socket.get());
  }
  plan.closed_count = open_count() - (static_cast<uint32_t>(wishes.size()) - plan.opened_count);
  return plan;
}

void ListenerSet::commit(Plan plan, uint64_t version) {
  std::vector<Group> kept;
  for (Group& group : groups_) {
    const bool stays = std::ranges::any_of(
        plan.wanted, [&](const sockaddr_storage& address) { return same_address(address, group.address); });
    if (!stays) group.removed_by = version;
    (stays ? kept : retiring_).push_back(std::move(group));
  }
  for (Plan::Fresh& fresh : plan.fresh) kept.push_back({fresh.address, std::move(fresh.sockets)});
  groups_ = std::move(kept);
}

// shutdown(2) rather than close(2): a worker may be about to name the descriptor. Left open, a socket nobody
// accepts from would let clients connect and wait until the process ends.
void ListenerSet::stop_listening() {
  for (const Group& group : groups_) {
    for (const Descriptor& socket : group.sockets) shutdown(socket.get(), SHUT_RD);
  }
}

void ListenerSet::close_settled(uint64_t version_settled_by_all) {
  std::erase_if(retiring_, [&](const Group& group) { return group.removed_by <= version_settled_by_all; });
}

}  // namespace sluice::dataplane
