// Allow and deny lists as steps: the same verdict as walking every network, for lists drawn at random.
#include "admin/compile/access_steps.h"

#include <gtest/gtest.h>

#include "dataplane/decide/access.h"
#include "schemas/base/rng.h"

namespace sluice::admin {
namespace {

Network network(std::string_view text) {
  auto parsed = parse_network(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return *parsed;
}

bool holds(const Network& network, const sluice::IpAddress& address) {
  if (network.ip.family != address.family) return false;
  for (uint32_t bit = 0; bit < network.prefix_length; ++bit) {
    const auto at = [bit](uint8_t byte) { return byte >> (7 - bit % 8) & 1; };
    if (at(network.ip.bytes[bit / 8]) != at(address.bytes[bit / 8])) return false;
  }
  return true;
}

// What the documentation says, one network after the other.
bool naive_verdict(const Access& access, const sluice::IpAddress& address) {
  int best = -1;
  bool allowed = access.allow.empty();
  const auto look = [&](const std::vector<Network>& networks, bool verdict) {
    for (const Network& candidate : networks) {
      if (!holds(candidate, address) || candidate.prefix_length <= best) continue;
      best = candidate.prefix_length;
      allowed = verdict;
    }
  };
  look(access.allow, true);
  look(access.deny, false);
  return allowed;
}

class CompiledAccess {
 public:
  explicit CompiledAccess(const Access& access) : steps(access_steps(access)) {
    const auto v4 = builder_.CreateVectorOfStructs(steps.v4);
    const auto v6 = builder_.CreateVectorOfStructs(steps.v6);
    builder_.Finish(wire::CreateAccessList(builder_, v4, v6));
  }
  bool allows(const sluice::IpAddress& address) const {
    return decide::is_allowed(*flatbuffers::GetRoot<wire::AccessList>(builder_.GetBufferPointer()), address);
  }
  bool allows(std::string_view address) const { return allows(parse_ip_address(address).value()); }

  AccessSteps steps;

 private:
  flatbuffers::FlatBufferBuilder builder_;
};

TEST(AccessSteps, TheNarrowestNetworkDecides) {
  const CompiledAccess access({{network("10.0.0.0/8"), network("10.1.2.3")}, {network("10.1.0.0/16")}});
  EXPECT_TRUE(access.allows("10.0.0.0"));
  EXPECT_TRUE(access.allows("10.255.255.255"));
  EXPECT_FALSE(access.allows("10.1.0.0"));
  EXPECT_FALSE(access.allows("10.1.2.2"));
  EXPECT_TRUE(access.allows("10.1.2.3"));
  EXPECT_FALSE(access.allows("10.1.2.4"));
  EXPECT_FALSE(access.allows("10.1.255.255"));
  EXPECT_TRUE(access.allows("10.2.0.0"));
  EXPECT_FALSE(access.allows("11.0.0.0"));
  EXPECT_FALSE(access.allows("::1"));
  EXPECT_FALSE(access.allows(sluice::IpAddress{}));
}

TEST(AccessSteps, DenyAloneLetsTheRestIn) {
  const CompiledAccess access({{}, {network("0.0.0.0/1"), network("2001:db8::/32")}});
  EXPECT_FALSE(access.allows("127.255.255.255"));
  EXPECT_TRUE(access.allows("128.0.0.0"));
  EXPECT_TRUE(access.allows("255.255.255.255"));
  EXPECT_FALSE(access.allows("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"));
  EXPECT_TRUE(access.allows("2001:db9::"));
  EXPECT_TRUE(access.allows("::ffff:200.0.0.1"));
  EXPECT_FALSE(access.allows("::ffff:100.0.0.1"));
}

TEST(AccessSteps, TheEndsOfTheSpace) {
  const CompiledAccess all({{network("0.0.0.0/0"), network("::/0")}, {}});
  EXPECT_EQ(all.steps.v4.size(), 1U);
  EXPECT_EQ(all.steps.v6.size(), 1U);
  EXPECT_TRUE(all.allows("255.255.255.255"));
  EXPECT_TRUE(all.allows("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
  const CompiledAccess last(
      {{},
       {network("255.255.255.255"), network("0.0.0.0"), network("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")}});
  EXPECT_FALSE(last.allows("255.255.255.255"));
  EXPECT_TRUE(last.allows("255.255.255.254"));
  EXPECT_FALSE(last.allows("0.0.0.0"));
  EXPECT_TRUE(last.allows("0.0.0.1"));
  EXPECT_FALSE(last.allows("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
}

TEST(AccessSteps, NeighboursWithOneVerdictAreOneStep) {
  const CompiledAccess access({{}, {network("10.0.0.0/9"), network("10.128.0.0/9"), network("10.3.0.0/16")}});
  EXPECT_EQ(access.steps.v4.size(), 3U);
}

Network random_network(Rng& rng) {
  Network drawn;
  drawn.ip.family = rng.below(2) == 0 ? 4 : 6;
  const uint32_t bits = drawn.ip.family == 4 ? 32 : 128;
  // Few different bits, so that networks nest and touch.
  drawn.prefix_length = static_cast<uint8_t>(rng.below(3) == 0 ? rng.below(bits + 1) : bits - rng.below(9));
  for (uint32_t bit = 0; bit < drawn.prefix_length; ++bit) {
    if (rng.below(8) == 0) drawn.ip.bytes[bit / 8] |= static_cast<uint8_t>(0x80 >> bit % 8);
  }
  return drawn;
}

TEST(AccessSteps, AgreeWithWalkingEveryNetwork) {
  Rng rng(20261120);
  for (int round = 0; round < 300; ++round) {
    Access access;
    std::vector<Network> all;
    for (uint64_t count = rng.below(24); count > 0; --count) {
      const Network drawn = random_network(rng);
      if (std::find(all.begin(), all.end(), drawn) != all.end()) continue;
      all.push_back(drawn);
      (rng.below(2) == 0 ? access.allow : access.deny).push_back(drawn);
    }
    const CompiledAccess compiled(access);
    for (int look = 0; look < 200; ++look) {
      const Network near =
          all.empty() || rng.below(4) == 0 ? random_network(rng) : all[rng.below(all.size())];
      sluice::IpAddress address{near.ip.bytes, near.ip.family};
      if (near.ip.family == 4) std::fill(address.bytes.begin() + 4, address.bytes.end(), 0);
      const uint32_t bits = near.ip.family == 4 ? 32 : 128;
      for (uint64_t flips = rng.below(3); flips > 0; --flips) {
        const uint64_t bit = rng.below(bits);
        address.bytes[bit / 8] ^= static_cast<uint8_t>(0x80 >> bit % 8);
      }
      ASSERT_EQ(compiled.allows(address), naive_verdict(access, address)) << round << " " << look;
    }
  }
}

TEST(Networks, AreWrittenOneWay) {
  EXPECT_EQ(to_text(network("10.0.0.0/8")), "10.0.0.0/8");
  EXPECT_EQ(to_text(network("10.1.2.3/32")), "10.1.2.3");
  EXPECT_EQ(to_text(network("2001:DB8:0::/32")), "2001:db8::/32");
  EXPECT_EQ(parse_network("10.1.0.0/8").error(), "write the network's own address: 10.0.0.0/8");
  for (const char* wrong : {"", "/8", "10.0.0.0/", "10.0.0.0/33", "10.0.0.0/08", "::/129", "10.0.0/8", "a/8",
                            "10.0.0.0/-1", "10.0.0.0/8/8"}) {
    EXPECT_FALSE(parse_network(wrong).has_value()) << wrong;
  }
}

}  // namespace
}  // namespace sluice::admin
