#include "schemas/ip_address.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

IpAddress ip(std::string_view text) {
  const std::optional<IpAddress> address = parse_ip_address(text);
  EXPECT_TRUE(address.has_value()) << text;
  return address.value_or(IpAddress{});
}

std::string text_of(const IpAddress& address) {
  char text[kIpTextBytes];
  return {text, write_ip_address(address, text)};
}

wire::Network network(std::string_view text, uint8_t prefix_length) {
  const IpAddress address = ip(text);
  return wire::Network(flatbuffers::span<const uint8_t, 16>(address.bytes.data(), 16), prefix_length,
                       address.family);
}

TEST(IpAddress, EveryFormHasOneName) {
  EXPECT_EQ(text_of(ip("192.0.2.7")), "192.0.2.7");
  EXPECT_EQ(text_of(ip("2001:DB8:0:0:0:0:0:1")), "2001:db8::1");
  EXPECT_EQ(text_of(ip("::1")), "::1");
  EXPECT_EQ(text_of(ip("::ffff:192.0.2.7")), "192.0.2.7");
  EXPECT_EQ(ip("::ffff:c000:207"), ip("192.0.2.7"));
  EXPECT_EQ(text_of(IpAddress{}), "");
}

TEST(IpAddress, NothingButAnAddressIsOne) {
  for (const std::string_view text :
       {"", "1.2.3", "1.2.3.4.5", "01.2.3.4", "256.1.1.1", "1.2.3.4 ", " 1.2.3.4", "1.2.3.4:80", "[::1]",
        "::1%eth0", ":::1", "1:2:3:4:5:6:7:8:9", "unknown", "_hidden", "0x7f.0.0.1", "127.1",
        "1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa"}) {
    EXPECT_FALSE(parse_ip_address(text).has_value()) << text;
  }
  EXPECT_FALSE(parse_ip_address(std::string_view("1.2.3.4\0", 8)).has_value());
}

TEST(Network, HoldsWhatSharesItsPrefix) {
  EXPECT_TRUE(contains(network("10.0.0.0", 8), ip("10.255.1.2")));
  EXPECT_FALSE(contains(network("10.0.0.0", 8), ip("11.0.0.0")));
  EXPECT_TRUE(contains(network("172.16.0.0", 12), ip("172.31.255.255")));
  EXPECT_FALSE(contains(network("172.16.0.0", 12), ip("172.32.0.0")));
  EXPECT_TRUE(contains(network("192.0.2.7", 32), ip("192.0.2.7")));
  EXPECT_FALSE(contains(network("192.0.2.7", 32), ip("192.0.2.6")));
  EXPECT_TRUE(contains(network("0.0.0.0", 0), ip("8.8.8.8")));
  EXPECT_TRUE(contains(network("2001:db8::", 33), ip("2001:db8:7fff::1")));
  EXPECT_FALSE(contains(network("2001:db8::", 33), ip("2001:db8:8000::1")));
  EXPECT_TRUE(contains(network("::", 0), ip("2001:db8::1")));
}

TEST(Network, FamiliesAreApart) {
  EXPECT_FALSE(contains(network("::", 0), ip("10.0.0.1")));
  EXPECT_FALSE(contains(network("0.0.0.0", 0), ip("::1")));
  EXPECT_FALSE(contains(network("0.0.0.0", 0), IpAddress{}));
  EXPECT_TRUE(contains(network("10.0.0.0", 8), ip("::ffff:10.1.1.1")));
}

TEST(Network, IsValidWithoutBitsBehindItsPrefix) {
  EXPECT_TRUE(is_valid_network(network("10.0.0.0", 8)));
  EXPECT_TRUE(is_valid_network(network("10.0.0.1", 32)));
  EXPECT_TRUE(is_valid_network(network("::", 0)));
  EXPECT_FALSE(is_valid_network(network("10.0.0.1", 8)));
  EXPECT_FALSE(is_valid_network(network("10.128.0.0", 8)));
  EXPECT_FALSE(is_valid_network(network("10.0.0.0", 33)));
  EXPECT_FALSE(is_valid_network(network("2001:db8::1", 64)));
  EXPECT_FALSE(is_valid_network(wire::Network()));
}

}  // namespace
}  // namespace sluice
