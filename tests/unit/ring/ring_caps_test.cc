// The words an operator may put into RING_CAPS_MASK, and the words we answer with.
#include "dataplane/ring/ring_caps.h"

#include <gtest/gtest.h>

namespace sluice::dataplane {
namespace {

TEST(RingCaps, AKernelReleaseStandsForWhatItCanDo) {
  EXPECT_EQ(parse_caps_mask("6.1")->bits, 0u);
  EXPECT_EQ(parse_caps_mask("6.6")->bits, RingCaps::kNoSqArray);
  EXPECT_TRUE(parse_caps_mask("6.10")->has(RingCaps::kBundles));
  EXPECT_FALSE(parse_caps_mask("6.10")->has(RingCaps::kMinimumWait));
  EXPECT_TRUE(parse_caps_mask("6.12")->has(RingCaps::kMinimumWait));
  EXPECT_FALSE(parse_caps_mask("6.12")->has(RingCaps::kReceiveBudget));
  EXPECT_TRUE(parse_caps_mask("6.18")->has(RingCaps::kReceiveBudget));
}

TEST(RingCaps, EveryReleaseKeepsWhatTheOneBeforeCould) {
  uint32_t before = 0;
  for (const char* release : {"6.1", "6.6", "6.10", "6.12", "6.18"}) {
    const uint32_t bits = parse_caps_mask(release)->bits;
    EXPECT_EQ(bits & before, before) << release;
    before = bits;
  }
}

TEST(RingCaps, AHexadecimalMaskIsTakenAsItIs) {
  EXPECT_EQ(parse_caps_mask("0x0")->bits, 0u);
  EXPECT_EQ(parse_caps_mask("0x1F")->bits, 0x1fu);
  EXPECT_EQ(parse_caps_mask("0xffffffff")->bits, UINT32_MAX);
}

TEST(RingCaps, AnythingElseIsRefusedWithWhatItShouldHaveBeen) {
  for (const char* text :
       {"", "6", "6.2", "6.18 ", " 6.1", "0x", "0xg", "0x1ffffffff", "1f", "all", "0x1,"}) {
    const auto parsed = parse_caps_mask(text);
    ASSERT_FALSE(parsed.has_value()) << text;
    EXPECT_EQ(parsed.error(), "RING_CAPS_MASK is \"" + std::string(text) +
                                  "\"; it must be 6.1, 6.6, 6.10, 6.12, 6.18 or a mask like 0x1f");
  }
}

TEST(RingCaps, AreDescribedByName) {
  EXPECT_EQ(describe({}), "none");
  EXPECT_EQ(describe({RingCaps::kNoIowait | RingCaps::kReceiveBudget}), "no_iowait receive_budget");
  EXPECT_EQ(describe(RingCaps::all()),
            "no_sq_array bundles minimum_wait no_iowait receive_budget vectorized_send");
}

}  // namespace
}  // namespace sluice::dataplane
