// Routes, policies, listeners and the process-wide parts of the snapshot.
#include "schemas/stable_hash.h"
#include "tests/unit/admin_compile/compiling.h"

namespace sluice::admin {
namespace {

using testing::compile_text;
using testing::Compiled;
using testing::listener;

std::string basis() {
  return listener() +
         "peers: [{name: a, address: \"10.0.0.1:1\"}]\n"
         "pools: [{name: p, members: [a]}, {name: slow, members: [a], timeouts: {response: 5m, connect: "
         "9s}}]\n";
}

TEST(CompileRoutes, TheDefaultPolicyIsEntryZeroAndShared) {
  const Compiled compiled =
      compile_text(basis() +
                   "limits: {body_bytes: 1m}\nretries: {attempts: 4}\n"
                   "routes: [{name: r, pool: p}, {name: s, match: {path: /s}, peer: a}]\n");
  EXPECT_EQ(compiled.route("r").policy(), 0U);
  EXPECT_EQ(compiled.route("s").policy(), 0U);
  EXPECT_EQ(compiled->root().policies()->size(), 1U);
  const wire::Policy& policy = compiled->policy(compiled.route("r"));
  EXPECT_EQ(policy.body_bytes_max(), 1ULL << 20);
  EXPECT_EQ(policy.retry_attempts(), 4U);
  EXPECT_EQ(compiled->timeouts(policy.timeouts()).response(), 60'000U);
  EXPECT_EQ(compiled->timeouts(policy.timeouts()).tunnel_idle(), 3'600'000U);
}

TEST(CompileRoutes, ARouteOverridesItsPoolWhichOverridesTheDefaults) {
  const Compiled compiled = compile_text(basis() + R"(
timeouts: {connect: 1s, response: 2s, origin_idle: 3s}
routes:
  - {name: r, match: {path: /r}, pool: slow, timeouts: {response: 7s, client_body: 8s}}
  - {name: s, match: {path: /s}, pool: slow}
  - {name: t, match: {path: /t}, pool: slow}
)");
  const wire::Timeouts& r = compiled->timeouts(compiled->policy(compiled.route("r")).timeouts());
  EXPECT_EQ(r.connect(), 9'000U);
  EXPECT_EQ(r.response(), 7'000U);
  EXPECT_EQ(r.client_body(), 8'000U);
  EXPECT_EQ(r.origin_idle(), 3'000U);
  const wire::Timeouts& s = compiled->timeouts(compiled->policy(compiled.route("s")).timeouts());
  EXPECT_EQ(s.response(), 300'000U);
  EXPECT_EQ(compiled.route("s").policy(), compiled.route("t").policy());
}

TEST(CompileRoutes, OptionsArriveAndEqualOnesAreShared) {
  const std::string options =
      "pool: p, rewrite: {strip_prefix: /a, add_prefix: /b}, host: o.example, body_bytes: 5, retries: "
      "{attempts: 0}, "
      "request_headers: {set: {X-A: b}, add: {X-C: d}, remove: [X-E]}, response_headers: {set: {X-F: g}}}";
  const Compiled compiled = compile_text(basis() + "routes:\n  - {name: r, match: {path: /r}, " + options +
                                         "\n  - {name: s, match: {path: /s}, " + options + "\n");
  EXPECT_EQ(compiled.route("r").policy(), compiled.route("s").policy());
  const wire::Policy& policy = compiled->policy(compiled.route("r"));
  EXPECT_EQ(policy.strip_prefix()->str(), "/a");
  EXPECT_EQ(policy.add_prefix()->str(), "/b");
  EXPECT_EQ(policy.request_host()->str(), "o.example");
  EXPECT_EQ(policy.body_bytes_max(), 5U);
  EXPECT_EQ(policy.retry_attempts(), 0U);
  ASSERT_EQ(policy.request_headers()->size(), 3U);
  EXPECT_EQ(policy.request_headers()->Get(0)->kind(), wire::HeaderOpKind::remove);
  EXPECT_EQ(policy.request_headers()->Get(1)->name()->str(), "X-A");
  EXPECT_EQ(policy.request_headers()->Get(2)->value()->str(), "d");
  EXPECT_EQ(policy.response_headers()->Get(0)->name()->str(), "X-F");
}

TEST(CompileRoutes, RatesAndPatienceComeFromTheRouteOrTheDefaults) {
  const Compiled compiled = compile_text(basis() + R"(
limits:
  rate_limit_per_ip: {requests_per_second: 9, burst: 12}
  body_rate: {bytes_per_second: 100, grace: 1s}
timeouts: {client_write: 7s, request_total: 1m}
routes:
  - {name: r, match: {path: /r}, pool: p}
  - {name: s, match: {path: /s}, pool: p, body_rate: off, rate_limit: {requests_per_minute: 5, key: route},
     timeouts: {client_write: 1s, request_total: off}}
  - {name: t, match: {path: /t}, respond: {status: 200}, rate_limit: {requests_per_second: 1, burst: 3}}
)");
  const wire::RateLimit* per_ip = compiled->root().protection()->rate_limit_per_ip();
  ASSERT_NE(per_ip, nullptr);
  EXPECT_EQ(per_ip->requests_per_minute(), 540U);
  EXPECT_EQ(per_ip->burst(), 12U);
  const wire::Policy& r = compiled->policy(compiled.route("r"));
  EXPECT_EQ(r.client_write(), 7'000U);
  EXPECT_EQ(r.request_total(), 60'000U);
  EXPECT_EQ(r.body_rate()->bytes_per_second(), 100U);
  EXPECT_EQ(r.body_rate()->grace_milliseconds(), 1'000U);
  EXPECT_EQ(r.rate_limit(), nullptr);
  const wire::Policy& s = compiled->policy(compiled.route("s"));
  EXPECT_EQ(s.client_write(), 1'000U);
  EXPECT_EQ(s.request_total(), 0U);
  EXPECT_EQ(s.body_rate(), nullptr);
  EXPECT_EQ(s.rate_limit()->requests_per_minute(), 5U);
  EXPECT_EQ(s.rate_limit()->key(), wire::RateKey::route);
  EXPECT_EQ(compiled->policy(compiled.route("t")).rate_limit()->burst(), 3U);
}

TEST(CompileRoutes, AnswersAndRedirects) {
  const Compiled compiled = compile_text(basis() + R"(
routes:
  - {name: r, match: {path: /r}, respond: {status: 403, body: "no\n"}}
  - {name: s, match: {path: /s}, respond: {status: 403, body: "no\n"}}
  - {name: t, match: {path: /t}, redirect: {scheme: https, status: 301}}
)");
  EXPECT_EQ(compiled.route("r").action(), wire::ActionKind::respond);
  EXPECT_EQ(compiled.route("r").target(), compiled.route("s").target());
  const wire::Response& response = *compiled->root().responses()->Get(compiled.route("r").target());
  EXPECT_EQ(response.status(), 403);
  EXPECT_EQ(response.content_type()->str(), "text/plain; charset=utf-8");
  EXPECT_EQ(response.body()->str(), "no\n");
  EXPECT_EQ(compiled.route("t").action(), wire::ActionKind::redirect);
  const wire::Redirect& redirect = *compiled->root().redirects()->Get(compiled.route("t").target());
  EXPECT_EQ(redirect.status(), 301);
  EXPECT_EQ(redirect.location()->str(), "https://{host}{path}{query}");
}

TEST(CompileRoutes, ListenersCarryTheirTimeoutsAndTcpOnesTheirRoute) {
  const Compiled compiled = compile_text(R"(
listeners:
  - {name: web, address: ":80", timeouts: {client_header: 1s}}
  - {name: ssh, address: "127.0.0.1:22", protocol: tcp}
peers: [{name: a, address: "10.0.0.1:1"}]
routes: [{name: r, peer: a}, {name: s, listener: ssh, peer: a, timeouts: {connect: 50ms}}]
)");
  ASSERT_EQ(compiled->listeners().size(), 2U);
  const wire::Listener& web = compiled->listeners()[0];
  EXPECT_EQ(web.id(), stable_hash(HashUse::object_name, "web"));
  EXPECT_EQ(web.route(), decide::kNone);
  EXPECT_EQ(compiled->timeouts(web.timeouts()).client_header(), 1'000U);
  EXPECT_EQ(compiled->timeouts(web.timeouts()).client_idle(), 60'000U);
  const wire::Listener& ssh = compiled->listeners()[1];
  EXPECT_EQ(ssh.protocol(), wire::Protocol::tcp);
  EXPECT_EQ(ssh.route(), 1U);
  EXPECT_EQ(ssh.address().port(), 22);
  EXPECT_EQ(compiled->timeouts(compiled->policy(compiled.route("s")).timeouts()).connect(), 50U);
  EXPECT_EQ(compiled->rules().size(), 1U);  // The tcp route matches no request.
}

TEST(CompileRoutes, LimitsLogAndNames) {
  const Compiled compiled = compile_text(listener() + R"(
limits: {header_bytes: 16k, header_fields: 50, uri_bytes: 4k, body_bytes: 1m, connections: 77,
         connections_per_ip: 8}
timeouts: {drain: 5s}
retries: {budget: 35%}
access_log: {path: /log, format: "$status"}
gateway: {name: gw-1}
)");
  const wire::Limits& limits = *compiled->root().limits();
  EXPECT_EQ(limits.header_bytes(), 16384U);
  EXPECT_EQ(limits.header_fields(), 50U);
  EXPECT_EQ(limits.uri_bytes(), 4096U);
  EXPECT_EQ(limits.body_bytes(), 1ULL << 20);
  EXPECT_EQ(limits.connections(), 77U);
  EXPECT_EQ(limits.connections_per_ip(), 8U);
  EXPECT_EQ(limits.drain_milliseconds(), 5'000U);
  EXPECT_EQ(limits.retry_budget_percent(), 35U);
  EXPECT_EQ(compiled->root().access_log()->format(), wire::LogFormat::custom);
  EXPECT_EQ(compiled->root().access_log()->path()->str(), "/log");
  EXPECT_EQ(compiled->root().access_log()->template_text()->str(), "$status");
  EXPECT_EQ(compiled->root().gateway_name()->str(), "gw-1");
  EXPECT_EQ(compiled->root().revision(), 1U);
}

TEST(CompileRoutes, TheSameConfigurationGivesTheSameBytes) {
  const std::string text = basis() + R"(
routes:
  - {name: r, match: {hosts: [a, "*.b"], methods: [GET], headers: {X: y}}, pool: slow, host: z}
  - {name: s, to: ["10.0.0.9:1"]}
  - {name: t, match: {path: /t}, respond: {}}
)";
  EXPECT_EQ(compile_text(text).bytes, compile_text(text).bytes);
  EXPECT_EQ(compile_text(text + "# a comment moves no byte\n").bytes, compile_text(text).bytes);
  EXPECT_NE(compile_text(text + "workers: 1\ngateway: {name: other}\n").bytes, compile_text(text).bytes);
}

}  // namespace
}  // namespace sluice::admin
