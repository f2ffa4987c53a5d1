#include "dataplane/conn/memory_level.h"

#include <gtest/gtest.h>

namespace sluice::dataplane {
namespace {

TEST(MemoryLevel, GoesUpAtItsStepsAndAsFarAsItTakes) {
  EXPECT_EQ(next_level(MemoryLevel::normal, 699), MemoryLevel::normal);
  EXPECT_EQ(next_level(MemoryLevel::normal, 700), MemoryLevel::small_windows);
  EXPECT_EQ(next_level(MemoryLevel::small_windows, 800), MemoryLevel::shed_idle);
  EXPECT_EQ(next_level(MemoryLevel::normal, 1000), MemoryLevel::pause_accept);
}

TEST(MemoryLevel, ComesDownOnlyWithSomeDistance) {
  EXPECT_EQ(next_level(MemoryLevel::pause_accept, 899), MemoryLevel::pause_accept);
  EXPECT_EQ(next_level(MemoryLevel::pause_accept, 850), MemoryLevel::pause_accept);
  EXPECT_EQ(next_level(MemoryLevel::pause_accept, 849), MemoryLevel::shed_idle);
  EXPECT_EQ(next_level(MemoryLevel::pause_accept, 749), MemoryLevel::small_windows);
  EXPECT_EQ(next_level(MemoryLevel::small_windows, 650), MemoryLevel::small_windows);
  EXPECT_EQ(next_level(MemoryLevel::pause_accept, 0), MemoryLevel::normal);
}

TEST(MemoryLevel, AnyWalkStaysWhereItsDistanceAllows) {
  for (uint32_t level = 0; level < kMemoryLevels; ++level) {
    for (uint32_t used = 0; used <= 1000; ++used) {
      const MemoryLevel next = next_level(static_cast<MemoryLevel>(level), used);
      EXPECT_EQ(next_level(next, used), next) << level << " " << used;
      const auto index = static_cast<uint32_t>(next);
      EXPECT_GE(used + kLevelDistancePermille, kLevelUpPermille[index]);
      EXPECT_TRUE(index + 1 == kMemoryLevels || used < kLevelUpPermille[index + 1]);
    }
  }
}

TEST(MemoryLevel, SharesOfNothing) {
  EXPECT_EQ(permille(0, 0), 0u);
  EXPECT_EQ(permille(1, 0), 1000u);
  EXPECT_EQ(permille(5, 2), 1000u);
  EXPECT_EQ(permille(1ULL << 50, 1ULL << 51), 500u);
}

}  // namespace
}  // namespace sluice::dataplane
