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

// A snapshot with one listener, one response, one access list and one set of pages, changed by the test.
template <typename Change>
std::string changed_refusal(const FeaturesSpec& features, Change change) {
  SnapshotBuilder builder;
  const uint32_t pool = builder.add_pool("a", {{builder.add_peer("127.0.0.1:9001"), 1}});
  builder.add_listener("web", "127.0.0.1:8080");
  builder.add_response({.status = 503});
  builder.access_lists.emplace_back();
  builder.error_page_sets.push_back({{4, 0}, {404, 0}});
  builder.add_rule("", {.route = builder.add_route("r", pool, builder.add_policy({.features = features}))});
  change(builder);
  const std::vector<std::byte> bytes = builder.finish();
  const auto loaded = Snapshot::load(bytes, {});
  return loaded ? "" : loaded.error().code + " " + loaded.error().path;
}
std::string changed_refusal(const FeaturesSpec& features) {
  return changed_refusal(features, [](SnapshotBuilder&) {});
}

TEST(FeaturesLoad, IndicesOfRoutes) {
  EXPECT_EQ(changed_refusal({.access = 0, .maintenance = 0, .maintenance_access = 0, .error_pages = 0}), "");
  EXPECT_EQ(changed_refusal({.access = 1}), "DANGLING_REF policies[1].features.access");
  EXPECT_EQ(changed_refusal({.maintenance = 1}), "DANGLING_REF policies[1].features.maintenance");
  EXPECT_EQ(changed_refusal({.maintenance_access = 1}),
            "DANGLING_REF policies[1].features.maintenance_access");
  EXPECT_EQ(changed_refusal({.error_pages = 1}), "DANGLING_REF policies[1].features.error_pages");
}

TEST(FeaturesLoad, AccessLists) {
  const auto with_v4 = [](std::vector<wire::AddressStep4> steps) {
    return changed_refusal({}, [&](SnapshotBuilder& builder) { builder.access_lists[0].v4 = steps; });
  };
  EXPECT_EQ(with_v4({{0, true}, {5, false}, {6, true}}), "");
  EXPECT_EQ(with_v4({}), "BAD_VALUE features.access_lists[0].v4");
  EXPECT_EQ(with_v4({{1, true}}), "BAD_VALUE features.access_lists[0].v4[0]");
  EXPECT_EQ(with_v4({{0, true}, {6, false}, {6, true}}), "BAD_VALUE features.access_lists[0].v4[2]");
  const auto step6 = [](uint32_t high, uint32_t low) {
    const uint32_t words[] = {high, 0, 0, low};
    return wire::AddressStep6(flatbuffers::span<const uint32_t, 4>(words), true);
  };
  const auto with_v6 = [](std::vector<wire::AddressStep6> steps) {
    return changed_refusal({}, [&](SnapshotBuilder& builder) { builder.access_lists[0].v6 = steps; });
  };
  EXPECT_EQ(with_v6({step6(0, 0), step6(0, 9), step6(1, 0)}), "");
  EXPECT_EQ(with_v6({}), "BAD_VALUE features.access_lists[0].v6");
  EXPECT_EQ(with_v6({step6(0, 1)}), "BAD_VALUE features.access_lists[0].v6[0]");
  EXPECT_EQ(with_v6({step6(0, 0), step6(1, 0), step6(0, 9)}), "BAD_VALUE features.access_lists[0].v6[2]");
  const auto with_listeners = [](std::vector<uint32_t> lists) {
    return changed_refusal({}, [&](SnapshotBuilder& builder) { builder.listener_access = lists; });
  };
  EXPECT_EQ(with_listeners({0}), "");
  EXPECT_EQ(with_listeners({decide::kNone}), "");
  EXPECT_EQ(with_listeners({1}), "DANGLING_REF features.listener_access[0]");
  EXPECT_EQ(with_listeners({0, 0}), "BAD_VALUE features.listener_access");
}

TEST(FeaturesLoad, ErrorPages) {
  const auto with_pages = [](std::vector<wire::ErrorPage> pages) {
    return changed_refusal({}, [&](SnapshotBuilder& builder) { builder.error_page_sets[0] = pages; });
  };
  EXPECT_EQ(with_pages({{4, 0}, {5, 0}, {400, 0}, {599, 0}}), "");
  EXPECT_EQ(with_pages({}), "BAD_VALUE features.error_page_sets[0]");
  EXPECT_EQ(with_pages({{3, 0}}), "BAD_VALUE features.error_page_sets[0][0].code");
  EXPECT_EQ(with_pages({{600, 0}}), "BAD_VALUE features.error_page_sets[0][0].code");
  EXPECT_EQ(with_pages({{500, 0}, {500, 0}}), "BAD_VALUE features.error_page_sets[0][1].code");
  EXPECT_EQ(with_pages({{500, 1}}), "DANGLING_REF features.error_page_sets[0][0].response");
  const auto with_set = [](uint32_t set) {
    return changed_refusal({}, [&](SnapshotBuilder& builder) { builder.error_pages = set; });
  };
  EXPECT_EQ(with_set(0), "");
  EXPECT_EQ(with_set(1), "DANGLING_REF features.error_pages");
}

TEST(FeaturesLoad, BasicAuth) {
  const auto with_auth = [](const testing::BasicAuthSpec& auth, uint32_t index = 0) {
    return changed_refusal({.basic_auth = index},
                           [&](SnapshotBuilder& builder) { builder.basic_auths.push_back(auth); });
  };
  EXPECT_EQ(with_auth({}), "");
  EXPECT_EQ(with_auth({}, 1), "DANGLING_REF policies[1].features.basic_auth");
  EXPECT_EQ(with_auth({.realm = ""}), "BAD_VALUE features.basic_auths[0].realm");
  EXPECT_EQ(with_auth({.realm = "a\"b"}), "BAD_VALUE features.basic_auths[0].realm");
  EXPECT_EQ(with_auth({.realm = "a\r\nX: b"}), "BAD_VALUE features.basic_auths[0].realm");
  EXPECT_EQ(with_auth({.users = {}}), "BAD_VALUE features.basic_auths[0].users");
  EXPECT_EQ(with_auth({.users = {{"b", "x"}, {"a", "x"}}}),
            "BAD_VALUE features.basic_auths[0].users[1].name");
  EXPECT_EQ(with_auth({.users = {{"a", "x"}, {"a", "x"}}}),
            "BAD_VALUE features.basic_auths[0].users[1].name");
  EXPECT_EQ(with_auth({.users = {{"a", ""}}}), "BAD_VALUE features.basic_auths[0].users[0].hash");
  EXPECT_EQ(with_auth({.users = {{"a", std::string(257, 'x')}}}),
            "BAD_VALUE features.basic_auths[0].users[0].hash");
}

}  // namespace
}  // namespace sluice
