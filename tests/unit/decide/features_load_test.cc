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

std::string sticky_refusal(const std::vector<testing::StickySpec>& stickies) {
  SnapshotBuilder builder;
  const uint32_t peer = builder.add_peer("127.0.0.1:9001");
  builder.add_pool("a", {{peer, 1}});
  builder.add_pool("b", {{peer, 1}});
  builder.stickies = stickies;
  const std::vector<std::byte> bytes = builder.finish();
  const auto loaded = Snapshot::load(bytes, {});
  return loaded ? "" : loaded.error().code + " " + loaded.error().path;
}

TEST(FeaturesLoad, Stickies) {
  EXPECT_EQ(sticky_refusal({{.pool = 0}, {.pool = 1, .keys = {1, 2, 3, 4}}}), "");
  EXPECT_EQ(sticky_refusal({{.pool = 2}}), "DANGLING_REF features.stickies[0].pool");
  EXPECT_EQ(sticky_refusal({{.pool = 1}, {.pool = 0}}), "BAD_VALUE features.stickies[1].pool");
  EXPECT_EQ(sticky_refusal({{.pool = 1}, {.pool = 1}}), "BAD_VALUE features.stickies[1].pool");
  EXPECT_EQ(sticky_refusal({{.cookie = ""}}), "BAD_VALUE features.stickies[0].cookie");
  EXPECT_EQ(sticky_refusal({{.cookie = "a b"}}), "BAD_VALUE features.stickies[0].cookie");
  EXPECT_EQ(sticky_refusal({{.cookie = std::string(65, 'a')}}), "BAD_VALUE features.stickies[0].cookie");
  EXPECT_EQ(sticky_refusal({{.attributes = "; Path=/\r\nX: y"}}),
            "BAD_VALUE features.stickies[0].attributes");
  EXPECT_EQ(sticky_refusal({{.attributes = std::string(1025, 'a')}}),
            "BAD_VALUE features.stickies[0].attributes");
  EXPECT_EQ(sticky_refusal({{.keys = {}}}), "BAD_VALUE features.stickies[0].keys");
  EXPECT_EQ(sticky_refusal({{.keys = {1, 2, 3, 4, 5}}}), "BAD_VALUE features.stickies[0].keys");
}

}  // namespace
}  // namespace sluice
