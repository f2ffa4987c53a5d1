// Listeners, peers, pools and routes: what every key means, and that YAML and JSON mean the same.
#include "schemas/stable_hash.h"
#include "tests/unit/admin_model/loading.h"

namespace sluice::admin {
namespace {

using testing::basis;
using testing::must_load;
using testing::with_route;

const Route& only_route(const Config& config) {
  EXPECT_EQ(config.routes.size(), 1U);
  return *config.routes.at(0);
}

TEST(LoadObjects, ListenersPeersAndPools) {
  const Config config = must_load(R"(
listeners:
  - {name: web, address: ":8080", timeouts: {client_header: 1s, client_idle: 2s}}
  - {name: six, address: "[::]:8081", protocol: http}
peers:
  - {name: a, address: "App.Local.:80", peer_type: gateway}
  - {name: b, address: "[2001:DB8::1]:443", weight: 7}
pools:
  - name: balanced
    mode: load_balancing
    policy: maglev
    members: [a, {peer: b, weight: 3}]
    timeouts: {connect: 100ms}
  - name: ordered
    mode: failover
    members: [b, a]
    outage: {status: 503, body: "Back soon.\n", content_type: text/plain, retry_after: 2m}
)");
  EXPECT_EQ(to_text(config.listeners[0]->address), "0.0.0.0:8080");
  EXPECT_EQ(config.listeners[0]->timeouts, (Timeouts{{1000, 0, 2000}}));
  EXPECT_EQ(config.listeners[0]->id, stable_hash(HashUse::object_name, "web"));
  EXPECT_EQ(to_text(config.listeners[1]->address), "[::]:8081");
  EXPECT_EQ(config.peers[0]->address.host, "app.local");
  EXPECT_FALSE(config.peers[0]->address.ip);
  EXPECT_EQ(config.peers[0]->peer_type, PeerType::gateway);
  EXPECT_EQ(to_text(config.peers[1]->address), "[2001:db8::1]:443");
  EXPECT_EQ(config.peers[1]->weight, 7);
  const Pool& balanced = *config.pools[0];
  EXPECT_EQ(balanced.policy, wire::BalancePolicy::maglev);
  EXPECT_EQ(balanced.members[0].weight, 0);
  EXPECT_EQ(balanced.members[1].weight, 3);
  EXPECT_EQ(balanced.timeouts.get(TimeoutKind::connect), 100U);
  const Pool& ordered = *config.pools[1];
  EXPECT_EQ(ordered.mode, wire::PoolMode::failover);
  EXPECT_EQ(ordered.members[0].peer, "b");
  EXPECT_EQ(*ordered.outage, (Response{503, "text/plain", "Back soon.\n", 120}));
}

TEST(LoadObjects, APoolBalancesRoundRobinUnlessItSaysOtherwise) {
  const Config config = must_load(basis());
  EXPECT_EQ(config.pools[0]->mode, wire::PoolMode::load_balancing);
  EXPECT_EQ(config.pools[0]->policy, wire::BalancePolicy::round_robin);
}

TEST(LoadObjects, RouteMatches) {
  const Config config = must_load(with_route(
      "{name: r, priority: -5, listener: web, match: {hosts: [App.Example.com., \"*.Example.com\", \"*\"], "
      "path_regex: \"/v[0-9]+/.*\", methods: [GET, PURGE], headers: {X-Env: canary, X-A: {prefix: b}, "
      "X-R: {regex: \"[a-z]+\"}, X-P: {present: true}, X-N: {absent: true}}}, pool: app}"));
  const Route& route = only_route(config);
  EXPECT_EQ(route.priority, -5);
  EXPECT_EQ(route.listeners, std::vector<std::string>{"web"});
  EXPECT_EQ(route.match.hosts, (std::vector<std::string>{"app.example.com", "*.example.com", "*"}));
  EXPECT_EQ(route.match.path_kind, wire::PathKind::regex);
  EXPECT_EQ(route.match.path, "/v[0-9]+/.*");
  EXPECT_EQ(route.match.methods, (std::vector<std::string>{"GET", "PURGE"}));
  using enum wire::HeaderMatchKind;
  EXPECT_EQ(route.match.headers, (std::vector<HeaderMatch>{{"x-env", exact, "canary"},
                                                           {"x-a", prefix, "b"},
                                                           {"x-r", regex, "[a-z]+"},
                                                           {"x-p", present, ""},
                                                           {"x-n", absent, ""}}));
}

TEST(LoadObjects, ARouteWithoutMatchTakesEverything) {
  const Config config = must_load(with_route("{name: r, pool: app}"));
  EXPECT_EQ(only_route(config).match, RouteMatch{});
  EXPECT_EQ(only_route(config).match.path, "/");
  EXPECT_EQ(only_route(config).options, nullptr);
}

TEST(LoadObjects, RouteTargets) {
  EXPECT_EQ(only_route(must_load(with_route("{name: r, pool: app}"))).target, RouteTarget(ToPool{"app"}));
  EXPECT_EQ(only_route(must_load(with_route("{name: r, peer: app-1}"))).target, RouteTarget(ToPeer{"app-1"}));
  const RouteTarget addresses =
      ToAddresses{{*parse_endpoint("127.0.0.1:1", false), *parse_endpoint("h:2", false)}};
  EXPECT_EQ(only_route(must_load(with_route("{name: r, to: [\"127.0.0.1:1\", \"h:2\"]}"))).target, addresses);
  const RouteTarget response = Response{403, "text/plain; charset=utf-8", "no\n", 0};
  EXPECT_EQ(only_route(must_load(with_route("{name: r, respond: {status: 403, body: \"no\\n\"}}"))).target,
            response);
}

TEST(LoadObjects, RedirectsByTemplateOrByParts) {
  const auto location = [](std::string_view redirect) {
    const Config config = must_load(with_route("{name: r, redirect: " + std::string(redirect) + "}"));
    const auto& found = std::get<Redirect>(config.routes.at(0)->target);
    return std::to_string(found.status) + " " + found.location;
  };
  EXPECT_EQ(location("{to: \"https://new.example{path}{query}\", status: 301}"),
            "301 https://new.example{path}{query}");
  EXPECT_EQ(location("{scheme: https}"), "302 https://{host}{path}{query}");
  EXPECT_EQ(location("{host: www.example.com, status: 308}"), "308 {scheme}://www.example.com{path}{query}");
  EXPECT_EQ(location("{path: /moved}"), "302 {scheme}://{host}/moved{query}");
}

TEST(LoadObjects, RouteOptions) {
  const Config config =
      must_load(with_route("{name: r, pool: app, rewrite: {strip_prefix: /a, add_prefix: /b}, host: "
                           "origin.local:81, body_bytes: 10m, "
                           "retries: {attempts: 0}, timeouts: {response: 5m}, request_headers: {add: {Link: "
                           "[x, y]}, set: {X-B: c}, "
                           "remove: [X-D, X-E]}, response_headers: {remove: Server}}"));
  const RouteOptions& options = *only_route(config).options;
  EXPECT_EQ(options.strip_prefix, "/a");
  EXPECT_EQ(options.add_prefix, "/b");
  EXPECT_EQ(options.request_host, "origin.local:81");
  EXPECT_EQ(options.body_bytes, 10ULL << 20);
  EXPECT_EQ(options.retry_attempts, 0U);
  EXPECT_EQ(options.timeouts.get(TimeoutKind::response), 300'000U);
  using enum wire::HeaderOpKind;
  EXPECT_EQ(options.request_headers, (std::vector<HeaderOp>{{remove, "X-D", ""},
                                                            {remove, "X-E", ""},
                                                            {set, "X-B", "c"},
                                                            {add, "Link", "x"},
                                                            {add, "Link", "y"}}));
  EXPECT_EQ(options.response_headers, (std::vector<HeaderOp>{{remove, "Server", ""}}));
}

TEST(LoadObjects, OneObjectAloneFromYamlOrJson) {
  const auto yaml = load_route("{name: r, match: {hosts: [a.b]}, pool: app}", Format::detect, {});
  const auto json = load_route(R"({"name":"r","match":{"hosts":["a.b"]},"pool":"app"})", Format::detect, {});
  ASSERT_TRUE(yaml && json);
  EXPECT_EQ(**yaml, **json);
  const auto block = load_pool("name: p\nmode: failover\nmembers:\n- a\n- b\n", Format::detect, {});
  ASSERT_TRUE(block);
  EXPECT_EQ((*block)->members.size(), 2U);
  EXPECT_TRUE(load_peer("{name: p, address: \"a:1\"}", Format::detect, {}));
  EXPECT_TRUE(load_listener("{name: l, address: \":1\"}", Format::detect, {}));
}

TEST(LoadObjects, OneObjectAloneIsRefusedWithItsPlace) {
  LoadOptions options;
  options.file_name = "body";
  const auto refused = load_route("{\"name\":\"r\",\n\"pol\":\"app\"}", Format::detect, options);
  ASSERT_FALSE(refused);
  ASSERT_EQ(refused.error().size(), 2U) << to_text(refused.error());
  EXPECT_EQ(to_text(refused.error()[0]),
            "body:1:1: the route goes nowhere; add one of pool, peer, to, split, respond and redirect");
  EXPECT_EQ(to_text(refused.error()[1]), "body:2:1: a route has no key \"pol\"; did you mean `pool`?");
  EXPECT_EQ(refused.error()[1].path, "/pol");
  EXPECT_FALSE(load_route("[]", Format::yaml, options));
  EXPECT_FALSE(load_route("", Format::yaml, options));
}

}  // namespace
}  // namespace sluice::admin
