#include "dataplane/decide/text_rules.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

using decide::has_control_bytes;
using decide::is_field_value;
using decide::is_host_name;
using decide::is_reserved_field;
using decide::is_token;

TEST(TextRules, EveryByteIsATokenByteAsInRfc9110) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool expected = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                          kOthers.find(c) != std::string_view::npos;
    EXPECT_EQ(is_token(std::string(1, c)), expected) << byte;
  }
  EXPECT_FALSE(is_token(""));
}

TEST(TextRules, ControlBytesAreC0AndDelAnywhere) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = std::string(40, 'x') + static_cast<char>(byte) + std::string(3, 'y');
    const bool is_control = byte < 0x20 || byte == 0x7f;
    EXPECT_EQ(has_control_bytes(text), is_control) << byte;
    EXPECT_EQ(is_field_value(text), !is_control || byte == '\t') << byte;
  }
  EXPECT_TRUE(is_field_value(""));
  EXPECT_FALSE(is_field_value(" x"));
  EXPECT_FALSE(is_field_value("x\t"));
}

TEST(TextRules, ReservedFieldsInAnyCase) {
  EXPECT_TRUE(is_reserved_field("Transfer-Encoding"));
  EXPECT_TRUE(is_reserved_field("CONNECTION"));
  EXPECT_FALSE(is_reserved_field("X-Connection"));
  EXPECT_FALSE(is_reserved_field("Content-Type"));
}

TEST(TextRules, HostNames) {
  EXPECT_TRUE(is_host_name("a", false));
  EXPECT_TRUE(is_host_name("xn--bcher-kva.example", false));
  EXPECT_TRUE(is_host_name("[::1]", false));
  EXPECT_TRUE(is_host_name(std::string(255, 'a'), false));
  EXPECT_FALSE(is_host_name(std::string(256, 'a'), false));
  EXPECT_TRUE(is_host_name(".com", true));
  EXPECT_TRUE(is_host_name("." + std::string(254, 'a'), true));
  EXPECT_FALSE(is_host_name("." + std::string(255, 'a'), true));
  EXPECT_FALSE(is_host_name("..com", true));
  EXPECT_FALSE(is_host_name("com", true));
  EXPECT_FALSE(is_host_name(".com", false));
}

}  // namespace
}  // namespace sluice
