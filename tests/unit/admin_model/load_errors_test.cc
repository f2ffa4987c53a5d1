// What is refused in named objects, each with file:line:column, message and fix.
#include "tests/unit/admin_model/loading.h"

namespace sluice::admin {
namespace {

using testing::basis;
using testing::must_refuse;
using testing::only_error;
using testing::with_route;

struct Refusal {
  const char* route;  // At 8:5.
  const char* error;
};
class RefusedRoute : public ::testing::TestWithParam<Refusal> {};

TEST_P(RefusedRoute, NamesItsPlaceAndTheFix) {
  EXPECT_EQ(only_error(with_route(GetParam().route)), std::string("test.yaml:8:") + GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedRoute,
    ::testing::Values(
        Refusal{"{pool: app}", "5: a route needs `name`; add it"},
        Refusal{"{name: r}",
                "5: the route goes nowhere; add one of pool, peer, to, split, respond and redirect"},
        Refusal{"{name: r, pool: app, peer: app-1}",
                "32: a route goes to one place, this one has `pool` and `peer`; remove one"},
        Refusal{"{name: r, pool: app, macth: {}}", "26: a route has no key \"macth\"; did you mean `match`?"},
        Refusal{"{name: r, pool: app, backend: \"127.0.0.1:22\"}",
                "26: \"backend\" is not supported by this version; remove it"},
        Refusal{"{name: r, pool: app, match: {path: /a, path_prefix: /b}}",
                "57: a match has one of path, path_prefix and path_regex, not two; remove one"},
        Refusal{"{name: r, pool: app, match: {path: a}}",
                "40: the path \"a\" does not begin with `/`; write it as clients send it: /like/this"},
        Refusal{"{name: r, pool: app, match: {path: \"/a?b=c\"}}",
                "40: the path \"/a?b=c\" has a space, `?` or `#`; paths are matched without the query; write "
                "it as "
                "clients send it: /like/this"},
        Refusal{
            "{name: r, pool: app, match: {path: /a/../b}}",
            "40: the path \"/a/../b\" has a `.` or `..` segment; write it as clients send it: /like/this"},
        Refusal{
            "{name: r, pool: app, match: {path_prefix: /_sluice}}",
            "47: paths under /_sluice/ are reserved for the gateway's own health pages; choose another path"},
        Refusal{
            "{name: r, pool: app, match: {path: /_sluice/live}}",
            "40: paths under /_sluice/ are reserved for the gateway's own health pages; choose another path"},
        Refusal{
            "{name: r, pool: app, match: {path_regex: \"^/_sluice/.*\"}}",
            "46: paths under /_sluice/ are reserved for the gateway's own health pages; choose another path"},
        Refusal{"{name: r, pool: app, match: {hosts: [\"a.b:80\"]}}",
                "42: \"a.b:80\" has a port, but hosts match on every port; write the name alone"},
        Refusal{"{name: r, pool: app, match: {hosts: [\"a.*.b\"]}}",
                "42: \"a.*.b\" has a wildcard in the middle; `*` stands for whole labels in front: "
                "*.example.com"},
        Refusal{
            "{name: r, pool: app, match: {hosts: [\"http://a.b/\"]}}",
            "42: \"http://a.b/\" is not a host name; leave scheme and path out; paths go into `path_prefix`"},
        Refusal{"{name: r, pool: app, match: {hosts: []}}",
                "41: hosts has 0 names; 1 to 10000; remove the key to match any host"},
        Refusal{"{name: r, pool: app, match: {methods: [get]}}",
                "44: \"get\" is not a method; write it in capitals: GET"},
        Refusal{"{name: r, pool: app, match: {headers: {X-A: {exact: a, prefix: b}}}}",
                "49: a header match has exactly one condition; write one of exact, prefix, regex, present or "
                "absent"},
        Refusal{"{name: r, pool: app, match: {headers: {X-A: a, x-a: b}}}",
                "52: the key \"x-a\" is there twice; keep one; the other is at line 8"},
        Refusal{"{name: r, to: [app-1]}",
                "20: \"app-1\" has no port; `to` takes addresses (HOST:PORT); a peer's name goes into "
                "`peer`, a pool's into `pool`"},
        Refusal{
            "{name: r, to: [\"http://127.0.0.1:80\"]}",
            "20: \"http://127.0.0.1:80\" is not an address; an address has no scheme: leave \"http://\" out"},
        Refusal{"{name: r, to: [\"127.0.0.1:80\", \"127.0.0.1:80\"]}",
                "36: \"127.0.0.1:80\" is there twice; remove one"},
        Refusal{"{name: r, to: []}", "19: `to` has 0 addresses; 1 to 1000"},
        Refusal{"{name: r, respond: {status: 100}}",
                "33: \"100\" is not a whole number from 200 to 599; write such a number"},
        Refusal{"{name: r, respond: {status: 204, body: x}}",
                "44: an answer with status 204 has no body; remove the body or use another status"},
        Refusal{"{name: r, respond: {}, host: x}",
                "34: `host` has no effect on a route that does not forward; remove it"},
        Refusal{"{name: r, respond: {}, response_headers: {remove: A}}",
                "46: `response_headers` has no effect on a route that does not forward; remove it"},
        Refusal{"{name: r, redirect: {scheme: https, status: 300}}",
                "49: not the status of a redirect; write 301, 302, 303, 307 or 308"},
        Refusal{"{name: r, redirect: {scheme: https, status: 200}}",
                "49: \"200\" is not a whole number from 300 to 399; write such a number"},
        Refusal{"{name: r, redirect: {to: \"https://{hots}/\"}}",
                "30: \"https://{hots}/\" has an unknown placeholder; known are {scheme}, {host}, {path} or "
                "{query}"},
        Refusal{"{name: r, redirect: {}}",
                "25: redirect needs a target; write to: \"https://{host}{path}{query}\", or scheme, host or "
                "path"},
        Refusal{"{name: r, pool: app, rewrite: {replace_path: /a, add_prefix: /b}}",
                "50: replace_path replaces the whole path, so that the other rewrites would have no effect; "
                "remove it or them"},
        Refusal{"{name: r, pool: app, request_headers: {set: {Content-Length: \"1\"}}}",
                "66: \"Content-Length\" belongs to the gateway: framing, Host or hop-by-hop; remove it; Host "
                "towards the "
                "origin is set by the route's `host`"},
        Refusal{"{name: r, pool: app, request_headers: {set: {\"a b\": c}}}",
                "57: \"a b\" is not a header field name; letters, digits and `-`"},
        Refusal{
            "{name: r, pool: app, request_headers: {set: {A: \"b\\nc\"}}}",
            "53: not the value of a header field; one line, no white space at its ends, 8192 bytes at most"},
        Refusal{"{name: r, pool: app, timeouts: {client_header: 1s}}",
                "52: a route has no client_header timeout of its own; here it may be client_body, connect, "
                "response, "
                "origin_idle, tunnel_idle, client_write or request_total; the others stand in the top-level "
                "`timeouts`"},
        Refusal{"{name: r, pool: app, priority: 1.5}",
                "36: \"1.5\" is not a whole number from -1000000 to 1000000; write such a number"},
        Refusal{"{name: r, pool: app, retries: {attempts: 11}}",
                "46: \"11\" is not a whole number from 0 to 10; write such a number"},
        Refusal{"r", "5: a text where a mapping (key: value) belongs"}));

TEST(LoadErrors, BadPatternsSayWhatIsWrong) {
  const std::string error = only_error(with_route("{name: r, pool: app, match: {path_regex: \"/a(\"}}"));
  EXPECT_TRUE(
      error.starts_with("test.yaml:8:46: \"/a(\": the regular expression does not compile: missing )"))
      << error;
}

struct ObjectRefusal {
  const char* section;
  const char* error;
};
class RefusedObject : public ::testing::TestWithParam<ObjectRefusal> {};

TEST_P(RefusedObject, NamesItsPlaceAndTheFix) {
  EXPECT_EQ(
      only_error(std::string("listeners: [{name: web, address: \":8080\"}]\n") + GetParam().section + "\n"),
      std::string("test.yaml:2:") + GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedObject,
    ::testing::Values(
        ObjectRefusal{"peers: [{name: a}]", "9: a peer needs `address`; add it"},
        ObjectRefusal{"peers: [{name: a, address: \"1.2.3.4\"}]",
                      "28: \"1.2.3.4\" is not an address; the port is missing: write HOST:PORT"},
        ObjectRefusal{
            "peers: [{name: a, address: \"1.2.3.400:80\"}]",
            "28: \"1.2.3.400:80\" is not an address; not an IPv4 address: four numbers from 0 to 255"},
        ObjectRefusal{"peers: [{name: a, address: \"::1:80\"}]",
                      "28: \"::1:80\" is not an address; the port is missing: write [::1:80]:PORT"},
        ObjectRefusal{"peers: [{name: a, address: \":80\"}]",
                      "28: \":80\" is not an address; the host is missing: write HOST:PORT"},
        ObjectRefusal{"peers: [{name: a, address: \"a:70000\"}]",
                      "28: \"a:70000\" is not an address; the port must be a number from 1 to 65535"},
        ObjectRefusal{"peers: [{name: a, address: \"0.0.0.0:80\"}]",
                      "28: \"0.0.0.0:80\" is no address to connect to; write the peer's address"},
        ObjectRefusal{"peers: [{name: a, address: \"a:80\", weight: 0}]",
                      "44: \"0\" is not a whole number from 1 to 1000; write such a number"},
        ObjectRefusal{"peers: [{name: a, address: \"a:80\", peer_type: host}]",
                      "47: \"host\" is not one of the choices; write endpoint or gateway"},
        ObjectRefusal{"pools: [{name: p}]", "9: a pool needs `members`; add it"},
        ObjectRefusal{"pools: [{name: p, members: []}]",
                      "28: a pool has 1 to 65535 members, this one 0; name at least one peer"},
        ObjectRefusal{"pools: [{name: p, members: x}]",
                      "28: a text where a list belongs; write [..], or `- ` items"}));

TEST(LoadErrors, FailoverPoolsHaveNeitherPolicyNorWeights) {
  const std::string start = basis() + "  - {name: p, mode: failover, ";
  EXPECT_EQ(only_error(start + "policy: ip_hash, members: [app-1]}\n"),
            "test.yaml:7:39: a failover pool has no policy: its first usable member takes everything; remove "
            "`policy`, or "
            "use mode: load_balancing");
  EXPECT_EQ(only_error(start + "members: [{peer: app-1, weight: 2}]}\n"),
            "test.yaml:7:63: a weight has no meaning in a failover pool, where the order of members decides; "
            "remove it, "
            "or use mode: load_balancing");
}

TEST(LoadErrors, FeaturesOfLaterVersionsAreNamed) {
  const std::string pool = basis() + "  - {name: p, members: [app-1], ";
  EXPECT_EQ(only_error(pool + "health_check: {type: http}}\n"),
            "test.yaml:7:33: \"health_check\" is not supported by this version; remove it");
  EXPECT_EQ(only_error(pool + "failback: {policy: auto}}\n"),
            "test.yaml:7:33: \"failback\" is not supported by this version; remove it");
  EXPECT_EQ(
      only_error(pool + "policy: nearest}\n"),
      "test.yaml:7:41: policy nearest is not supported by this version; use least_conn or another policy");
  EXPECT_EQ(only_error("listeners: [{name: a, address: \":1\", protocol: https}]\n"),
            "test.yaml:1:48: protocol https is not supported by this version; use http or tcp, or remove the "
            "listener");
  EXPECT_EQ(only_error("listeners: [{name: a, address: \":1\", certificates: []}]\n"),
            "test.yaml:1:38: \"certificates\" is not supported by this version; remove it");
}

TEST(LoadErrors, AllOfThemAreCollectedInTheOrderOfTheText) {
  const ConfigErrors errors = must_refuse(
      "wrkers: 1\n"
      "listeners: [{name: web, address: \":0\"}]\n"
      "routes:\n"
      "  - {name: r, pool: nowhere, priorty: 1}\n");
  ASSERT_EQ(errors.size(), 4U) << to_text(errors);
  EXPECT_EQ(errors[0].line, 1U);
  EXPECT_EQ(errors[1].line, 2U);
  EXPECT_EQ(errors[1].path, "/listeners/0/address");
  EXPECT_EQ(errors[2].path, "/routes/0/pool");
  EXPECT_EQ(errors[3].path, "/routes/0/priorty");
}

TEST(LoadErrors, ManyErrorsAreCutWithACount) {
  std::string text = basis() + "routes:\n";
  for (int i = 0; i < 80; ++i) text += "  - {name: r" + std::to_string(i) + ", pool: nowhere}\n";
  const ConfigErrors errors = must_refuse(text);
  ASSERT_EQ(errors.size(), 51U);
  EXPECT_EQ(to_text(errors.back()),
            "test.yaml: 30 more errors are not shown; mend the first ones and check again");
}

TEST(LoadErrors, AHundredMegabyteFileIsRefusedBeforeItIsParsed) {
  const std::string text(100 << 20, ' ');
  EXPECT_EQ(only_error(text),
            "test.yaml: the configuration has 104857600 bytes; 67108864 at most; is it the right file?");
}

TEST(LoadErrors, JsonFormIsForPrograms) {
  const ConfigErrors errors = must_refuse("{\"listeners\":[{\"name\":\"a\\\"b\",\"address\":\":1\"}]}");
  EXPECT_EQ(to_json(errors),
            R"([{"file":"test.yaml","line":1,"column":23,"path":"/listeners/0/name",)"
            R"("message":"\"a\"b\" is not a name","fix":"use letters, digits, `.`, `_` and `-`"}])");
}

TEST(LoadErrors, StringsInJsonAreNotNumbersAndNumbersAreNotStrings) {
  EXPECT_EQ(only_error(R"({"listeners":[{"name":5,"address":":1"}]})"),
            "test.yaml:1:23: a number or a truth value where a text belongs; put it in quotes");
  EXPECT_EQ(only_error(R"({"listeners":[{"name":null,"address":":1"}]})"),
            "test.yaml:1:23: nothing where a text belongs; write a text");
}

}  // namespace
}  // namespace sluice::admin
