// docs/routing.md, section "Choosing a member": each policy's promise as a figure.
#include <gtest/gtest.h>

#include <cmath>
#include <map>

#include "dataplane/decide/pick.h"
#include "schemas/stable_hash.h"
#include "tests/unit/decide/snapshot_builder.h"

namespace sluice {
namespace {

using decide::BalanceState;
using decide::kNone;
using decide::Snapshot;
using testing::MemberSpec;
using testing::SnapshotBuilder;
using wire::BalancePolicy;
using wire::PoolMode;

// A pool whose member i is the peer 10.0.(i / 200).(i % 200 + 1):80, and what is known about its members.
class World {
 public:
  World(BalancePolicy policy, const std::vector<uint16_t>& weights,
        PoolMode mode = PoolMode::load_balancing) {
    std::vector<uint32_t> peers(weights.size());
    for (uint32_t i = 0; i < peers.size(); ++i) peers[i] = i;
    load(policy, peers, weights, mode);
  }

  // A reload: the pool now has these peers.
  void load(BalancePolicy policy, const std::vector<uint32_t>& peers, const std::vector<uint16_t>& weights,
            PoolMode mode = PoolMode::load_balancing) {
    SnapshotBuilder builder;
    std::vector<MemberSpec> members;
    peer_of_member_ = peers;
    for (size_t i = 0; i < peers.size(); ++i) {
      const std::string address =
          "10.0." + std::to_string(peers[i] / 200) + "." + std::to_string(peers[i] % 200 + 1) + ":80";
      members.push_back({builder.add_peer(address), weights[i]});
      peer_by_id_[builder.peers.back().id()] = peers[i];
    }
    builder.add_pool("pool", members, mode, policy);
    bytes_ = builder.finish();
    auto loaded = Snapshot::load(bytes_, {});
    EXPECT_TRUE(loaded) << loaded.error().message;
    snapshot_ = std::move(*loaded);
  }

  // The peer's number, or kNone.
  uint32_t pick(uint64_t key = 0) {
    const uint32_t member = decide::pick_member(*snapshot_, 0, state, facts_, key, rng_);
    return member == kNone ? kNone : peer_of_member_.at(member);
  }
  std::vector<uint64_t> counts(uint32_t picks, uint32_t peers) {
    std::vector<uint64_t> result(peers);
    for (uint32_t i = 0; i < picks; ++i) ++result.at(pick(client(i)));
    return result;
  }
  static uint64_t client(uint32_t number) {
    return stable_hash(HashUse::client_address, "192.0.2." + std::to_string(number));
  }

  std::map<uint32_t, uint32_t> percent;    // By peer; 100 when not listed.
  std::map<uint32_t, uint32_t> in_flight;  // By peer.
  BalanceState state;

 private:
  std::vector<std::byte> bytes_;
  std::unique_ptr<Snapshot> snapshot_;
  std::vector<uint32_t> peer_of_member_;
  std::map<uint64_t, uint32_t> peer_by_id_;
  Rng rng_{42};
  decide::MemberFacts facts_{this,
                             [](void* context, const wire::Peer& peer) -> uint32_t {
                               const World& world = *static_cast<World*>(context);
                               const auto found = world.percent.find(world.peer_by_id_.at(peer.id()));
                               return found == world.percent.end() ? 100 : found->second;
                             },
                             [](void* context, const wire::Peer& peer) -> uint32_t {
                               const World& world = *static_cast<World*>(context);
                               const auto found = world.in_flight.find(world.peer_by_id_.at(peer.id()));
                               return found == world.in_flight.end() ? 0 : found->second;
                             }};
};

constexpr BalancePolicy kPolicies[] = {BalancePolicy::round_robin, BalancePolicy::least_conn,
                                       BalancePolicy::ip_hash, BalancePolicy::random_two,
                                       BalancePolicy::maglev};

TEST(Pick, FailoverTakesTheFirstUsableMemberInOrder) {
  World world(BalancePolicy::round_robin, {1, 1, 1}, PoolMode::failover);
  EXPECT_EQ(world.counts(100, 3), (std::vector<uint64_t>{100, 0, 0}));
  world.percent[0] = 0;
  EXPECT_EQ(world.counts(100, 3), (std::vector<uint64_t>{0, 100, 0}));
  world.percent[1] = 0;
  EXPECT_EQ(world.pick(), 2u);
  world.percent[2] = 0;
  EXPECT_EQ(world.pick(), kNone);
  world.percent[0] = 1;
  EXPECT_EQ(world.pick(), 0u);
}

TEST(Pick, EveryPolicyTakesOnlyUsableMembersAndNoneWhenThereIsNone) {
  for (const BalancePolicy policy : kPolicies) {
    SCOPED_TRACE(wire::EnumNameBalancePolicy(policy));
    for (const uint32_t count : {1u, 2u, 5u, 64u, 65u, 300u}) {
      World world(policy, std::vector<uint16_t>(count, 3));
      for (uint32_t usable = 0; usable < count; ++usable) {
        world.percent.clear();
        for (uint32_t i = 0; i < count; ++i) world.percent[i] = i == usable ? 100 : 0;
        ASSERT_EQ(world.pick(World::client(usable)), usable);
      }
      for (uint32_t i = 0; i < count; ++i) world.percent[i] = 0;
      ASSERT_EQ(world.pick(), kNone);
    }
    World nobody(policy, {});
    EXPECT_EQ(nobody.pick(), kNone);
    World weightless(policy, {0, 0, 0});
    EXPECT_EQ(weightless.pick(), kNone);
    World one_weight(policy, {0, 7, 0});
    EXPECT_EQ(one_weight.counts(50, 3), (std::vector<uint64_t>{0, 50, 0}));
  }
}

// Whatever is known about members, and however it changes from pick to pick.
TEST(Pick, EveryPolicyPicksSomebodyUsableExactlyWhenThereIsSomebody) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    Rng rng(seed);
    std::vector<uint16_t> weights(1 + rng.below(seed % 10 == 0 ? 200 : 8));
    for (uint16_t& weight : weights) {
      weight = rng.chance(1, 8) ? UINT16_MAX : static_cast<uint16_t>(rng.below(3));
    }
    World world(kPolicies[seed % std::size(kPolicies)], weights,
                rng.chance(1, 6) ? PoolMode::failover : PoolMode::load_balancing);
    for (int pick = 0; pick < 100; ++pick) {
      bool is_any_usable = false;
      for (uint32_t i = 0; i < weights.size(); ++i) {
        if (rng.chance(1, 3)) world.percent[i] = rng.chance(1, 2) ? 0 : static_cast<uint32_t>(rng.below(200));
        if (rng.chance(1, 3)) world.in_flight[i] = static_cast<uint32_t>(rng.next() >> rng.below(64));
        is_any_usable |= weights[i] != 0 && (!world.percent.contains(i) || world.percent[i] != 0);
      }
      const uint32_t picked = world.pick(rng.next());
      ASSERT_EQ(picked != kNone, is_any_usable) << seed;
      if (picked == kNone) continue;
      ASSERT_NE(weights[picked], 0) << seed;
      ASSERT_TRUE(!world.percent.contains(picked) || world.percent[picked] != 0) << seed;
    }
  }
}

// G3-05: 3,000 requests over three members, 1,000 each within 1 %.
TEST(Pick, RoundRobinIsEven) {
  World world(BalancePolicy::round_robin, {1, 1, 1});
  for (const uint64_t count : world.counts(3000, 3)) EXPECT_EQ(count, 1000u);
}

TEST(Pick, RoundRobinFollowsWeightsAndSpreadsThem) {
  World world(BalancePolicy::round_robin, {5, 1, 1});
  std::string order;
  for (int i = 0; i < 7; ++i) order += static_cast<char>('a' + world.pick());
  EXPECT_EQ(order, "aabacaa");
  EXPECT_EQ(world.counts(7000, 3), (std::vector<uint64_t>{5000, 1000, 1000}));
}

TEST(Pick, RoundRobinGivesExactSharesForAnyWeights) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    Rng rng(seed);
    std::vector<uint16_t> weights(1 + rng.below(64));
    std::vector<uint64_t> expected;
    uint32_t sum = 0;
    for (uint16_t& weight : weights) {
      weight = static_cast<uint16_t>(rng.below(20));
      sum += weight;
      expected.push_back(weight);
    }
    if (sum == 0) continue;
    World world(BalancePolicy::round_robin, weights);
    ASSERT_EQ(world.counts(sum, static_cast<uint32_t>(weights.size())), expected) << seed;
  }
}

TEST(Pick, RoundRobinScalesWeightsByPercent) {
  World world(BalancePolicy::round_robin, {1, 1});
  world.percent[1] = 25;
  EXPECT_EQ(world.counts(1000, 2), (std::vector<uint64_t>{800, 200}));
}

TEST(Pick, RoundRobinKeepsItsPlaceOverAReloadThatAddsAMember) {
  World world(BalancePolicy::round_robin, {1, 1, 1});
  EXPECT_EQ(world.pick(), 0u);
  EXPECT_EQ(world.pick(), 1u);
  world.load(BalancePolicy::round_robin, {3, 0, 1, 2}, {1, 1, 1, 1});
  // 2 has waited longest.
  EXPECT_EQ(world.pick(), 2u);
  const std::vector<uint64_t> counts = world.counts(4000, 4);
  for (const uint64_t count : counts) EXPECT_NEAR(static_cast<double>(count), 1000, 2);
}

TEST(Pick, RoundRobinOverLargePoolsIsEvenAndKeepsWeightsApart) {
  World even(BalancePolicy::round_robin, std::vector<uint16_t>(200, 4));
  for (const uint64_t count : even.counts(20'000, 200)) EXPECT_EQ(count, 100u);

  std::vector<uint16_t> weights(100, 1);
  weights[50] = 10;
  World weighted(BalancePolicy::round_robin, weights);
  const std::vector<uint64_t> counts = weighted.counts(109 * 100, 100);
  for (uint32_t i = 0; i < counts.size(); ++i) {
    EXPECT_NEAR(static_cast<double>(counts[i]), 100.0 * weights[i], 2.0 * weights[i]) << i;
  }
  // The heavy member's turns are spread: never two in a row, though ten light ones share a round with it.
  uint32_t previous = kNone;
  for (int i = 0; i < 1000; ++i) {
    const uint32_t picked = weighted.pick();
    ASSERT_FALSE(picked == 50 && previous == 50);
    previous = picked;
  }
}

TEST(Pick, RoundRobinOverLargePoolsSharesAmongWhatIsLeftWhenTheHeavyOnesAreDown) {
  std::vector<uint16_t> weights(100, 1);
  for (uint32_t i = 0; i < 50; ++i) weights[i] = 1000;
  World world(BalancePolicy::round_robin, weights);
  for (uint32_t i = 0; i < 50; ++i) world.percent[i] = 0;
  const std::vector<uint64_t> counts = world.counts(50 * 100, 100);
  for (uint32_t i = 50; i < 100; ++i) EXPECT_NEAR(static_cast<double>(counts[i]), 100, 2) << i;
}

TEST(Pick, RoundRobinOverLargePoolsSurvivesAReloadThatSwapsMembers) {
  std::vector<uint32_t> peers(100);
  for (uint32_t i = 0; i < 100; ++i) peers[i] = i;
  World world(BalancePolicy::round_robin, std::vector<uint16_t>(100, 1));
  for (int i = 0; i < 130; ++i) world.pick();
  std::swap(peers[40], peers[41]);
  peers[99] = 500;
  world.load(BalancePolicy::round_robin, peers, std::vector<uint16_t>(100, 1));
  for (int i = 0; i < 200; ++i) world.pick();
  std::vector<uint64_t> counts(501);
  for (int i = 0; i < 1000; ++i) ++counts[world.pick()];
  for (const uint32_t peer : peers) EXPECT_EQ(counts[peer], 10u) << peer;
}

// G3-06: 50 long streams on A, so that new ones go to B.
TEST(Pick, LeastConnAvoidsTheBusyMember) {
  World world(BalancePolicy::least_conn, {1, 1});
  world.in_flight[0] = 50;
  for (int i = 0; i < 49; ++i) {
    ASSERT_EQ(world.pick(), 1u);
    ++world.in_flight[1];
  }
}

TEST(Pick, LeastConnRotatesTies) {
  World world(BalancePolicy::least_conn, {1, 1, 1, 1});
  world.in_flight[3] = 1;
  EXPECT_EQ(world.counts(300, 4), (std::vector<uint64_t>{100, 100, 100, 0}));
}

TEST(Pick, LeastConnKeepsStreamsInProportionToWeights) {
  World world(BalancePolicy::least_conn, {3, 1});
  for (int i = 0; i < 400; ++i) ++world.in_flight[world.pick()];
  EXPECT_EQ(world.in_flight[0], 300u);
  EXPECT_EQ(world.in_flight[1], 100u);
}

// G3-07: 200 clients over four members; one leaves, about a quarter moves; it returns, all come back.
TEST(Pick, HashingPoliciesMoveOnlyTheClientsOfTheMemberThatLeaves) {
  for (const BalancePolicy policy : {BalancePolicy::ip_hash, BalancePolicy::maglev}) {
    SCOPED_TRACE(wire::EnumNameBalancePolicy(policy));
    World world(policy, {1, 1, 1, 1});
    std::vector<uint32_t> before;
    for (uint32_t i = 0; i < 200; ++i) before.push_back(world.pick(World::client(i)));
    world.percent[2] = 0;
    uint32_t moved = 0;
    for (uint32_t i = 0; i < 200; ++i) {
      const uint32_t now = world.pick(World::client(i));
      EXPECT_NE(now, 2u);
      if (now == before[i]) continue;
      ++moved;
      EXPECT_EQ(before[i], 2u) << "a client of a member that stayed has moved";
    }
    EXPECT_NEAR(moved, 50, 20);
    world.percent.clear();
    for (uint32_t i = 0; i < 200; ++i) EXPECT_EQ(world.pick(World::client(i)), before[i]);
  }
}

TEST(Pick, HashingPoliciesMoveLittleWhenAMemberIsRemovedByAReload) {
  for (const auto& [policy, others_moved_max] :
       {std::pair(BalancePolicy::ip_hash, 0), std::pair(BalancePolicy::maglev, 400)}) {
    SCOPED_TRACE(wire::EnumNameBalancePolicy(policy));
    World world(policy, {1, 1, 1, 1});
    std::vector<uint32_t> before;
    for (uint32_t i = 0; i < 10'000; ++i) before.push_back(world.pick(World::client(i)));
    world.load(policy, {0, 1, 3}, {1, 1, 1});
    int others_moved = 0;
    int left = 0;
    for (uint32_t i = 0; i < 10'000; ++i) {
      if (before[i] == 2)
        ++left;
      else if (world.pick(World::client(i)) != before[i])
        ++others_moved;
    }
    EXPECT_NEAR(left, 2500, 150);
    EXPECT_LE(others_moved, others_moved_max);
    world.load(policy, {0, 1, 2, 3}, {1, 1, 1, 1});
    for (uint32_t i = 0; i < 10'000; ++i) ASSERT_EQ(world.pick(World::client(i)), before[i]);
  }
}

TEST(Pick, HashingPoliciesFollowWeights) {
  for (const BalancePolicy policy : {BalancePolicy::ip_hash, BalancePolicy::maglev}) {
    SCOPED_TRACE(wire::EnumNameBalancePolicy(policy));
    World world(policy, {1, 2, 5});
    const std::vector<uint64_t> counts = world.counts(80'000, 3);
    EXPECT_NEAR(static_cast<double>(counts[0]), 10'000, 500);
    EXPECT_NEAR(static_cast<double>(counts[1]), 20'000, 700);
    EXPECT_NEAR(static_cast<double>(counts[2]), 50'000, 900);
  }
}

TEST(Pick, HashingPoliciesGiveAMemberAtFortyPercentFewerClients) {
  for (const BalancePolicy policy : {BalancePolicy::ip_hash, BalancePolicy::maglev}) {
    SCOPED_TRACE(wire::EnumNameBalancePolicy(policy));
    World world(policy, {1, 1, 1, 1});
    world.percent[3] = 40;
    const std::vector<uint64_t> counts = world.counts(34'000, 4);
    EXPECT_LT(counts[3], counts[0] / 2);
    EXPECT_GT(counts[3], counts[0] / 4);
  }
}

TEST(Pick, RandomTwoPrefersTheLessLoadedAndFollowsWeightsWhenIdle) {
  World idle(BalancePolicy::random_two, {1, 1, 1, 1});
  for (const uint64_t count : idle.counts(40'000, 4)) EXPECT_NEAR(static_cast<double>(count), 10'000, 500);

  World loaded(BalancePolicy::random_two, {1, 1, 1, 1});
  loaded.in_flight[0] = 100;
  EXPECT_EQ(loaded.counts(10'000, 4)[0], 0u);

  // Streams pile up: the spread stays within a few of even (the point of two choices), by weight.
  World piling(BalancePolicy::random_two, {1, 1, 1, 2});
  for (int i = 0; i < 5000; ++i) ++piling.in_flight[piling.pick()];
  for (uint32_t i = 0; i < 3; ++i) EXPECT_NEAR(piling.in_flight[i], 1000, 20);
  EXPECT_NEAR(piling.in_flight[3], 2000, 40);
}

}  // namespace
}  // namespace sluice
