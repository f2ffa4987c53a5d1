// Peers, pools and members in the snapshot.
#include "admin/model/resolve.h"
#include "schemas/stable_hash.h"
#include "tests/unit/admin_compile/compiling.h"

namespace sluice::admin {
namespace {

using testing::compile_config;
using testing::compile_text;
using testing::Compiled;
using testing::listener;

TEST(CompilePools, NamedPoolsKeepOrderWeightsAndOutage) {
  const Compiled compiled = compile_text(listener() + R"(
peers:
  - {name: a, address: "10.0.0.1:1"}
  - {name: b, address: "10.0.0.2:1", weight: 5}
  - {name: c, address: "[::3]:1"}
pools:
  - {name: lb, policy: least_conn, members: [c, b, {peer: a, weight: 9}]}
  - {name: fo, mode: failover, members: [b, a], outage: {body: gone, retry_after: 30s}}
routes: [{name: r, match: {path: /r}, pool: lb}, {name: s, match: {path: /s}, pool: fo}]
)");
  const wire::Pool& lb = compiled.pool_of("r");
  EXPECT_EQ(compiled.members(lb), "c=1 b=5 a=9");
  EXPECT_EQ(lb.mode(), wire::PoolMode::load_balancing);
  EXPECT_EQ(lb.policy(), wire::BalancePolicy::least_conn);
  EXPECT_EQ(lb.id(), stable_hash(HashUse::object_name, "lb"));
  EXPECT_EQ(lb.outage(), decide::kNone);
  const wire::Pool& fo = compiled.pool_of("s");
  EXPECT_EQ(compiled.members(fo), "b=5 a=1");
  EXPECT_EQ(fo.mode(), wire::PoolMode::failover);
  const wire::Response& outage = *compiled->root().responses()->Get(fo.outage());
  EXPECT_EQ(outage.status(), 503);
  EXPECT_EQ(outage.body()->str(), "gone");
  EXPECT_EQ(outage.retry_after_seconds(), 30U);
}

TEST(CompilePools, PeerIdsAreOfTheAddress) {
  const Compiled compiled = compile_text(
      listener() +
      "peers: [{name: a, address: \"10.0.0.1:80\"}, {name: b, address: \"[2001:db8::1]:80\"}]\n");
  ASSERT_EQ(compiled->peers().size(), 2U);
  EXPECT_EQ(compiled->peers()[0].id(), stable_hash(HashUse::peer_address, "10.0.0.1:80"));
  EXPECT_EQ(compiled->peers()[0].address().family(), 4);
  EXPECT_EQ(compiled->peers()[0].address().ip()->Get(0), 10);
  EXPECT_EQ(compiled->peers()[0].address().ip()->Get(3), 1);
  EXPECT_EQ(compiled->peers()[1].id(), stable_hash(HashUse::peer_address, "[2001:db8::1]:80"));
  EXPECT_EQ(compiled->peers()[1].address().family(), 6);
  EXPECT_TRUE(compiled->has_peer(compiled->peers()[1].id()));
}

TEST(CompilePools, ARouteToAPeerGoesToAPoolOfOneThatRoutesShare) {
  const Compiled compiled = compile_text(listener() + R"(
peers: [{name: a, address: "10.0.0.1:1", weight: 3}]
routes: [{name: r, match: {path: /r}, peer: a}, {name: s, match: {path: /s}, peer: a}]
)");
  EXPECT_EQ(compiled->pools().size(), 1U);
  EXPECT_EQ(compiled.text(compiled.pool_of("r").name()), "peer:a");
  EXPECT_EQ(compiled.members(compiled.pool_of("r")), "a=3");
}

TEST(CompilePools, UnnamedPoolsAreSharedWhenTheirContentIsTheSame) {
  const Compiled compiled = compile_text(listener() + R"(
peers: [{name: a, address: "10.0.0.1:1"}]
routes:
  - {name: r, match: {path: /r}, to: ["10.0.0.1:1", "10.0.0.2:1"]}
  - {name: s, match: {path: /s}, to: ["10.0.0.1:1", "10.0.0.2:1"]}
  - {name: t, match: {path: /t}, to: ["10.0.0.2:1", "10.0.0.1:1"]}
)");
  EXPECT_EQ(compiled.route("r").target(), compiled.route("s").target());
  EXPECT_NE(compiled.route("r").target(), compiled.route("t").target());
  EXPECT_EQ(compiled.members(compiled.pool_of("r")),
            "a=1 10.0.0.2:1=1");  // The known address keeps its name.
  EXPECT_EQ(compiled.pool_of("r").id(), stable_hash(HashUse::object_name, "10.0.0.1:1,10.0.0.2:1"));
  EXPECT_EQ(compiled->peers().size(), 2U);
}

TEST(CompilePools, HostNamesMustBeResolvedFirst) {
  Config config = testing::load(listener() + R"(
peers: [{name: a, address: "one:1"}]
routes: [{name: r, peer: a}, {name: s, match: {path: /s}, to: ["two:1"]}]
)");
  const auto refused = compile(config, 1);
  ASSERT_FALSE(refused);
  ASSERT_EQ(refused.error().size(), 2U);
  EXPECT_EQ(to_text(refused.error()[0]),
            "test.yaml:3:16: peer \"a\": the host name \"one\" is not resolved; resolve_addresses() comes "
            "before compile()");
  // Both names have one address: one peer, which keeps the first name.
  EXPECT_TRUE(resolve_addresses(config, [](const std::string&) {
                return std::expected<IpAddress, std::string>(*parse_ip("10.0.0.7"));
              }).empty());
  const Compiled compiled = compile_config(config);
  EXPECT_EQ(compiled->peers().size(), 1U);
  EXPECT_EQ(compiled.members(compiled.pool_of("s")), "a=1");
}

TEST(CompilePools, MembersThatResolveToOneAddressAreOneMember) {
  Config config = testing::load(listener() + R"(
peers: [{name: a, address: "one:1", weight: 4}, {name: b, address: "two:1"}]
pools: [{name: p, members: [a, b]}]
routes: [{name: r, pool: p}]
)");
  EXPECT_TRUE(resolve_addresses(config, [](const std::string&) {
                return std::expected<IpAddress, std::string>(*parse_ip("10.0.0.7"));
              }).empty());
  const Compiled compiled = compile_config(config);
  EXPECT_EQ(compiled.members(compiled.pool_of("r")), "a=4");
}

}  // namespace
}  // namespace sluice::admin
