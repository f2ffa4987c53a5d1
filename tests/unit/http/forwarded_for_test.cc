#include "dataplane/http/forwarded_for.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/unit/http/request_testing.h"

namespace sluice::dataplane {
namespace {

IpAddress ip(std::string_view text) {
  return parse_ip_address(text).value();
}

wire::Network network(std::string_view text, uint8_t prefix_length) {
  const IpAddress address = ip(text);
  return wire::Network(flatbuffers::span<const uint8_t, 16>(address.bytes.data(), 16), prefix_length,
                       address.family);
}

// 10.0.0.0/8 and 2001:db8::/32 are trusted.
class ForwardedFor : public ::testing::Test {
 protected:
  // The client and what is passed on, "client | list": `fields` are lines of the head.
  std::string walk(std::string_view peer, std::string_view fields) {
    parse(fields);
    read_forwarded_for(*head_, ip(peer), trusted_, chain_);
    char text[kIpTextBytes];
    std::string out(text, write_ip_address(chain_.client, text));
    char list[kForwardedForBytesMax];
    return out + " | " + std::string(list, write_forwarded_for(chain_, ip(peer), list));
  }
  void parse(std::string_view fields) {
    bytes_ = "GET / HTTP/1.1\r\nHost: a\r\n" + std::string(fields) + "\r\n";
    uint32_t scanned = 0;
    Reason reason = Reason::none;
    HeadLimits limits;
    limits.head_bytes = 60 * 1024;
    ASSERT_EQ(parse_request_head(bytes_, limits, scanned, *head_, reason), ParseResult::complete) << bytes_;
  }

  std::vector<wire::Network> trusted_ = {network("10.0.0.0", 8), network("2001:db8::", 32)};
  std::unique_ptr<RequestHead> head_ = std::make_unique<RequestHead>();
  ForwardedChain chain_;
  std::string bytes_;
};

TEST_F(ForwardedFor, AnUntrustedPeerIsTheClientWhateverItSays) {
  EXPECT_EQ(walk("192.0.2.1", "X-Forwarded-For: 10.0.0.1\r\n"), "192.0.2.1 | 192.0.2.1");
  EXPECT_FALSE(chain_.from_trusted_proxy);
}

TEST_F(ForwardedFor, TheRightMostUntrustedAddressIsTheClient) {
  EXPECT_EQ(walk("10.0.0.1", "X-Forwarded-For: 192.0.2.7\r\n"), "192.0.2.7 | 192.0.2.7, 10.0.0.1");
  EXPECT_EQ(walk("10.0.0.1", "X-Forwarded-For: 192.0.2.7, 10.0.0.9\r\n"),
            "192.0.2.7 | 192.0.2.7, 10.0.0.9, 10.0.0.1");
  EXPECT_EQ(walk("2001:db8::1", "X-Forwarded-For: 2001:DB8:0::2\r\nx-forwarded-for: 10.0.0.3\r\n"),
            "2001:db8::2 | 2001:db8::2, 10.0.0.3, 2001:db8::1");
}

TEST_F(ForwardedFor, WhatTheClientItselfWroteIsDropped) {
  EXPECT_EQ(walk("10.0.0.1", "X-Forwarded-For: 127.0.0.1, 10.9.9.9, 192.0.2.7\r\n"),
            "192.0.2.7 | 192.0.2.7, 10.0.0.1");
  EXPECT_EQ(walk("10.0.0.1", "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-For: 192.0.2.7, 10.0.0.2\r\n"),
            "192.0.2.7 | 192.0.2.7, 10.0.0.2, 10.0.0.1");
}

TEST_F(ForwardedFor, WithoutTheFieldTheTrustedPeerIsTheClient) {
  EXPECT_EQ(walk("10.0.0.1", ""), "10.0.0.1 | 10.0.0.1");
  EXPECT_EQ(walk("10.0.0.1", "X-Forwarded-For:\r\n"), "10.0.0.1 | 10.0.0.1");
  EXPECT_EQ(walk("10.0.0.1", "X-Forwarded-For: ,, ,\r\n"), "10.0.0.1 | 10.0.0.1");
  EXPECT_EQ(walk("10.0.0.1", "X_Forwarded_For: 192.0.2.7\r\n"), "10.0.0.1 | 10.0.0.1");
}

TEST_F(ForwardedFor, GarbageEndsTheWalk) {
  for (const std::string_view garbage :
       {"unknown", "_hidden", "192.0.2.7.8", "192.0.2.7:", "192.0.2.7:99999", "a.example", "[192.0.2.7]",
        "[::1", "[::1]x", "[::1]:", "::1%eth0", "\"192.0.2.7\"", "1 2"}) {
    EXPECT_EQ(walk("10.0.0.1", "X-Forwarded-For: 192.0.2.9, " + std::string(garbage) + ", 10.0.0.2\r\n"),
              "10.0.0.2 | 10.0.0.2, 10.0.0.1")
        << garbage;
  }
}

TEST_F(ForwardedFor, PortsAndBracketsAreTolerated) {
  EXPECT_EQ(walk("10.0.0.1", "X-Forwarded-For: 192.0.2.7:4711\r\n"), "192.0.2.7 | 192.0.2.7, 10.0.0.1");
  EXPECT_EQ(walk("10.0.0.1", "X-Forwarded-For: [2001:db9::1]:80\r\n"), "2001:db9::1 | 2001:db9::1, 10.0.0.1");
  EXPECT_EQ(walk("10.0.0.1", "X-Forwarded-For: [2001:db9::1]\r\n"), "2001:db9::1 | 2001:db9::1, 10.0.0.1");
  EXPECT_EQ(walk("10.0.0.1", "X-Forwarded-For: 2001:db9::1\r\n"), "2001:db9::1 | 2001:db9::1, 10.0.0.1");
  EXPECT_EQ(walk("10.0.0.1", "X-Forwarded-For: ::ffff:192.0.2.7\r\n"), "192.0.2.7 | 192.0.2.7, 10.0.0.1");
}

TEST_F(ForwardedFor, AnEndlessChainIsFollowedSoFar) {
  std::string list = "X-Forwarded-For: 192.0.2.7";
  for (int i = 0; i < 400; ++i) list += ", 10.0." + std::to_string(i / 250) + "." + std::to_string(i % 250);
  walk("10.0.0.1", list + "\r\n");
  EXPECT_EQ(chain_.hop_count, kForwardedHopsMax);
  EXPECT_EQ(chain_.client, ip("10.0.1.118"));
  char out[kForwardedBytesMax + 300];
  EXPECT_LT(write_forwarded(chain_, ip("10.0.0.1"), std::string(250, 'h'), "https", out), sizeof(out));
}

TEST_F(ForwardedFor, TheForwardedFieldSaysTheSame) {
  walk("10.0.0.1", "X-Forwarded-For: [2001:db9::1]:80, 10.0.0.2\r\n");
  char out[kForwardedBytesMax + 300];
  EXPECT_EQ(std::string_view(out, write_forwarded(chain_, ip("10.0.0.1"), "a.example:8080", "https", out)),
            "for=\"[2001:db9::1]\";host=\"a.example:8080\";proto=https, for=10.0.0.2, for=10.0.0.1");
  walk("192.0.2.1", "");
  EXPECT_EQ(std::string_view(out, write_forwarded(chain_, ip("192.0.2.1"), "", "http", out)),
            "for=192.0.2.1;proto=http");
}

TEST_F(ForwardedFor, FactsAreTakenWhenTheyAreSaidOnceAndMakeSense) {
  parse("X-Forwarded-Proto: HTTPS\r\nX-Forwarded-Host: a.example:444\r\nX-Forwarded-Port: 444\r\n");
  ForwardedFacts facts = read_forwarded_facts(*head_);
  EXPECT_EQ(facts.scheme, "https");
  EXPECT_EQ(facts.host, "a.example:444");
  EXPECT_EQ(facts.port, "444");
  parse("X-Forwarded-Proto: https, http\r\nX-Forwarded-Host: a b\r\nX-Forwarded-Port: 70000\r\n");
  facts = read_forwarded_facts(*head_);
  EXPECT_EQ(std::string(facts.scheme) + std::string(facts.host) + std::string(facts.port), "");
  parse(
      "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\nX_Forwarded_Host: a\r\nX-Forwarded-Port: "
      "x\r\n");
  facts = read_forwarded_facts(*head_);
  EXPECT_EQ(std::string(facts.scheme) + std::string(facts.host) + std::string(facts.port), "");
}

}  // namespace
}  // namespace sluice::dataplane
