#include "dataplane/http/authority.h"

#include <gtest/gtest.h>

namespace sluice::dataplane {
namespace {

TEST(Authority, ValidOnesSplitIntoHostAndPort) {
  Authority authority;
  ASSERT_TRUE(parse_authority("example.com:8080", authority));
  EXPECT_EQ(authority.host, "example.com");
  EXPECT_EQ(authority.port, "8080");
  ASSERT_TRUE(parse_authority("[2001:db8::1]:443", authority));
  EXPECT_EQ(authority.host, "[2001:db8::1]");
  EXPECT_EQ(authority.port, "443");
  for (const char* text : {"a", "a_b.c", "127.0.0.1", "1.2.3.4:0", "h:65535", "h:", "a%20b", "[::]", "[::1]",
                           "[1:2:3:4:5:6:7:8]", "[::ffff:1.2.3.4]", "[1::8]", "[1:2:3:4:5:6:1.2.3.4]", "x.",
                           "[1:2:3:4:5:6:7::]"}) {
    EXPECT_TRUE(parse_authority(text, authority)) << text;
  }
}

TEST(Authority, InvalidOnesAreRefused) {
  Authority authority;
  for (const char* text : {"",
                           ":",
                           ":80",
                           "a b",
                           "a,b",
                           "u@h",
                           "h:x",
                           "h:-1",
                           "h:+1",
                           "h:65536",
                           "h:000080",
                           "h:80 ",
                           "[",
                           "[]",
                           "[:]",
                           "[:::]",
                           "[1]",
                           "[1:2:3:4:5:6:7]",
                           "[1:2:3:4:5:6:7:8:9]",
                           "[1::2::3]",
                           "[12345::]",
                           "[g::]",
                           "[::1]x",
                           "[::1.2.3]",
                           "[::1.2.3.256]",
                           "[1.2.3.4::]",
                           "[::1%25eth0]",
                           "[v1.a]",
                           "a%2",
                           "a%zz",
                           "h/",
                           "h?",
                           "h#",
                           "[1:2:3:4:5:6:7:8::]",
                           "\"h\"",
                           "h\\",
                           "[::1",
                           "::1"}) {
    EXPECT_FALSE(parse_authority(text, authority)) << text;
  }
}

TEST(Authority, ComparesWithoutCaseAndWithTheDefaultPort) {
  const auto same = [](const char* left, const char* right, bool is_https) {
    Authority one;
    Authority two;
    EXPECT_TRUE(parse_authority(left, one) && parse_authority(right, two));
    return same_authority(one, two, is_https);
  };
  EXPECT_TRUE(same("A.b", "a.B:80", false));
  EXPECT_TRUE(same("a:443", "a", true));
  EXPECT_TRUE(same("a:", "a:0080", false));
  EXPECT_FALSE(same("a", "a:443", false));
  EXPECT_FALSE(same("a", "b", false));
}

}  // namespace
}  // namespace sluice::dataplane
