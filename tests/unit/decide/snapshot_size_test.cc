// Large snapshots: honest ones pass, crafted ones cost no more than their size.
#include <gtest/gtest.h>

#include "dataplane/decide/snapshot.h"
#include "tests/unit/decide/snapshot_builder.h"

namespace sluice {
namespace {

using decide::Snapshot;
using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

std::span<const std::byte> bytes_of(const FlatBufferBuilder& fbb) {
  return {reinterpret_cast<const std::byte*>(fbb.GetBufferPointer()), fbb.GetSize()};
}

// FlatBuffers' own default stops at a million tables. Two million rules with a condition each have two.
TEST(SnapshotSize, TakesTwoMillionRoutesWithAConditionEach) {
  constexpr uint32_t kCount = 2'000'000;
  testing::SnapshotBuilder names;
  const uint32_t pool = names.add_pool("pool", {{names.add_peer("127.0.0.1:9001")}});
  const wire::Text path = names.add_text("/");
  const wire::Text host = names.add_text("h");
  const wire::Limits limits(UINT64_MAX, 4096, 128, 4096, 0, 0, 0, 20);

  FlatBufferBuilder fbb;
  std::vector<Offset<wire::Condition>> conditions(kCount);
  std::vector<wire::Route> routes;
  std::vector<wire::Rule> rules;
  for (uint32_t i = 0; i < kCount; ++i) {
    conditions[i] = wire::CreateCondition(fbb);
    routes.emplace_back(i, wire::Text(0, 0), pool, 0, wire::ActionKind::forward);
    rules.emplace_back(path, i, i, 0, wire::PathKind::prefix);
  }
  const auto policies = fbb.CreateVector(std::vector{wire::CreatePolicy(fbb)});
  const auto text = fbb.CreateVector(reinterpret_cast<const uint8_t*>(names.text.data()), names.text.size());
  const auto hosts =
      fbb.CreateVectorOfStructs(std::vector{wire::Host(host, wire::HostKind::exact, 0, kCount)});
  const auto rule_vector = fbb.CreateVectorOfStructs(rules);
  const auto route_vector = fbb.CreateVectorOfStructs(routes);
  const auto pools = fbb.CreateVectorOfStructs(names.pools);
  const auto members = fbb.CreateVectorOfStructs(names.members);
  const auto peers = fbb.CreateVectorOfStructs(names.peers);
  const auto timeouts = fbb.CreateVectorOfStructs(names.timeouts);
  const auto condition_vector = fbb.CreateVector(conditions);
  fbb.Finish(wire::CreateSnapshot(fbb, 1, 1, 0, text, 0, hosts, rule_vector, route_vector, pools, members,
                                  peers, timeouts, condition_vector, policies, 0, 0, &limits),
             wire::SnapshotIdentifier());

  const auto snapshot = Snapshot::load(bytes_of(fbb), {});
  ASSERT_TRUE(snapshot) << snapshot.error().path << " " << snapshot.error().message;
  EXPECT_EQ((*snapshot)->match({.host = "h", .path = "/x", .method = "GET"}).route, 0u);
  const auto refused = Snapshot::load(bytes_of(fbb), {.routes_max = kCount - 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "LIMIT");
}

// n conditions that share one vector of n strings: verified in proportion to the bytes, not to n * n.
TEST(SnapshotSize, SharedVectorsDoNotMultiplyTheCost) {
  constexpr uint32_t kCount = 200'000;
  FlatBufferBuilder fbb;
  const auto method = fbb.CreateString("GET");
  const auto methods = fbb.CreateVector(std::vector<Offset<flatbuffers::String>>(kCount, method));
  const auto condition = wire::CreateCondition(fbb, methods);
  const auto conditions = fbb.CreateVector(std::vector<Offset<wire::Condition>>(kCount, condition));
  wire::SnapshotBuilder root(fbb);
  root.add_conditions(conditions);
  fbb.Finish(root.Finish(), wire::SnapshotIdentifier());
  const auto loaded = Snapshot::load(bytes_of(fbb), {});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().path, "conditions");
}

// The same with tables: n policies that share one vector of n header operations.
TEST(SnapshotSize, SharedTablesDoNotMultiplyTheCost) {
  constexpr uint32_t kCount = 200'000;
  FlatBufferBuilder fbb;
  const auto op = wire::CreateHeaderOpDirect(fbb, wire::HeaderOpKind::remove, "X-A");
  const auto ops = fbb.CreateVector(std::vector<Offset<wire::HeaderOp>>(kCount, op));
  wire::PolicyBuilder policy(fbb);
  policy.add_request_headers(ops);
  const auto policies = fbb.CreateVector(std::vector<Offset<wire::Policy>>(kCount, policy.Finish()));
  wire::SnapshotBuilder root(fbb);
  root.add_policies(policies);
  fbb.Finish(root.Finish(), wire::SnapshotIdentifier());
  const auto loaded = Snapshot::load(bytes_of(fbb), {});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, "VERIFY");
}

}  // namespace
}  // namespace sluice
