// The canonical text: reading it back gives an equal Config, whatever the values are.
#include "admin/model/print.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "schemas/stable_hash.h"
#include "tests/unit/admin_model/loading.h"

namespace sluice::admin {
namespace {

using testing::basis;
using testing::must_load;
using testing::with_route;

void expect_round_trip(const Config& config) {
  EXPECT_EQ(must_load(to_yaml(config)), config) << to_yaml(config);
  EXPECT_EQ(must_load(to_json(config)), config) << to_json(config);
}

TEST(Print, YamlIsReadable) {
  EXPECT_EQ(to_yaml(must_load(with_route("{name: r, match: {hosts: [a.b], path: /x}, pool: app}"))),
            "workers: auto\n"
            "data_dir: /var/lib/sluice\n"
            "admin: {listen: \"127.0.0.1:9180\", store: sqlite}\n"
            "timeouts: {client_header: 10s, client_body: 30s, client_idle: 1m, connect: 3s, response: 1m, "
            "origin_idle: 50s, tunnel_idle: 1h, client_write: 30s, request_total: off, drain: 30s}\n"
            "limits: {header_bytes: 32k, header_fields: 128, uri_bytes: 8k, body_bytes: unlimited, "
            "connections: auto, connections_per_ip: 1024, "
            "body_rate: {bytes_per_second: 240, grace: 5s}, memory: auto}\n"
            "access_log: {path: stdout, format: combined}\n"
            "retries: {attempts: 2, budget: \"20%\"}\n"
            "gateway: {name: gateway}\n"
            "path_policy: {mode: normalize, encoded_slash: keep, merge_slashes: true}\n"
            "trusted_proxies: []\n"
            "forwarded_headers: {x_forwarded: true, x_real_ip: true, forwarded: false, via: false, "
            "loop_passes: 8}\n"
            "listeners:\n"
            "  - {name: web, address: \"0.0.0.0:8080\", protocol: http}\n"
            "peers:\n"
            "  - {name: app-1, address: \"127.0.0.1:9001\"}\n"
            "  - {name: app-2, address: \"127.0.0.1:9002\", weight: 2}\n"
            "pools:\n"
            "  - {name: app, mode: load_balancing, policy: round_robin, members: [app-1, app-2]}\n"
            "routes:\n"
            "  - {name: r, match: {hosts: [a.b], path: /x}, pool: app}\n");
}

TEST(Print, OneObjectAsJson) {
  const Config config = must_load(
      with_route("{name: r, match: {headers: {X-A: {present: true}}}, redirect: {host: w.example}}"));
  EXPECT_EQ(to_json(*config.routes[0]),
            R"({"name":"r","match":{"path_prefix":"/","headers":{"x-a":{"present":true}}},)"
            R"("redirect":{"to":"{scheme}://w.example{path}{query}","status":302}})");
  EXPECT_EQ(to_json(*config.peers[1]), R"({"name":"app-2","address":"127.0.0.1:9002","weight":2})");
  EXPECT_EQ(to_json(*config.listeners[0]), R"({"name":"web","address":"0.0.0.0:8080","protocol":"http"})");
  EXPECT_EQ(to_json(*config.pools[0]),
            R"({"name":"app","mode":"load_balancing","policy":"round_robin","members":["app-1","app-2"]})");
}

TEST(Print, EverythingRoundTrips) {
  expect_round_trip(must_load(basis() + R"yaml(
  - {name: p, members: [app-1], send_proxy_protocol: v2}
  - {name: f, mode: failover, members: [app-2, app-1], 
     outage: {body: "down\n", retry_after: 90s}, timeouts: {connect: 1ms}}
  - {name: m, policy: maglev, members: [{peer: app-1, weight: 9}, app-2]}
workers: 7
access_log: {path: /tmp/log, format: "$remote_addr \"$request\" $$$$ $status"}
limits: {body_bytes: 1234567, connections: 9, header_bytes: 2000, uri_bytes: 1999, body_rate: off,
         memory: 100m, rate_limit_per_ip: {requests_per_minute: 7, burst: 9}}
timeouts: {connect: 1234ms, client_write: 5s, request_total: 1h, drain: 0s}
gateway: {name: x, zone: y, groups: [a, b]}
path_policy: {mode: reject, encoded_slash: decode}
trusted_proxies: [10.0.0.0/8, "::1"]
forwarded_headers: {via: on, loop_passes: 0}
routes:
  - {name: a, listener: web, priority: -1, pool: f,
     match: {path_prefix: /a, methods: [GET], headers: {A: b, C: {absent: true}, D: {regex: x+}}}}
  - {name: b, match: {hosts: ["*.b", "*"], path_regex: "/x(y|z)"}, peer: app-1,
     rewrite: {replace_path: /q}, retries: {attempts: 0}, body_bytes: unlimited,
     rate_limit: {requests_per_second: 3, key: route}, body_rate: {bytes_per_second: 1k},
     timeouts: {request_total: off}
}
  - {name: c, to: ["h:1", "[::1]:2"], host: "o:1", timeouts: {response: 1h},
     request_headers: {set: {A: ""}, add: {B: [x, y], C: z}, remove: [D]}}
  - {name: d, respond: {status: 204}, rate_limit: {requests_per_minute: 90}}
  - {name: e, redirect: {to: "/x${query}", status: 301}}
)yaml",
                              [] {
                                LoadOptions options = testing::test_options();
                                options.environment = [](const std::string&) { return "{query}"; };
                                return options;
                              }()));
}

// Bodies and header values are free text: quotes, dollars, escapes, every character that YAML folds or JSON
// escapes.
RC_GTEST_PROP(Print, FreeTextRoundTrips, ()) {
  const auto pieces = *rc::gen::container<std::vector<std::string>>(rc::gen::element<std::string>(
      "a", " ", "\n", "\t", "\r\n", "\"", "\\", "$", "${", "}", "$$", "#", ": ", "- ", "'", "%", "@", "`",
      "null", "~", "*", "&", "!", "|", ">", "\u00e4", "\u0085", "\u2028", "\ufeff", "\uffff", "\U0001F600",
      "{a: b}", "0x1f", "\u00a0"));
  std::string text;
  for (const std::string& piece : pieces) text += piece;
  Config config = must_load(basis());
  auto route = std::make_shared<Route>();
  route->name = "r";
  route->id = stable_hash(HashUse::object_name, route->name);
  Response response;
  response.body = text;
  route->target = response;
  config.routes.push_back(route);
  RC_ASSERT(load_config(to_yaml(config), Format::yaml, {}).value() == config);
  RC_ASSERT(load_config(to_json(config), Format::json, {}).value() == config);
}

}  // namespace
}  // namespace sluice::admin
