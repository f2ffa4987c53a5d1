// Weighted splits: exact by turns, steady by client.
#include "dataplane/decide/split.h"

#include <gtest/gtest.h>

#include <map>

#include "schemas/stable_hash.h"

namespace sluice::decide {
namespace {

std::vector<wire::Pool> pools_named(const std::vector<uint64_t>& ids) {
  std::vector<wire::Pool> pools;
  for (const uint64_t id : ids) {
    pools.emplace_back(id, wire::Text(), 0, 0, kNone, wire::PoolMode::failover,
                       wire::BalancePolicy::round_robin);
  }
  return pools;
}

std::vector<wire::SplitPart> parts_of(const std::vector<uint32_t>& weights) {
  std::vector<wire::SplitPart> parts;
  for (uint32_t i = 0; i < weights.size(); ++i) parts.emplace_back(i, 0, weights[i]);
  return parts;
}

std::map<uint32_t, uint32_t> shares(std::span<const wire::SplitPart> parts, std::span<const wire::Pool> pools,
                                    BalanceState& state, uint32_t turns) {
  std::map<uint32_t, uint32_t> counts;
  for (uint32_t i = 0; i < turns; ++i) ++counts[split_by_turn(parts, pools, state)];
  return counts;
}

TEST(Split, EveryWindowOfTheSumOfWeightsIsExact) {
  const auto pools = pools_named({11, 12, 13});
  const auto parts = parts_of({90, 9, 1});
  BalanceState state;
  for (int window = 0; window < 5; ++window) {
    EXPECT_EQ(shares(parts, pools, state, 100), (std::map<uint32_t, uint32_t>{{0, 90}, {1, 9}, {2, 1}}));
  }
}

TEST(Split, AWindowMayBeginAnywhere) {
  const auto pools = pools_named({11, 12});
  const auto parts = parts_of({7, 3});
  for (uint32_t offset = 0; offset < 10; ++offset) {
    BalanceState state;
    shares(parts, pools, state, offset);
    EXPECT_EQ(shares(parts, pools, state, 10), (std::map<uint32_t, uint32_t>{{0, 7}, {1, 3}})) << offset;
  }
}

TEST(Split, TheSmallPartDoesNotComeInBursts) {
  const auto pools = pools_named({11, 12});
  const auto parts = parts_of({2, 1});
  BalanceState state;
  std::string order;
  for (int i = 0; i < 9; ++i) order += static_cast<char>('a' + split_by_turn(parts, pools, state));
  EXPECT_EQ(order, "abaabaaba");
}

TEST(Split, WeightZeroTakesNothing) {
  const auto pools = pools_named({11, 12});
  BalanceState state;
  EXPECT_EQ(shares(parts_of({0, 5}), pools, state, 50), (std::map<uint32_t, uint32_t>{{1, 50}}));
  for (uint64_t key = 0; key < 100; ++key) {
    EXPECT_EQ(split_by_key(parts_of({0, 5}), stable_hash(HashUse::split_client, key, 0)), 1U);
    EXPECT_EQ(split_by_key(parts_of({5, 0}), stable_hash(HashUse::split_client, key, 0)), 0U);
  }
}

TEST(Split, OtherPoolsBeginAnew) {
  BalanceState state;
  shares(parts_of({9, 1}), pools_named({11, 12}), state, 7);
  const auto counts = shares(parts_of({1, 1, 8}), pools_named({12, 13, 14}), state, 10);
  EXPECT_EQ(counts, (std::map<uint32_t, uint32_t>{{0, 1}, {1, 1}, {2, 8}}));
}

TEST(Split, ByClientTheSharesHoldAndAChangedWeightMovesOnlyWhatChanged) {
  constexpr uint32_t kClients = 100'000;
  const auto before = parts_of({90, 10});
  const auto after = parts_of({80, 20});
  uint32_t canary = 0;
  uint32_t moved = 0;
  for (uint32_t client = 0; client < kClients; ++client) {
    const uint64_t key = stable_hash(HashUse::split_client, client, 0);
    const uint32_t part = split_by_key(before, key);
    EXPECT_EQ(split_by_key(before, key), part);
    EXPECT_EQ(split_by_key(parts_of({900, 100}), key), part);  // The same shares, written larger.
    canary += part;
    if (split_by_key(after, key) != part) {
      ++moved;
      EXPECT_EQ(part, 0U) << "nobody leaves the part that grew";
    }
  }
  EXPECT_NEAR(canary, kClients / 10, kClients / 200);
  EXPECT_NEAR(moved, kClients / 10, kClients / 200);
}

TEST(Split, TheLargestSumStillFits) {
  const auto parts = parts_of(std::vector<uint32_t>(64, 1'000'000));
  EXPECT_EQ(split_by_key(parts, UINT64_MAX), 63U);
  EXPECT_EQ(split_by_key(parts, 0), 0U);
}

}  // namespace
}  // namespace sluice::decide
