// What is checked of listeners' policies and of pools' PROXY headers when a snapshot is loaded.
#include <gtest/gtest.h>

#include <array>
#include <functional>

#include "tests/unit/decide/snapshot_builder.h"

namespace sluice {
namespace {

using decide::Snapshot;
using testing::SnapshotBuilder;

SnapshotBuilder two_listeners() {
  SnapshotBuilder builder;
  const uint32_t pool = builder.add_pool("pool", {{builder.add_peer("127.0.0.1:9001")}});
  builder.add_listener("web", "127.0.0.1:8080");
  builder.add_listener("side", "127.0.0.1:8081");
  builder.add_rule("", {.route = builder.add_route("all", pool)});
  return builder;
}

struct Case {
  std::string name;
  std::string code;
  std::string path;
  std::function<void(SnapshotBuilder&)> damage;
};

void expect_refused(const Case& test_case) {
  SCOPED_TRACE(test_case.name);
  SnapshotBuilder builder = two_listeners();
  test_case.damage(builder);
  const std::vector<std::byte> bytes = builder.finish();
  const auto loaded = Snapshot::load(bytes, {});
  ASSERT_FALSE(loaded.has_value());
  EXPECT_EQ(loaded.error().code, test_case.code);
  EXPECT_EQ(loaded.error().path, test_case.path);
  EXPECT_GT(loaded.error().message.size(), 15U);
}

wire::Network network(uint8_t first_byte, uint8_t prefix_length) {
  const std::array<uint8_t, 16> ip{first_byte};
  return wire::Network(flatbuffers::make_span(ip), prefix_length, 4);
}

TEST(ListenerPolicies, AreRefusedWhenTheyDoNotFit) {
  const auto with_policies = [](SnapshotBuilder& builder) { builder.listener_policies.resize(2); };
  SnapshotBuilder good = two_listeners();
  with_policies(good);
  good.listener_policies[1].keep_empty_segments = true;
  const auto bytes = good.finish();
  const auto loaded = Snapshot::load(bytes, {});
  ASSERT_TRUE(loaded.has_value()) << loaded.error().message;
  EXPECT_TRUE((*loaded)->listener_rules(0).path.merge_slashes);
  EXPECT_FALSE((*loaded)->listener_rules(1).path.merge_slashes);
  const std::vector<Case> cases = {
      {"too few", "BAD_VALUE", "listener_policies",
       [&](SnapshotBuilder& builder) { builder.listener_policies.resize(1); }},
      {"too many", "BAD_VALUE", "listener_policies",
       [&](SnapshotBuilder& builder) { builder.listener_policies.resize(3); }},
      {"mode", "BAD_VALUE", "listener_policies[1].path_mode",
       [&](SnapshotBuilder& builder) {
         with_policies(builder);
         builder.listener_policies[1].path_mode = static_cast<wire::PathMode>(3);
       }},
      {"slash", "BAD_VALUE", "listener_policies[0].encoded_slash",
       [&](SnapshotBuilder& builder) {
         with_policies(builder);
         builder.listener_policies[0].encoded_slash = static_cast<wire::EncodedSlash>(3);
       }},
      {"bits behind the prefix", "BAD_VALUE", "listener_policies[0].trusted_proxies",
       [&](SnapshotBuilder& builder) {
         with_policies(builder);
         builder.listener_policies[0].trusted_proxies = {network(10, 8), network(9, 7)};
       }},
      {"too many networks", "LIMIT", "listener_policies[1].trusted_proxies",
       [&](SnapshotBuilder& builder) {
         with_policies(builder);
         for (auto& policy : builder.listener_policies) policy.trusted_proxies.assign(40'000, network(10, 8));
       }},
      {"nobody sends the header", "BAD_VALUE", "listener_policies[1].proxy_protocol.from",
       [&](SnapshotBuilder& builder) {
         with_policies(builder);
         builder.listener_policies[1].has_proxy_protocol = true;
       }},
      {"prefix length", "BAD_VALUE", "listener_policies[1].proxy_protocol.from",
       [&](SnapshotBuilder& builder) {
         with_policies(builder);
         builder.listener_policies[1].has_proxy_protocol = true;
         builder.listener_policies[1].proxy_protocol_from = {network(10, 33)};
       }},
      {"header version", "BAD_VALUE", "send_proxy_protocol[0]",
       [](SnapshotBuilder& builder) {
         builder.send_proxy_protocol.resize(builder.pools.size());
         builder.send_proxy_protocol[0] = static_cast<wire::ProxyProtocol>(3);
       }},
      {"headers of pools that are not there", "BAD_VALUE", "send_proxy_protocol",
       [](SnapshotBuilder& builder) { builder.send_proxy_protocol.resize(builder.pools.size() + 1); }},
      {"name that is no token", "BAD_VALUE", "gateway_name",
       [](SnapshotBuilder& builder) { builder.gateway_name = "a b"; }},
  };
  for (const Case& test_case : cases) expect_refused(test_case);
}

TEST(SnapshotLoad, RefusesPatienceAndRatesThatCannotWork) {
  const std::vector<Case> cases = {
      {"no patience with readers", "BAD_VALUE", "policies[0].client_write",
       [](auto& b) { b.policies[0].client_write = 0; }},
      {"a body rate of zero", "BAD_VALUE", "policies[0].body_rate.bytes_per_second",
       [](auto& b) { b.policies[0].body_rate = wire::BodyRate(0, 1); }},
      {"a rate of zero", "BAD_VALUE", "policies[0].rate_limit.requests_per_minute",
       [](auto& b) { b.policies[0].rate_limit = wire::RateLimit(0, 1, wire::RateKey::ip); }},
      {"a burst of zero", "BAD_VALUE", "protection.rate_limit_per_ip.burst",
       [](auto& b) { b.rate_limit_per_ip = wire::RateLimit(1, 0, wire::RateKey::ip); }},
      {"an unknown rate key", "BAD_VALUE", "policies[0].rate_limit.key",
       [](auto& b) { b.policies[0].rate_limit = wire::RateLimit(1, 1, static_cast<wire::RateKey>(2)); }},
  };
  for (const Case& test_case : cases) expect_refused(test_case);
}

}  // namespace
}  // namespace sluice
