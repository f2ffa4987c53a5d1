// What Snapshot::load refuses, with code and place, and what it takes.
#include <gtest/gtest.h>

#include <cstring>
#include <functional>

#include "schemas/base/rng.h"
#include "schemas/stable_hash.h"
#include "tests/unit/decide/snapshot_builder.h"

namespace sluice {
namespace {

using decide::kNone;
using decide::Snapshot;
using decide::SnapshotError;
using decide::SnapshotLimits;
using testing::SnapshotBuilder;

// One of everything, valid.
SnapshotBuilder full_snapshot() {
  SnapshotBuilder builder;
  const uint32_t first = builder.add_peer("127.0.0.1:9001", "first");
  const uint32_t second = builder.add_peer("[::1]:9002", "second");
  const uint32_t outage = builder.add_response({.status = 503, .body = "back soon\n"});
  const uint32_t pool = builder.add_pool("pool", {{first, 1}, {second, 0}}, wire::PoolMode::load_balancing,
                                         wire::BalancePolicy::maglev, outage);
  builder.add_policy({.strip_prefix = "/api",
                      .add_prefix = "/v1",
                      .request_host = "origin.internal:8080",
                      .request_headers = {{wire::HeaderOpKind::set, "X-Zone", "a b\tc"}},
                      .response_headers = {{wire::HeaderOpKind::remove, "Server", ""}}});
  const uint32_t route = builder.add_route("app", pool, 1);
  builder.add_redirect_route("moved", {.status = 301, .location = "https://{host}{path}{query}"});
  builder.add_response_route("closed", {.status = 403, .body = "no\n"});
  builder.add_listener("web", "127.0.0.1:8080");
  builder.add_listener("ssh", "127.0.0.1:2222", wire::Protocol::tcp, route);
  builder.add_condition(
      {.methods = {"GET"}, .headers = {{"x-a", wire::HeaderMatchKind::regex, "a+"}}, .listeners = {0}});
  builder.add_rule("app.example.com", {.route = route});
  builder.add_rule("*.example.com", {.path = "/old", .route = 1, .condition = 0});
  builder.add_rule("", {.path = "/.*", .kind = wire::PathKind::regex, .route = 2});
  return builder;
}

SnapshotError refusal(const std::vector<std::byte>& bytes, const SnapshotLimits& limits = {}) {
  const auto loaded = Snapshot::load(bytes, limits);
  return loaded ? SnapshotError{"ACCEPTED", "", ""} : loaded.error();
}

struct Case {
  std::string name;
  std::string code;
  std::string path;
  std::function<void(SnapshotBuilder&)> damage;
};

// The message must tell what to do, so that it is never empty and never a bare word.
void expect_refused(const Case& test_case) {
  SCOPED_TRACE(test_case.name);
  SnapshotBuilder builder = full_snapshot();
  builder.lay_out_hosts();
  test_case.damage(builder);
  const SnapshotError error = refusal(builder.finish());
  EXPECT_EQ(error.code, test_case.code) << error.message;
  EXPECT_EQ(error.path, test_case.path) << error.message;
  EXPECT_GT(error.message.size(), 10u);
}

TEST(SnapshotLoad, TakesASnapshotWithOneOfEverything) {
  const std::vector<std::byte> bytes = full_snapshot().finish();
  const auto loaded = Snapshot::load(bytes, {});
  ASSERT_TRUE(loaded) << loaded.error().path << " " << loaded.error().message;
  const Snapshot& snapshot = **loaded;
  EXPECT_EQ(snapshot.listeners().size(), 2u);
  EXPECT_EQ(snapshot.routes().size(), 3u);
  EXPECT_EQ(snapshot.hosts().size(), 3u);
  EXPECT_EQ(snapshot.rules().size(), 3u);
  EXPECT_EQ(snapshot.members(snapshot.pools()[0]).size(), 2u);
  EXPECT_EQ(snapshot.text(snapshot.peers()[1].name()), "second");
  EXPECT_EQ(snapshot.timeouts(0).connect(), 3000u);
  EXPECT_EQ(snapshot.policy(snapshot.routes()[0]).strip_prefix()->string_view(), "/api");
  EXPECT_TRUE(snapshot.has_peer(stable_hash(HashUse::peer_address, "127.0.0.1:9001")));
  EXPECT_FALSE(snapshot.has_peer(stable_hash(HashUse::peer_address, "127.0.0.1:9003")));
  EXPECT_EQ(snapshot.maglev_table(0).size(), 65'537u);
  EXPECT_GT(snapshot.index_bytes(), 131'074u);
}

TEST(SnapshotLoad, TakesASnapshotWithoutAnyRoute) {
  const std::vector<std::byte> bytes = SnapshotBuilder().finish();
  const auto loaded = Snapshot::load(bytes, {});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ((*loaded)->match({.host = "a", .path = "/", .method = "GET"}).route, kNone);
  EXPECT_FALSE((*loaded)->has_peer(0));
}

TEST(SnapshotLoad, RefusesDanglingReferences) {
  const auto rule = [](uint32_t route, uint32_t condition) {
    return wire::Rule(wire::Text(0, 0), route, condition, 0, wire::PathKind::regex);
  };
  const wire::Address address = testing::parse_address("127.0.0.1:1");
  const std::vector<Case> cases = {
      {"rule to route", "DANGLING_REF", "rules[1].route", [&](auto& b) { b.rules[1] = rule(3, kNone); }},
      {"rule to condition", "DANGLING_REF", "rules[1].condition", [&](auto& b) { b.rules[1] = rule(0, 1); }},
      {"route to pool", "DANGLING_REF", "routes[0].target",
       [](auto& b) { b.routes[0] = wire::Route(1, {0, 0}, 1, 0, wire::ActionKind::forward); }},
      {"route to redirect", "DANGLING_REF", "routes[0].target",
       [](auto& b) { b.routes[0] = wire::Route(1, {0, 0}, 1, 0, wire::ActionKind::redirect); }},
      {"route to response", "DANGLING_REF", "routes[0].target",
       [](auto& b) { b.routes[0] = wire::Route(1, {0, 0}, kNone, 0, wire::ActionKind::respond); }},
      {"route to policy", "DANGLING_REF", "routes[0].policy",
       [](auto& b) { b.routes[0] = wire::Route(1, {0, 0}, 0, 2, wire::ActionKind::forward); }},
      {"policy to timeouts", "DANGLING_REF", "policies[1].timeouts",
       [](auto& b) { b.policies[1].timeouts = 1; }},
      {"listener to timeouts", "DANGLING_REF", "listeners[0].timeouts",
       [&](auto& b) { b.listeners[0] = wire::Listener(1, {0, 0}, address, wire::Protocol::http, kNone, 9); }},
      {"listener to route", "DANGLING_REF", "listeners[0].route",
       [&](auto& b) { b.listeners[0] = wire::Listener(1, {0, 0}, address, wire::Protocol::tcp, kNone, 0); }},
      {"condition to listener", "DANGLING_REF", "conditions[0].listeners[1]",
       [](auto& b) { b.conditions[0].listeners.push_back(2); }},
      {"host to rules", "DANGLING_REF", "hosts[2].first_rule",
       [](auto& b) { b.hosts[2] = wire::Host({0, 0}, wire::HostKind::any, 2, 2); }},
      {"host to rules, overflowing", "DANGLING_REF", "hosts[2].first_rule",
       [](auto& b) { b.hosts[2] = wire::Host({0, 0}, wire::HostKind::any, UINT32_MAX, 2); }},
      {"pool to members", "DANGLING_REF", "pools[0].first_member",
       [](auto& b) {
         b.pools[0] = wire::Pool(1, {0, 0}, 1, UINT32_MAX, kNone, wire::PoolMode::failover,
                                 wire::BalancePolicy::round_robin);
       }},
      {"pool to outage", "DANGLING_REF", "pools[0].outage",
       [](auto& b) {
         b.pools[0] =
             wire::Pool(1, {0, 0}, 0, 2, 7, wire::PoolMode::failover, wire::BalancePolicy::round_robin);
       }},
      {"member to peer", "DANGLING_REF", "members[1].peer",
       [](auto& b) { b.members[1] = wire::Member(2, 1); }},
  };
  for (const Case& test_case : cases) expect_refused(test_case);
}

TEST(SnapshotLoad, RefusesUnknownEnumValues) {
  const auto name = [](auto value) { return static_cast<decltype(value)>(99); };
  const std::vector<Case> cases = {
      {"action", "BAD_VALUE", "routes[0].action",
       [&](auto& b) { b.routes[0] = wire::Route(1, {0, 0}, 0, 0, name(wire::ActionKind::forward)); }},
      {"protocol", "BAD_VALUE", "listeners[0].protocol",
       [&](auto& b) {
         b.listeners[0] = wire::Listener(1, {0, 0}, testing::parse_address("127.0.0.1:1"),
                                         name(wire::Protocol::http), kNone, 0);
       }},
      {"host kind", "BAD_VALUE", "hosts[2].kind",
       [&](auto& b) { b.hosts[2] = wire::Host({0, 0}, name(wire::HostKind::any), 0, 0); }},
      {"path kind", "BAD_VALUE", "rules[2].path_kind",
       [&](auto& b) { b.rules[2] = wire::Rule({0, 0}, 0, kNone, 0, name(wire::PathKind::exact)); }},
      {"pool mode", "BAD_VALUE", "pools[0].mode",
       [&](auto& b) {
         b.pools[0] = wire::Pool(1, {0, 0}, 0, 0, kNone, name(wire::PoolMode::failover),
                                 wire::BalancePolicy::round_robin);
       }},
      {"pool policy", "BAD_VALUE", "pools[0].policy",
       [&](auto& b) {
         b.pools[0] =
             wire::Pool(1, {0, 0}, 0, 0, kNone, wire::PoolMode::failover, name(wire::BalancePolicy::maglev));
       }},
      {"header match", "BAD_VALUE", "conditions[0].headers[0].kind",
       [&](auto& b) { b.conditions[0].headers[0].kind = name(wire::HeaderMatchKind::exact); }},
      {"header op", "BAD_VALUE", "policies[1].request_headers[0].kind",
       [&](auto& b) { b.policies[1].request_headers[0].kind = name(wire::HeaderOpKind::set); }},
      {"log format", "BAD_VALUE", "access_log.format",
       [&](auto& b) { b.access_log.format = name(wire::LogFormat::off); }},
  };
  for (const Case& test_case : cases) expect_refused(test_case);
}

TEST(SnapshotLoad, RefusesTextThatCouldSplitAHead) {
  const auto named = [](std::string_view text, auto& b) { return b.add_text(text); };
  const std::vector<Case> cases = {
      {"line feed in a path", "BAD_VALUE", "rules[2].path",
       [&](auto& b) { b.rules[2] = wire::Rule(named("/a\nb", b), 0, kNone, 0, wire::PathKind::exact); }},
      {"NUL in a route's name", "BAD_VALUE", "routes[0].name",
       [&](auto& b) {
         b.routes[0] = wire::Route(1, named({"a\0b", 3}, b), 0, 0, wire::ActionKind::forward);
       }},
      {"control byte nobody refers to", "BAD_VALUE", "text", [](auto& b) { b.text += '\x7f'; }},
      {"gateway name", "BAD_VALUE", "gateway_name", [](auto& b) { b.gateway_name = "a\r"; }},
      {"header value", "BAD_VALUE", "policies[1].request_headers[0].value",
       [](auto& b) { b.policies[1].request_headers[0].value = "a\r\nX-Injected: 1"; }},
      {"header value with NUL", "BAD_VALUE", "policies[1].request_headers[0].value",
       [](auto& b) { b.policies[1].request_headers[0].value = std::string("a\0b", 3); }},
      {"header value with blanks at its end", "BAD_VALUE", "policies[1].request_headers[0].value",
       [](auto& b) { b.policies[1].request_headers[0].value = "a "; }},
      {"header name", "BAD_VALUE", "policies[1].response_headers[0].name",
       [](auto& b) { b.policies[1].response_headers[0].name = "X Y"; }},
      {"empty header name", "BAD_VALUE", "policies[1].response_headers[0].name",
       [](auto& b) { b.policies[1].response_headers[0].name = ""; }},
      {"location", "BAD_VALUE", "redirects[0].location", [](auto& b) { b.redirects[0].location = "/a\nb"; }},
      {"content type", "BAD_VALUE", "responses[0].content_type",
       [](auto& b) { b.responses[0].content_type = "text/plain\r\nx: y"; }},
      {"added prefix", "BAD_VALUE", "policies[1].add_prefix",
       [](auto& b) { b.policies[1].add_prefix = "/a b"; }},
      {"request host", "BAD_VALUE", "policies[1].request_host",
       [](auto& b) { b.policies[1].request_host = "a\r\nb"; }},
      {"method", "BAD_VALUE", "conditions[0].methods[0]",
       [](auto& b) { b.conditions[0].methods[0] = "G ET"; }},
      {"log path", "BAD_VALUE", "access_log.path",
       [](auto& b) { b.access_log = {wire::LogFormat::json, "a\nb", ""}; }},
  };
  for (const Case& test_case : cases) expect_refused(test_case);
}

TEST(SnapshotLoad, RefusesFramingAndHopByHopFieldsInHeaderOperations) {
  for (const std::string name : {"Connection", "content-length", "Transfer-Encoding", "HOST", "Upgrade", "TE",
                                 "Trailer", "Keep-Alive", "Proxy-Connection", "Expect"}) {
    expect_refused({name, "BAD_VALUE", "policies[1].request_headers[0].name",
                    [&](auto& b) { b.policies[1].request_headers[0].name = name; }});
  }
}

TEST(SnapshotLoad, RefusesHostsThatCannotMatchOrMatchTwice) {
  const auto host = [](std::string_view name, wire::HostKind kind) {
    return [name, kind](SnapshotBuilder& b) { b.hosts[0] = wire::Host(b.add_text(name), kind, 0, 1); };
  };
  const std::string too_long(256, 'a');
  using wire::HostKind;
  const std::vector<Case> cases = {
      {"upper case", "BAD_VALUE", "hosts[0].name", host("App.example.com", HostKind::exact)},
      {"trailing dot", "BAD_VALUE", "hosts[0].name", host("app.example.com.", HostKind::exact)},
      {"leading dot", "BAD_VALUE", "hosts[0].name", host(".app.example.com", HostKind::exact)},
      {"empty label", "BAD_VALUE", "hosts[0].name", host("app..com", HostKind::exact)},
      {"empty", "BAD_VALUE", "hosts[0].name", host("", HostKind::exact)},
      {"space", "BAD_VALUE", "hosts[0].name", host("a b", HostKind::exact)},
      {"too long", "BAD_VALUE", "hosts[0].name", host(too_long, HostKind::exact)},
      {"wildcard without dot", "BAD_VALUE", "hosts[0].name", host("example.org", HostKind::wildcard)},
      {"wildcard of nothing", "BAD_VALUE", "hosts[0].name", host(".", HostKind::wildcard)},
      {"any with a name", "BAD_VALUE", "hosts[0].name", host("a", HostKind::any)},
      {"exact twice", "BAD_VALUE", "hosts[3].name",
       [](auto& b) { b.hosts.push_back(wire::Host(b.add_text("app.example.com"), HostKind::exact, 0, 1)); }},
      {"wildcard twice", "BAD_VALUE", "hosts[3].name",
       [](auto& b) { b.hosts.push_back(wire::Host(b.add_text(".example.com"), HostKind::wildcard, 0, 1)); }},
      {"any twice", "BAD_VALUE", "hosts[3].name",
       [](auto& b) { b.hosts.push_back(wire::Host({0, 0}, HostKind::any, 0, 1)); }},
  };
  for (const Case& test_case : cases) expect_refused(test_case);
}

TEST(SnapshotLoad, RefusesValuesThatCannotWork) {
  const std::vector<Case> cases = {
      {"zero timeout", "BAD_VALUE", "timeouts[0].connect",
       [](auto& b) { b.timeouts[0] = wire::Timeouts(1, 1, 1, 0, 1, 1, 1); }},
      {"zero tunnel timeout", "BAD_VALUE", "timeouts[0].tunnel_idle",
       [](auto& b) { b.timeouts[0] = wire::Timeouts(1, 1, 1, 1, 1, 1, 0); }},
      {"peer without port", "BAD_VALUE", "peers[0].address",
       [](auto& b) { b.peers[0] = wire::Peer(1, {0, 0}, wire::Address(0, 4)); }},
      {"peer without family", "BAD_VALUE", "peers[0].address",
       [](auto& b) { b.peers[0] = wire::Peer(1, {0, 0}, wire::Address(80, 5)); }},
      {"path without slash", "BAD_VALUE", "rules[0].path",
       [](auto& b) { b.rules[0] = wire::Rule(b.add_text("a"), 0, kNone, 0, wire::PathKind::prefix); }},
      {"empty path", "BAD_VALUE", "rules[0].path",
       [](auto& b) { b.rules[0] = wire::Rule({0, 0}, 0, kNone, 0, wire::PathKind::exact); }},
      {"path outside of the text", "BAD_VALUE", "rules[0].path",
       [](auto& b) {
         b.rules[0] = wire::Rule({UINT32_MAX, UINT32_MAX}, 0, kNone, 0, wire::PathKind::regex);
       }},
      {"name outside of the text", "BAD_VALUE", "peers[0].name",
       [](auto& b) { b.peers[0] = wire::Peer(1, {1, UINT32_MAX}, testing::parse_address("127.0.0.1:1")); }},
      {"broken regex", "BAD_VALUE", "rules[2].path",
       [](auto& b) { b.rules[2] = wire::Rule(b.add_text("/(a"), 0, kNone, 0, wire::PathKind::regex); }},
      {"empty regex", "BAD_VALUE", "rules[2].path",
       [](auto& b) { b.rules[2] = wire::Rule({0, 0}, 0, kNone, 0, wire::PathKind::regex); }},
      {"huge regex", "BAD_VALUE", "rules[2].path",
       [](auto& b) {
         b.rules[2] = wire::Rule(b.add_text("((a{100}){100}){9}"), 0, kNone, 0, wire::PathKind::regex);
       }},
      {"broken header regex", "BAD_VALUE", "conditions[0].headers[0].value",
       [](auto& b) { b.conditions[0].headers[0].value = "["; }},
      {"header name in upper case", "BAD_VALUE", "conditions[0].headers[0].name",
       [](auto& b) { b.conditions[0].headers[0].name = "X-A"; }},
      {"condition on a tcp listener", "BAD_VALUE", "conditions[0].listeners[0]",
       [](auto& b) { b.conditions[0].listeners[0] = 1; }},
      {"tcp listener with a redirect", "BAD_VALUE", "listeners[1].route",
       [](auto& b) {
         b.listeners[1] =
             wire::Listener(9, {0, 0}, testing::parse_address("127.0.0.1:1"), wire::Protocol::tcp, 1, 0);
       }},
      {"http listener with a route", "BAD_VALUE", "listeners[0].route",
       [](auto& b) {
         b.listeners[0] =
             wire::Listener(9, {0, 0}, testing::parse_address("127.0.0.1:1"), wire::Protocol::http, 0, 0);
       }},
      {"two listeners on one address", "BAD_VALUE", "listeners[2].address",
       [](auto& b) { b.add_listener("again", "127.0.0.1:8080"); }},
      {"two listeners with one id", "BAD_VALUE", "listeners[2].id",
       [](auto& b) { b.add_listener("web", "127.0.0.1:8081"); }},
      {"redirect status", "BAD_VALUE", "redirects[0].status", [](auto& b) { b.redirects[0].status = 200; }},
      {"interim status", "BAD_VALUE", "responses[1].status", [](auto& b) { b.responses[1].status = 101; }},
      {"204 with a body", "BAD_VALUE", "responses[1].body", [](auto& b) { b.responses[1].status = 204; }},
      {"custom log without template", "BAD_VALUE", "access_log.template_text",
       [](auto& b) { b.access_log = {wire::LogFormat::custom, "stdout", ""}; }},
      {"no header bytes", "BAD_VALUE", "limits.header_bytes",
       [](auto& b) { b.limits = wire::Limits(1, 0, 1, 1, 0, 0, 0, 0); }},
      {"more header fields than a head holds", "LIMIT", "limits.header_fields",
       [](auto& b) { b.limits = wire::Limits(1, 1, 257, 1, 0, 0, 0, 0); }},
      {"retries", "LIMIT", "policies[0].retry_attempts", [](auto& b) { b.policies[0].retry_attempts = 101; }},
      {"schema 0", "BAD_VALUE", "schema_version", [](auto& b) { b.schema_version = 0; }},
      {"newer schema", "SCHEMA_TOO_NEW", "schema_version", [](auto& b) { b.schema_version = 2; }},
  };
  for (const Case& test_case : cases) expect_refused(test_case);
}

TEST(SnapshotLoad, RefusesLargeHostsThatShareOnlySomeRules) {
  SnapshotBuilder builder;
  const uint32_t pool = builder.add_pool("p", {{builder.add_peer("127.0.0.1:1")}});
  const uint32_t route = builder.add_route("r", pool);
  for (int i = 0; i < 40; ++i) {
    builder.add_rule("a", {.path = "/" + std::to_string(i), .route = route});
  }
  builder.lay_out_hosts();
  builder.hosts.push_back(wire::Host(builder.add_text("b"), wire::HostKind::exact, 0, 40));
  const std::vector<std::byte> shared = builder.finish();
  const auto loaded = Snapshot::load(shared, {});
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ((*loaded)->match({.host = "b", .path = "/7/x", .method = "GET"}).route, route);
  builder.hosts.push_back(wire::Host(builder.add_text("c"), wire::HostKind::exact, 1, 39));
  EXPECT_EQ(refusal(builder.finish()).path, "hosts[2].first_rule");
}

TEST(SnapshotLoad, EnforcesTheCallersLimits) {
  const std::vector<std::byte> bytes = full_snapshot().finish();
  EXPECT_EQ(refusal(bytes, {.bytes_max = bytes.size()}).code, "ACCEPTED");
  EXPECT_EQ(refusal(bytes, {.bytes_max = bytes.size() - 1}).code, "LIMIT");
  EXPECT_EQ(refusal(bytes, {.routes_max = 2}).path, "routes");
  EXPECT_EQ(refusal(bytes, {.regexes_max = 1}).path, "rules[2].path");
  EXPECT_EQ(refusal(bytes, {.maglev_tables_max = 0}).path, "pools[0].policy");
}

TEST(SnapshotLoad, RefusesWhatIsNotASnapshot) {
  EXPECT_EQ(refusal({}).code, "VERIFY");
  EXPECT_EQ(refusal(std::vector<std::byte>(8)).code, "VERIFY");
  EXPECT_EQ(refusal(std::vector<std::byte>(4096)).code, "VERIFY");
  std::vector<std::byte> bytes = full_snapshot().finish();
  std::memcpy(bytes.data() + 4, "SLPL", 4);
  EXPECT_EQ(refusal(bytes).code, "VERIFY");
  std::vector<std::byte> moved(bytes.size() + 1);
  std::memcpy(moved.data() + 1, full_snapshot().finish().data(), bytes.size());
  const auto loaded = Snapshot::load(std::span(moved).subspan(1), {});
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code, "VERIFY");
}

TEST(SnapshotLoad, RefusesEveryTruncation) {
  const std::vector<std::byte> bytes = full_snapshot().finish();
  for (size_t length = 0; length < bytes.size(); ++length) {
    // A copy of exactly that size, so that the address sanitizer sees a read behind it.
    const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length));
    ASSERT_NE(refusal(cut).code, "ACCEPTED") << length;
  }
}

// Any single flipped bit is refused or gives a snapshot that can be used safely (the fuzzer goes further).
TEST(SnapshotLoad, SurvivesEveryFlippedBit) {
  SnapshotBuilder builder = full_snapshot();
  // Without maglev, whose table would take most of the time of 16,000 loads.
  builder.pools[0] =
      wire::Pool(1, {0, 0}, 0, 2, 0, wire::PoolMode::load_balancing, wire::BalancePolicy::least_conn);
  const std::vector<std::byte> bytes = builder.finish();
  for (size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    std::vector<std::byte> flipped = bytes;
    flipped[bit / 8] ^= std::byte{1} << (bit % 8);
    const auto loaded = Snapshot::load(flipped, {});
    if (!loaded) continue;
    for (const std::string_view host : {"app.example.com", "x.example.com", "other"}) {
      const decide::RouteMatch match = (*loaded)->match({.host = host, .path = "/old/x", .method = "GET"});
      ASSERT_TRUE(match.route == kNone || match.route < (*loaded)->routes().size());
    }
  }
}

}  // namespace
}  // namespace sluice
