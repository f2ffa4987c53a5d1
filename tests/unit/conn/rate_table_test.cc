// The rates hold exactly, over all workers, and the table's memory is bounded.
#include "dataplane/conn/rate_table.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "schemas/base/rng.h"

namespace sluice::dataplane {
namespace {

constexpr Instant kStart{1'000'000'000'000};
constexpr uint64_t kKey = 0x1234567890abcdef;

TEST(RateTable, ABurstPassesAtOnceAndThenOneEachInterval) {
  RateTable table;
  const Rate rate = rate_of(600, 3);  // Ten a second.
  for (int i = 0; i < 3; ++i) EXPECT_EQ(table.charge(kKey, rate, kStart), Duration{}) << i;
  EXPECT_EQ(table.charge(kKey, rate, kStart), 100_ms);
  EXPECT_EQ(table.charge(kKey, rate, kStart + 60_ms), 40_ms);
  EXPECT_EQ(table.charge(kKey, rate, kStart + 100_ms), Duration{});
  EXPECT_EQ(table.charge(kKey, rate, kStart + 100_ms), 100_ms);
  // Rested for long: the whole burst again, not more.
  for (int i = 0; i < 3; ++i) EXPECT_EQ(table.charge(kKey, rate, kStart + 60_s), Duration{}) << i;
  EXPECT_NE(table.charge(kKey, rate, kStart + 60_s), Duration{});
}

TEST(RateTable, ARefusedRequestCostsNothing) {
  RateTable table;
  const Rate rate = rate_of(60, 1);
  EXPECT_EQ(table.charge(kKey, rate, kStart), Duration{});
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(table.charge(kKey, rate, kStart + 500_ms), 500_ms);
  EXPECT_EQ(table.charge(kKey, rate, kStart + 1_s), Duration{});
}

TEST(RateTable, KeysDoNotShareTheirRate) {
  RateTable table;
  const Rate rate = rate_of(60, 1);
  for (uint64_t key = 1; key <= 1000; ++key)
    EXPECT_EQ(table.charge(key << 20 | key, rate, kStart), Duration{});
  EXPECT_EQ(table.in_debt(kStart), 1000u);
  EXPECT_EQ(table.in_debt(kStart + 1_s), 0u);
}

TEST(RateTable, AHigherRateForgivesWhatTheLowerOneWouldStillHaveRefused) {
  RateTable table;
  const Rate slow = rate_of(1, 10);
  for (int i = 0; i < 10; ++i) table.charge(kKey, slow, kStart);
  EXPECT_EQ(table.charge(kKey, slow, kStart), 60_s);
  const Rate fast = rate_of(600, 2);
  EXPECT_EQ(table.charge(kKey, fast, kStart), 100_ms);
  EXPECT_EQ(table.charge(kKey, fast, kStart + 100_ms), Duration{});
}

// Eight places share one neighbourhood: the ninth key takes over that of the least debt.
TEST(RateTable, AFullNeighbourhoodForgetsTheLeastDebtFirst) {
  RateTable table;
  const Rate rate = rate_of(60, 100);
  const auto key_of = [](uint64_t number) { return number << 32; };
  for (uint64_t number = 1; number <= 8; ++number) {
    for (uint64_t i = 0; i < number * 10; ++i) table.charge(key_of(number), rate, kStart);
  }
  EXPECT_EQ(table.charge(key_of(9), rate, kStart), Duration{});
  // The worst one is still known: 80 of its 100 are gone, 20 pass.
  uint32_t passed = 0;
  while (table.charge(key_of(8), rate, kStart) == Duration{}) ++passed;
  EXPECT_EQ(passed, 20u);
}

TEST(RateTable, AMillionAddressesNeedNoMoreMemory) {
  RateTable table;
  Rng rng(1);
  const Rate rate = rate_of(60, 1);
  Instant now = kStart;
  for (int i = 0; i < 1'000'000; ++i) {
    ASSERT_EQ(table.charge(rng.next() | 1, rate, now), Duration{});
    now = now + 1_us;
  }
  EXPECT_LE(table.in_debt(now), RateTable::kPlaces);
}

// Whatever the interleaving of workers: never more than burst + time / interval.
TEST(RateTable, ThreadsTogetherNeverPassMoreThanTheRate) {
  RateTable table;
  const Rate rate = rate_of(60'000, 50);  // One a millisecond.
  std::atomic<int64_t> clock{kStart.nanoseconds};
  std::atomic<uint64_t> passed{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 50'000; ++turn) {
        const Instant now{clock.fetch_add(10'000)};  // Stale as soon as another thread is faster.
        if (table.charge(kKey, rate, now) == Duration{}) ++passed;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  const int64_t milliseconds = (clock.load() - kStart.nanoseconds) / 1'000'000;
  EXPECT_LE(passed.load(), 50u + static_cast<uint64_t>(milliseconds));
  EXPECT_GE(passed.load(), static_cast<uint64_t>(milliseconds) - 50);
}

// A model that counts arrivals: the same answers for random rates and gaps.
TEST(RateTable, AgreesWithABucketThatIsFilledDropByDrop) {
  Rng rng(7);
  for (int round = 0; round < 200; ++round) {
    RateTable table;
    const auto per_minute = static_cast<uint32_t>(1 + rng.below(100'000));
    const auto burst = static_cast<uint32_t>(1 + rng.below(20));
    const Rate rate = rate_of(per_minute, burst);
    const int64_t full = rate.interval.nanoseconds * burst;
    int64_t water = full;  // In nanoseconds of the interval.
    Instant now = kStart;
    for (int i = 0; i < 200; ++i) {
      const auto gap = static_cast<int64_t>(rng.below(static_cast<uint64_t>(rate.interval.nanoseconds) * 3));
      now = now + Duration{gap};
      water = std::min(full, water + gap);
      const bool fits = water >= rate.interval.nanoseconds;
      ASSERT_EQ(table.charge(kKey, rate, now) == Duration{}, fits) << "round " << round << " request " << i;
      if (fits) water -= rate.interval.nanoseconds;
    }
  }
}

}  // namespace
}  // namespace sluice::dataplane
