#include "tools/cli/restart_policy.h"

#include <gtest/gtest.h>

namespace sluice::cli {
namespace {

TEST(RestartPolicy, PausesDoubleFromAHundredMillisecondsToFiveSeconds) {
  RestartPolicy policy;
  int64_t expected = 100;
  for (int death = 0; death < 10; ++death) {
    EXPECT_EQ(policy.on_death(1_s).in_milliseconds(), expected);
    expected = std::min<int64_t>(expected * 2, 5000);
  }
}

TEST(RestartPolicy, AMinuteOfLifeBeginsAnew) {
  RestartPolicy policy;
  for (int death = 0; death < 5; ++death) policy.on_death(1_s);
  EXPECT_EQ(policy.on_death(60_s).in_milliseconds(), 100);
  EXPECT_EQ(policy.on_death(1_s).in_milliseconds(), 200);
}

TEST(RestartPolicy, IsFreshUntilTheFirstDeath) {
  RestartPolicy policy;
  EXPECT_TRUE(policy.is_fresh());
  policy.on_death(1_s);
  EXPECT_FALSE(policy.is_fresh());
}

}  // namespace
}  // namespace sluice::cli
