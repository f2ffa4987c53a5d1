#include "tools/cli/address.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <unistd.h>

namespace sluice::cli {
namespace {

TEST(Address, ReadsIpv4Ipv6AndAPortAlone) {
  const auto four = parse_address("127.0.0.1:9180");
  ASSERT_TRUE(four);
  const auto* ipv4 = reinterpret_cast<const sockaddr_in*>(&four->storage);
  EXPECT_EQ(ntohs(ipv4->sin_port), 9180);
  EXPECT_EQ(ntohl(ipv4->sin_addr.s_addr), 0x7f000001u);

  const auto any = parse_address(":8080");
  ASSERT_TRUE(any);
  EXPECT_EQ(reinterpret_cast<const sockaddr_in*>(&any->storage)->sin_addr.s_addr, 0u);

  const auto six = parse_address("[::1]:80");
  ASSERT_TRUE(six);
  EXPECT_EQ(six->storage.ss_family, AF_INET6);
}

TEST(Address, RefusesWhatIsNoAddressWithAPort) {
  for (const char* text :
       {"", "127.0.0.1", "127.0.0.1:", "127.0.0.1:x", "127.0.0.1:70000", "somewhere:80", "::1:80"}) {
    EXPECT_FALSE(parse_address(text)) << text;
  }
}

TEST(Address, APortThatListensIsNotBindableEvenWhenItIsShared) {
  const int holder = socket(AF_INET, SOCK_STREAM, 0);
  const int on = 1;
  setsockopt(holder, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t bytes = sizeof address;
  ASSERT_EQ(bind(holder, reinterpret_cast<sockaddr*>(&address), bytes), 0);
  ASSERT_EQ(listen(holder, 1), 0);
  getsockname(holder, reinterpret_cast<sockaddr*>(&address), &bytes);
  const auto parsed = parse_address("127.0.0.1:" + std::to_string(ntohs(address.sin_port)));
  ASSERT_TRUE(parsed);
  EXPECT_EQ(why_not_bindable(*parsed), "Address already in use");
  close(holder);
  EXPECT_EQ(why_not_bindable(*parsed), "");
}

TEST(Address, AFreePortCanBeBound) {
  const unsigned port = free_port();
  ASSERT_NE(port, 0u);
  EXPECT_EQ(why_not_bindable(*parse_address("127.0.0.1:" + std::to_string(port))), "");
}

}  // namespace
}  // namespace sluice::cli
