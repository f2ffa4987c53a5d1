#include "dataplane/decide/maglev.h"

#include <gtest/gtest.h>

#include "tests/unit/decide/snapshot_builder.h"

namespace sluice {
namespace {

using decide::kMaglevEntries;
using decide::kMaglevNobody;

std::vector<uint16_t> table_of(const std::vector<uint16_t>& weights) {
  testing::SnapshotBuilder builder;
  std::vector<wire::Member> members;
  for (size_t i = 0; i < weights.size(); ++i) {
    members.emplace_back(builder.add_peer("10.0.0.1:" + std::to_string(i + 1)), weights[i]);
  }
  std::vector<uint16_t> table(kMaglevEntries);
  decide::fill_maglev_table(members, builder.peers, table);
  return table;
}

std::vector<uint32_t> shares(const std::vector<uint16_t>& table, size_t members) {
  std::vector<uint32_t> result(members);
  for (const uint16_t member : table) ++result.at(member);
  return result;
}

TEST(Maglev, EqualMembersHoldEqualSharesToOneEntry) {
  for (const size_t count : {1u, 2u, 3u, 7u, 100u, 4096u}) {
    for (const uint32_t share : shares(table_of(std::vector<uint16_t>(count, 9)), count)) {
      EXPECT_NEAR(share, static_cast<double>(kMaglevEntries) / static_cast<double>(count), 1);
    }
  }
}

// 65535 and 65534 have no common divisor: counting turns by weight would give the first member everything.
TEST(Maglev, WeightsAreExtraTurnsWhateverTheirSize) {
  const std::vector<uint32_t> halves = shares(table_of({65535, 65534}), 2);
  EXPECT_NEAR(halves[0], halves[1], 3);
  const std::vector<uint32_t> parts = shares(table_of({1, 3, 4, 0}), 4);
  EXPECT_NEAR(parts[0], kMaglevEntries / 8.0, 2);
  EXPECT_NEAR(parts[1], kMaglevEntries * 3 / 8.0, 2);
  EXPECT_NEAR(parts[2], kMaglevEntries / 2.0, 2);
  EXPECT_EQ(parts[3], 0u);
}

TEST(Maglev, NobodyHasATableWithoutWeights) {
  for (const uint16_t entry : table_of({0, 0})) ASSERT_EQ(entry, kMaglevNobody);
  for (const uint16_t entry : table_of({})) ASSERT_EQ(entry, kMaglevNobody);
}

TEST(Maglev, PoolsWithEqualMembersShareATable) {
  testing::SnapshotBuilder builder;
  const uint32_t a = builder.add_peer("10.0.0.1:1");
  const uint32_t b = builder.add_peer("10.0.0.1:2");
  constexpr auto kMode = wire::PoolMode::load_balancing;
  constexpr auto kPolicy = wire::BalancePolicy::maglev;
  builder.add_pool("one", {{a}, {b}}, kMode, kPolicy);
  builder.add_pool("other policy", {{a}, {b}}, kMode, wire::BalancePolicy::ip_hash);
  builder.add_pool("same", {{a}, {b}}, kMode, kPolicy);
  builder.add_pool("weights differ", {{a}, {b, 2}}, kMode, kPolicy);
  builder.add_pool("order differs", {{b}, {a}}, kMode, kPolicy);
  builder.add_pool("failover", {{a}, {b}}, wire::PoolMode::failover, kPolicy);
  const std::vector<std::byte> bytes = builder.finish();
  const auto snapshot = decide::Snapshot::load(bytes, {.maglev_tables_max = 3});
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  EXPECT_EQ((*snapshot)->maglev_table(0).data(), (*snapshot)->maglev_table(2).data());
  EXPECT_NE((*snapshot)->maglev_table(0).data(), (*snapshot)->maglev_table(3).data());
  EXPECT_NE((*snapshot)->maglev_table(0).data(), (*snapshot)->maglev_table(4).data());
  EXPECT_TRUE((*snapshot)->maglev_table(1).empty());
  EXPECT_TRUE((*snapshot)->maglev_table(5).empty());
}

}  // namespace
}  // namespace sluice
