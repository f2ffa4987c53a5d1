// Features of routes in the snapshot.
#include "admin/compile/key_table.h"
#include "tests/unit/admin_compile/compiling.h"

namespace sluice::admin {
namespace {

using testing::compile_text;
using testing::Compiled;
using testing::listener;

std::string pools() {
  return listener() + R"(
peers: [{name: a, address: "10.0.0.1:1"}, {name: b, address: "10.0.0.2:1"}]
pools:
  - {name: stable, members: [a]}
  - {name: canary, members: [b], timeouts: {connect: 1s, response: 2s}}
)";
}

const wire::RouteFeatures* features_of(const Compiled& compiled, std::string_view route) {
  return compiled->policy(compiled.route(route)).features();
}

TEST(CompileFeatures, ASplitKeepsItsPartsAndEachPoolsTimeouts) {
  const Compiled compiled = compile_text(pools() + R"(
routes:
  - {name: r, split: [{pool: canary, weight: 0}, {pool: stable, weight: 9}], timeouts: {response: 5s}}
  - {name: s, match: {path: /s}, pool: stable}
  - {name: t, match: {path: /t}, split: [{pool: canary, weight: 1}], split_by: client}
)");
  const auto& parts = *features_of(compiled, "r")->split();
  ASSERT_EQ(parts.size(), 2U);
  EXPECT_EQ(compiled.text(compiled->pools()[parts[0]->pool()].name()), "canary");
  EXPECT_EQ(parts[0]->weight(), 0U);
  EXPECT_EQ(parts[1]->weight(), 9U);
  EXPECT_EQ(compiled->timeouts(parts[0]->timeouts()).connect(), 1'000U);
  EXPECT_EQ(compiled->timeouts(parts[0]->timeouts()).response(), 5'000U);  // The route's goes before.
  EXPECT_EQ(compiled->timeouts(parts[1]->timeouts()).connect(), 3'000U);
  EXPECT_EQ(compiled.text(compiled.pool_of("r").name()), "stable");
  EXPECT_FALSE(features_of(compiled, "r")->split_by_client());
  EXPECT_EQ(features_of(compiled, "s"), nullptr);
  EXPECT_TRUE(features_of(compiled, "t")->split_by_client());
}

TEST(CompileFeatures, AStickyPoolHasItsCookieAndNoSecretInClear) {
  const Compiled compiled = compile_text(listener() + R"(
peers: [{name: a, address: "10.0.0.1:1"}]
pools:
  - {name: plain, members: [a]}
  - {name: app, members: [a], sticky: {cookie: SRV, keys: [first-secret-of-16, second-secret-of-16],
     max_age: 1h, secure: true}}
)");
  const wire::Sticky& sticky = *compiled->root().features()->stickies()->Get(0);
  EXPECT_EQ(sticky.pool(), 1U);
  EXPECT_EQ(sticky.cookie()->str(), "SRV");
  EXPECT_EQ(sticky.attributes()->str(), "; Path=/; Max-Age=3600; SameSite=Lax; Secure; HttpOnly");
  EXPECT_EQ(sticky.max_age_seconds(), 3600U);
  EXPECT_EQ(sticky.keys()->size(), 2U);
  const std::string_view bytes(reinterpret_cast<const char*>(compiled.bytes.data()), compiled.bytes.size());
  EXPECT_EQ(bytes.find("secret"), std::string_view::npos);
}

TEST(CompileFeatures, EqualSplitsShareAPolicy) {
  const Compiled compiled = compile_text(pools() + R"(
routes:
  - {name: r, match: {path: /r}, split: [{pool: canary, weight: 1}, {pool: stable, weight: 9}]}
  - {name: s, match: {path: /s}, split: [{pool: canary, weight: 1}, {pool: stable, weight: 9}]}
  - {name: t, match: {path: /t}, split: [{pool: canary, weight: 2}, {pool: stable, weight: 9}]}
)");
  EXPECT_EQ(compiled.route("r").policy(), compiled.route("s").policy());
  EXPECT_NE(compiled.route("r").policy(), compiled.route("t").policy());
}

TEST(CompileFeatures, ListsPagesAndUsersAreShared) {
  const Compiled compiled = compile_text(R"(
listeners: [{name: web, address: ":80"}, {name: side, address: ":81", allow: [10.0.0.0/8]}]
error_pages: {404: {body: lost}}
routes:
  - {name: r, match: {path: /r}, to: "10.0.0.1:1", allow: [10.0.0.0/9, 10.128.0.0/9],
     error_pages: {5xx: {body: sorry}}, maintenance: {body: closed, allow: [10.0.0.0/8]}}
  - {name: s, match: {path: /s}, to: "10.0.0.1:1", maintenance: {enabled: false},
     basic_auth: {users: ["a:$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"]}}
  - {name: t, match: {path: /t}, to: "10.0.0.1:1",
     basic_auth: {users: ["a:$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW"]}}
)");
  const wire::SnapshotFeatures& shared = *compiled->root().features();
  EXPECT_EQ(shared.access_lists()->size(), 1U) << "all of them say the same";
  EXPECT_EQ(shared.listener_access()->Get(0), kNoIndex);
  EXPECT_EQ(shared.listener_access()->Get(1), 0U);
  EXPECT_EQ(shared.error_page_sets()->Get(shared.error_pages())->pages()->Get(0)->code(), 404);
  const wire::RouteFeatures& r = *features_of(compiled, "r");
  EXPECT_EQ(r.access(), 0U);
  EXPECT_EQ(r.maintenance_access(), 0U);
  EXPECT_EQ(compiled->root().responses()->Get(r.maintenance())->body()->str(), "closed");
  EXPECT_EQ(shared.error_page_sets()->Get(r.error_pages())->pages()->Get(0)->code(), 5);
  EXPECT_EQ(features_of(compiled, "s")->maintenance(), kNoIndex);
  EXPECT_EQ(shared.basic_auths()->size(), 1U);
  EXPECT_EQ(compiled.route("s").policy(), compiled.route("t").policy());
}

}  // namespace
}  // namespace sluice::admin
