// connections_per_ip is counted over all workers, so the table is shared and must not lose or invent counts.
#include "dataplane/conn/address_counts.h"

#include <gtest/gtest.h>

#include <memory>
#include <thread>
#include <vector>

namespace sluice::dataplane {
namespace {

uint64_t key_of(uint64_t number) {
  return (number * 0x9e3779b97f4a7c15ULL) | (1ULL << 63);
}

TEST(AddressCounts, EachEntryCountsOneMoreAndEachLeaveOneLess) {
  auto counts = std::make_unique<AddressCounts>();
  EXPECT_EQ(counts->enter(key_of(1)), 1u);
  EXPECT_EQ(counts->enter(key_of(1)), 2u);
  EXPECT_EQ(counts->enter(key_of(2)), 1u);
  counts->leave(key_of(1));
  EXPECT_EQ(counts->enter(key_of(1)), 2u);
}

TEST(AddressCounts, AnAddressThatLeftEntirelyFreesItsPlace) {
  auto counts = std::make_unique<AddressCounts>();
  // Far more addresses than places, one after the other: each must find room.
  for (uint64_t i = 0; i < 1'000'000; ++i) {
    ASSERT_EQ(counts->enter(key_of(i)), 1u);
    counts->leave(key_of(i));
  }
}

TEST(AddressCounts, AFullNeighbourhoodIsNotCountedRatherThanRefused) {
  auto counts = std::make_unique<AddressCounts>();
  uint32_t uncounted = 0;
  for (uint64_t tag = 1; tag <= 20; ++tag) uncounted += counts->enter(tag << 32) == 0;
  EXPECT_EQ(uncounted, 4u);  // Sixteen places share one neighbourhood.
}

TEST(AddressCounts, ThreadsLoseNothing) {
  auto counts = std::make_unique<AddressCounts>();
  const uint64_t key = key_of(7);
  ASSERT_EQ(counts->enter(key), 1u);  // Holds the place, so that no thread can see it vacant.
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&] {
      for (int turn = 0; turn < 20'000; ++turn) {
        ASSERT_GE(counts->enter(key), 2u);
        counts->leave(key);
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(counts->enter(key), 2u);
}

}  // namespace
}  // namespace sluice::dataplane
