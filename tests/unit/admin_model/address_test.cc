#include "admin/model/address.h"

#include <gtest/gtest.h>

namespace sluice::admin {
namespace {

std::string parsed(std::string_view text, bool allow_any = false) {
  const auto endpoint = parse_endpoint(text, allow_any);
  return endpoint ? to_text(*endpoint) + (endpoint->ip ? "" : " name") : "refused";
}

TEST(Address, LiteralsBecomeCanonical) {
  EXPECT_EQ(parsed("127.0.0.1:80"), "127.0.0.1:80");
  EXPECT_EQ(parsed("[2001:DB8:0:0::1]:80"), "[2001:db8::1]:80");
  EXPECT_EQ(parsed("[::ffff:1.2.3.4]:80"), "[::ffff:1.2.3.4]:80");
}

TEST(Address, HostNamesBecomeLowerCase) {
  EXPECT_EQ(parsed("App.Local:80"), "app.local:80 name");
  EXPECT_EQ(parsed("app.local.:80"), "app.local:80 name");
  EXPECT_EQ(parsed("my_app:80"), "my_app:80 name");
  EXPECT_TRUE(parse_endpoint("app:80", false)->is_name());
  EXPECT_FALSE(parse_endpoint("[::1]:80", false)->is_name());
  EXPECT_FALSE(parse_endpoint("10.0.0.1:80", false)->is_name());
}

TEST(Address, AnyHostOnlyWhereItIsAllowed) {
  EXPECT_EQ(parsed(":80", true), "0.0.0.0:80");
  EXPECT_EQ(parsed("*:80", true), "0.0.0.0:80");
  EXPECT_EQ(parsed(":80"), "refused");
}

TEST(Address, EverythingElseIsRefused) {
  for (const char* text : {"",        "a",      "a:",           "a:0",          "a:65536", "a:-1",
                           "a: 80",   "a:8x",   "1.2.3:80",     "1.2.3.256:80", "::1:80",  "[::1]",
                           "[::1:80", "[a]:80", "[1.2.3.4]:80", "-a:80",        "a-:80",   "a..b:80",
                           ".a:80",   "a b:80", "http://a:80",  "a/b:80",       "ä:80"}) {
    EXPECT_EQ(parsed(text), "refused") << text;
  }
  EXPECT_EQ(parsed(std::string(64, 'a') + ":80"), "refused");
}

TEST(Address, LoopbackAndAnyAreKnown) {
  EXPECT_TRUE(parse_ip("127.8.8.8")->is_loopback());
  EXPECT_TRUE(parse_ip("::1")->is_loopback());
  EXPECT_FALSE(parse_ip("10.0.0.1")->is_loopback());
  EXPECT_FALSE(parse_ip("::2")->is_loopback());
  EXPECT_TRUE(parse_ip("0.0.0.0")->is_any());
  EXPECT_TRUE(parse_ip("::")->is_any());
  EXPECT_FALSE(parse_ip("0.0.0.1")->is_any());
}

}  // namespace
}  // namespace sluice::admin
