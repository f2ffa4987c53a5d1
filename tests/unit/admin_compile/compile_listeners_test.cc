// What listeners do with everything, as the loaded snapshot has it.
#include "tests/unit/admin_compile/compiling.h"

namespace sluice::admin {
namespace {

using testing::compile_text;
using testing::Compiled;

TEST(CompileListeners, EachHasItsRulesWithTheTopLevelFilledIn) {
  const Compiled compiled = compile_text(
      "trusted_proxies: [10.0.0.0/8, \"::1\"]\n"
      "path_policy: {encoded_slash: reject}\n"
      "forwarded_headers: {via: true}\n"
      "listeners:\n"
      "  - {name: a, address: \":1\"}\n"
      "  - {name: b, address: \":2\", path_policy: {mode: reject, merge_slashes: false}, trusted_proxies: "
      "[],\n"
      "     forwarded_headers: {x_forwarded: false, forwarded: true, loop_passes: 2},\n"
      "     proxy_protocol: {from: [192.0.2.0/24], others: allow}}\n"
      "routes: [{name: r, respond: {}}]\n");
  const decide::ListenerRules& first = compiled->listener_rules(0);
  EXPECT_EQ(first.path, (decide::PathPolicy{.encoded_slash = wire::EncodedSlash::reject}));
  ASSERT_EQ(first.trusted_proxies.size(), 2U);
  EXPECT_EQ(first.trusted_proxies[0].prefix_length(), 8);
  EXPECT_EQ(first.trusted_proxies[1].family(), 6);
  EXPECT_TRUE(first.x_forwarded && first.x_real_ip && first.via && !first.forwarded);
  EXPECT_EQ(first.loop_passes_max, 8);
  EXPECT_FALSE(first.wants_proxy_header);
  const decide::ListenerRules& second = compiled->listener_rules(1);
  EXPECT_EQ(second.path, (decide::PathPolicy{wire::PathMode::reject, wire::EncodedSlash::reject, false}));
  EXPECT_TRUE(second.trusted_proxies.empty());
  EXPECT_TRUE(!second.x_forwarded && second.x_real_ip && second.via && second.forwarded);
  EXPECT_EQ(second.loop_passes_max, 2);
  EXPECT_TRUE(second.wants_proxy_header && second.serves_others);
  ASSERT_EQ(second.proxy_header_from.size(), 1U);
  EXPECT_EQ(second.proxy_header_from[0].prefix_length(), 24);
}

TEST(CompileListeners, PoolsThatSendAHeaderAreToldApartFromUnnamedOnes) {
  const Compiled compiled = compile_text(
      "listeners: [{name: a, address: \":1\"}]\n"
      "peers: [{name: p, address: \"127.0.0.1:1\"}]\n"
      "pools: [{name: plain, members: [p]}, {name: one, members: [p], send_proxy_protocol: v1},\n"
      "        {name: two, members: [p], send_proxy_protocol: v2}]\n"
      "routes: [{name: r, pool: plain}, {name: s, pool: one}, {name: t, pool: two}, {name: u, peer: p}]\n");
  const auto version = [&](std::string_view route) {
    return compiled->send_proxy_protocol(compiled.route(route).target());
  };
  EXPECT_EQ(version("r"), wire::ProxyProtocol::off);
  EXPECT_EQ(version("s"), wire::ProxyProtocol::v1);
  EXPECT_EQ(version("t"), wire::ProxyProtocol::v2);
  EXPECT_EQ(version("u"), wire::ProxyProtocol::off);
}

}  // namespace
}  // namespace sluice::admin
