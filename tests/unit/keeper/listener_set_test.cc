#include "dataplane/keeper/listener_set.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <netinet/tcp.h>

#include <set>
#include <string>

namespace sluice::dataplane {
namespace {

sockaddr_storage ipv4(const char* ip, uint16_t port) {
  sockaddr_storage storage{};
  auto& address = reinterpret_cast<sockaddr_in&>(storage);
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  inet_pton(AF_INET, ip, &address.sin_addr);
  return storage;
}

sockaddr_storage ipv6(const char* ip, uint16_t port) {
  sockaddr_storage storage{};
  auto& address = reinterpret_cast<sockaddr_in6&>(storage);
  address.sin6_family = AF_INET6;
  address.sin6_port = htons(port);
  inet_pton(AF_INET6, ip, &address.sin6_addr);
  return storage;
}

// A port of the kernel's choice; nobody else gets it soon.
uint16_t free_port() {
  const Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_storage wanted = ipv4("127.0.0.1", 0);
  sockaddr_in got{};
  socklen_t length = sizeof(got);
  EXPECT_EQ(bind(socket.get(), reinterpret_cast<const sockaddr*>(&wanted), sizeof(sockaddr_in)), 0);
  EXPECT_EQ(getsockname(socket.get(), reinterpret_cast<sockaddr*>(&got), &length), 0);
  return ntohs(got.sin_port);
}

Descriptor foreign_listener(const sockaddr_storage& address, bool reuse_port) {
  Descriptor socket(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const int on = 1;
  setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (reuse_port) setsockopt(socket.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  EXPECT_EQ(bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(sockaddr_in)), 0);
  EXPECT_EQ(listen(socket.get(), 8), 0);
  return socket;
}

bool can_connect(const sockaddr_storage& address) {
  const Descriptor socket(::socket(address.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const socklen_t length = address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
  return connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), length) == 0;
}

int option(int descriptor, int level, int name) {
  int value = -1;
  socklen_t length = sizeof(value);
  EXPECT_EQ(getsockopt(descriptor, level, name, &value, &length), 0);
  return value;
}

bool is_open(int descriptor) {
  return fcntl(descriptor, F_GETFD) >= 0;
}

TEST(ListenerSet, EveryWorkerGetsASocketOfItsOwnAndItIsListening) {
  ListenerSet set(3);
  const sockaddr_storage address = ipv4("127.0.0.1", free_port());
  auto plan = set.prepare({{{"web", address}}});
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  EXPECT_EQ(plan->opened_count, 1u);
  EXPECT_EQ(plan->closed_count, 0u);
  ASSERT_EQ(plan->sockets.size(), 1u);
  EXPECT_EQ(std::set<int>(plan->sockets[0].begin(), plan->sockets[0].end()).size(), 3u);
  EXPECT_TRUE(can_connect(address));
  for (const int socket : plan->sockets[0]) {
    EXPECT_EQ(option(socket, SOL_SOCKET, SO_ACCEPTCONN), 1);
    EXPECT_EQ(option(socket, SOL_SOCKET, SO_REUSEPORT), 1);
    EXPECT_EQ(option(socket, IPPROTO_TCP, TCP_NODELAY), 1);
    EXPECT_EQ(option(socket, SOL_SOCKET, SO_KEEPALIVE), 1);
    EXPECT_EQ(fcntl(socket, F_GETFL) & O_NONBLOCK, 0) << "io_uring would not wait on it";
  }
}

TEST(ListenerSet, AListenerThatStaysKeepsItsDescriptors) {
  ListenerSet set(2);
  const sockaddr_storage stays = ipv4("127.0.0.1", free_port());
  const sockaddr_storage goes = ipv4("127.0.0.1", free_port());
  auto first = set.prepare({{{"a", stays}, {"b", goes}}});
  ASSERT_TRUE(first.has_value());
  const std::vector<int> before = first->sockets[0];
  const std::vector<int> removed = first->sockets[1];
  set.commit(std::move(*first), 1);

  auto second = set.prepare({{{"renamed", stays}}});
  ASSERT_TRUE(second.has_value());
  EXPECT_EQ(second->sockets[0], before);
  EXPECT_EQ(second->opened_count, 0u);
  EXPECT_EQ(second->closed_count, 1u);
  set.commit(std::move(*second), 2);

  set.close_settled(1);  // A worker may still have an accept in flight on it.
  EXPECT_TRUE(is_open(removed[0]));
  set.close_settled(2);
  EXPECT_FALSE(is_open(removed[0]));
  EXPECT_FALSE(is_open(removed[1]));
  EXPECT_FALSE(can_connect(goes));
  EXPECT_TRUE(can_connect(stays));
}

TEST(ListenerSet, OneAddressThatCannotBeBoundOpensNothing) {
  ListenerSet set(2);
  const sockaddr_storage good = ipv4("127.0.0.1", free_port());
  const sockaddr_storage taken = ipv4("127.0.0.1", free_port());
  const Descriptor foreign = foreign_listener(taken, false);
  const auto plan = set.prepare({{{"good", good}, {"taken", taken}}});
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error().path, "listeners[taken].address");
  EXPECT_NE(plan.error().message.find(describe_address(taken) + ": Address already in use"),
            std::string::npos)
      << plan.error().message;
  EXPECT_FALSE(can_connect(good));
}

// With SO_REUSEPORT on both sides the kernel would let us in, and half of the other's clients with us.
TEST(ListenerSet, AnotherProcessWithReusePortIsNoticed) {
  ListenerSet set(1);
  const sockaddr_storage taken = ipv4("127.0.0.1", free_port());
  const Descriptor foreign = foreign_listener(taken, true);
  EXPECT_FALSE(set.prepare({{{"web", taken}}}).has_value());
}

TEST(ListenerSet, AWildcardOfOursDoesNotHinderAMoreSpecificAddress) {
  ListenerSet set(1);
  const uint16_t port = free_port();
  auto wide = set.prepare({{{"wide", ipv4("0.0.0.0", port)}}});
  ASSERT_TRUE(wide.has_value()) << wide.error().message;
  set.commit(std::move(*wide), 1);
  auto narrow = set.prepare({{{"narrow", ipv4("127.0.0.1", port)}}});
  ASSERT_TRUE(narrow.has_value()) << narrow.error().message;
  set.commit(std::move(*narrow), 2);
  set.close_settled(2);
  EXPECT_TRUE(can_connect(ipv4("127.0.0.1", port)));
}

TEST(ListenerSet, AnAddressThatComesBackBeforeItsOldSocketsClosedGetsNewOnes) {
  ListenerSet set(1);
  const sockaddr_storage address = ipv4("127.0.0.1", free_port());
  auto first = set.prepare({{{"web", address}}});
  ASSERT_TRUE(first.has_value());
  const int old = first->sockets[0][0];
  set.commit(std::move(*first), 1);
  set.commit(*set.prepare({}), 2);
  auto back = set.prepare({{{"web", address}}});
  ASSERT_TRUE(back.has_value()) << back.error().message;
  EXPECT_NE(back->sockets[0][0], old);
  set.commit(std::move(*back), 3);
  set.close_settled(3);
  EXPECT_TRUE(can_connect(address));
}

TEST(ListenerSet, FamiliesDoNotMeet) {
  ListenerSet set(1);
  const uint16_t port = free_port();
  const auto plan = set.prepare({{{"four", ipv4("0.0.0.0", port)}, {"six", ipv6("::", port)}}});
  ASSERT_TRUE(plan.has_value()) << plan.error().message;
  EXPECT_EQ(option(plan->sockets[1][0], IPPROTO_IPV6, IPV6_V6ONLY), 1);
}

TEST(ListenerSet, OneAddressTwiceInASnapshotIsRefused) {
  ListenerSet set(1);
  const sockaddr_storage address = ipv4("127.0.0.1", free_port());
  const auto plan = set.prepare({{{"a", address}, {"b", address}}});
  ASSERT_FALSE(plan.has_value());
  EXPECT_EQ(plan.error().path, "listeners[b].address");
}

TEST(ListenerSet, AnAddressOfNoInterfaceIsNamed) {
  ListenerSet set(1);
  const auto plan = set.prepare({{{"far", ipv4("203.0.113.77", 8080)}}});
  ASSERT_FALSE(plan.has_value());
  EXPECT_NE(plan.error().message.find("203.0.113.77:8080"), std::string::npos);
  EXPECT_NE(plan.error().message.find("no interface"), std::string::npos);
}

TEST(ListenerSet, StoppedListenersRefuseAtOnceAndKeepTheirDescriptors) {
  ListenerSet set(1);
  const sockaddr_storage address = ipv4("127.0.0.1", free_port());
  auto plan = set.prepare({{{"web", address}}});
  ASSERT_TRUE(plan.has_value());
  const int socket = plan->sockets[0][0];
  set.commit(std::move(*plan), 1);
  ASSERT_TRUE(can_connect(address));
  set.stop_listening();
  EXPECT_FALSE(can_connect(address));
  EXPECT_TRUE(is_open(socket));
}

}  // namespace
}  // namespace sluice::dataplane
