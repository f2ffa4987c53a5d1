// What Snapshot::load refuses about the features of routes: every index and number that a worker reads.
#include <gtest/gtest.h>

#include "tests/unit/decide/snapshot_builder.h"

namespace sluice {
namespace {

using decide::Snapshot;
using testing::FeaturesSpec;
using testing::SnapshotBuilder;

// "CODE path" of the refusal, or "" when the snapshot with one route of these features is taken.
std::string refusal(const FeaturesSpec& features) {
  SnapshotBuilder builder;
  const uint32_t peer = builder.add_peer("127.0.0.1:9001");
  const uint32_t pool = builder.add_pool("a", {{peer, 1}});
  builder.add_pool("b", {{peer, 1}});
  const uint32_t policy = builder.add_policy({.features = features});
  builder.add_rule("", {.route = builder.add_route("r", pool, policy)});
  const std::vector<std::byte> bytes = builder.finish();
  const auto loaded = Snapshot::load(bytes, {});
  return loaded ? "" : loaded.error().code + " " + loaded.error().path;
}

TEST(FeaturesLoad, Splits) {
  EXPECT_EQ(refusal({.split = {{0, 0, 90}, {1, 0, 10}}}), "");
  EXPECT_EQ(refusal({.split = {{0, 0, 0}, {1, 0, 1'000'000}}, .split_by_client = true}), "");
  EXPECT_EQ(refusal({.split = {{0, 0, 1}, {2, 0, 1}}}), "DANGLING_REF policies[1].features.split[1].pool");
  EXPECT_EQ(refusal({.split = {{0, 1, 1}}}), "DANGLING_REF policies[1].features.split[0].timeouts");
  EXPECT_EQ(refusal({.split = {{0, 0, 0}, {1, 0, 0}}}), "BAD_VALUE policies[1].features.split");
  EXPECT_EQ(refusal({.split = {{0, 0, 1'000'001}}}), "BAD_VALUE policies[1].features.split[0].weight");
  EXPECT_EQ(refusal({.split = std::vector<wire::SplitPart>(65, {0, 0, 1})}),
            "BAD_VALUE policies[1].features.split");
}

}  // namespace
}  // namespace sluice
