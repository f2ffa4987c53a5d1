#include "bench/load/schedule.h"

#include <gtest/gtest.h>

namespace sluice::load {
namespace {

constexpr Instant kStart{1'000'000'000};

TEST(LoadSchedule, AnOpenLoopIsDueAtFixedTimes) {
  const Schedule schedule(kStart, 1000, {});
  EXPECT_TRUE(schedule.is_open());
  EXPECT_EQ(schedule.due(0), kStart);
  EXPECT_EQ(schedule.due(1), kStart + 1_ms);
  EXPECT_EQ(schedule.due(5000), kStart + 5_s);
  EXPECT_FALSE(Schedule(kStart, 0, {}).is_open());
}

// Half as many as at full rate were due when the ramp ends; from there on the rate is the one asked for.
TEST(LoadSchedule, TheRateRisesOverTheRamp) {
  const Schedule schedule(kStart, 1000, 2_s);
  EXPECT_EQ(schedule.due(0), kStart);
  EXPECT_EQ(schedule.due(1000), kStart + 2_s);
  EXPECT_EQ(schedule.due(2000), kStart + 3_s);
  EXPECT_EQ(schedule.due(250), kStart + 1_s);
  for (uint64_t number = 1; number < 3000; ++number)
    ASSERT_GE(schedule.due(number), schedule.due(number - 1)) << number;
}

TEST(LoadSchedule, ConnectionsAreUsedOneAfterTheOtherOverTheRamp) {
  const Schedule schedule(kStart, 0, 10_s);
  EXPECT_EQ(schedule.connections_at(kStart, 100), 1U);
  EXPECT_EQ(schedule.connections_at(kStart + 5_s, 100), 51U);
  EXPECT_EQ(schedule.connections_at(kStart + 10_s, 100), 100U);
  EXPECT_EQ(Schedule(kStart, 0, {}).connections_at(kStart, 100), 100U);
}

}  // namespace
}  // namespace sluice::load
