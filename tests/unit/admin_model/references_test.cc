// What needs more than one object to see: names, references, addresses, tcp listeners.
#include "tests/unit/admin_model/loading.h"

namespace sluice::admin {
namespace {

using testing::basis;
using testing::must_load;
using testing::must_refuse;
using testing::only_error;
using testing::with_route;

TEST(References, DanglingOnesNameWhatIsMissingAndWhere) {
  EXPECT_EQ(only_error(with_route("{name: r, pool: nowhere}")),
            "test.yaml:8:21: route \"r\" goes to pool \"nowhere\", but there is no pool of that name; define "
            "it under `pools`");
  EXPECT_EQ(only_error(with_route("{name: r, pool: ap}")),
            "test.yaml:8:21: route \"r\" goes to pool \"ap\", but there is no pool of that name; define it "
            "under `pools`, "
            "or did you mean \"app\"?");
  EXPECT_EQ(only_error(with_route("{name: r, pool: app-1}")),
            "test.yaml:8:21: route \"r\" goes to pool \"app-1\", but there is no pool of that name; there is "
            "a peer of "
            "that name: write `peer: app-1`");
  EXPECT_EQ(only_error(with_route("{name: r, peer: app}")),
            "test.yaml:8:21: route \"r\" goes to peer \"app\", but there is no peer of that name; there is a "
            "pool of "
            "that name: write `pool: app`");
  EXPECT_EQ(only_error(with_route("{name: r, pool: app, listener: wep}")),
            "test.yaml:8:36: route \"r\" is for listener \"wep\", but there is no listener of that name; did "
            "you mean \"web\"?");
  EXPECT_EQ(
      only_error(basis() + "  - {name: p, members: [app-1, app-3]}\n"),
      "test.yaml:7:32: pool \"p\" has a member \"app-3\", but there is no peer of that name; define it under "
      "`peers`, or did you mean \"app-1\"?");
}

TEST(References, NamesAreUniqueWithinTheirKind) {
  EXPECT_EQ(only_error(with_route("{name: r, pool: app}\n  - {name: r, peer: app-1}")),
            "test.yaml:9:12: a second route named \"r\"; rename one; the first is number 1 (at test.yaml:8)");
  EXPECT_EQ(
      only_error(basis() + "  - {name: app, members: [app-1]}\n"),
      "test.yaml:7:12: a second pool named \"app\"; rename one; the first is number 1 (at test.yaml:6)");
  must_load(with_route("{name: app, pool: app}"));  // A route may be named like its pool.
}

TEST(References, AddressesAreUnique) {
  EXPECT_EQ(
      only_error("listeners:\n  - {name: a, address: \":80\"}\n  - {name: b, address: \"0.0.0.0:80\"}\n"),
      "test.yaml:3:12: listeners \"a\" and \"b\" have the same address 0.0.0.0:80; give each its own port or "
      "address");
  must_load("listeners:\n  - {name: a, address: \":80\"}\n  - {name: b, address: \"127.0.0.1:80\"}\n");
  EXPECT_EQ(only_error("listeners: [{name: a, address: \":9180\"}]\n"),
            "test.yaml:1:20: listener \"a\" takes the port of the admin interface, 127.0.0.1:9180; choose "
            "another port, "
            "or move admin.listen");
  must_load("listeners: [{name: a, address: \":9180\"}]\nadmin: {listen: \"127.0.0.1:9181\"}\n");
  EXPECT_EQ(only_error("listeners: [{name: web, address: \":80\"}]\npeers:\n  - {name: a, address: "
                       "\"h:80\"}\n  - {name: b, "
                       "address: \"H:80\"}\n"),
            "test.yaml:4:12: peers \"a\" and \"b\" have the same address h:80; keep one: a peer may be a "
            "member of any "
            "number of pools");
}

TEST(References, APoolHasEachMemberOnce) {
  EXPECT_EQ(only_error(basis() + "  - {name: p, members: [app-1, app-1]}\n"),
            "test.yaml:7:32: pool \"p\" has the member \"app-1\" twice; remove one; {peer: NAME, weight: N} "
            "gives it more "
            "traffic");
}

TEST(References, ThereIsAListener) {
  EXPECT_EQ(only_error("routes: []\n"),
            "test.yaml: there is no listener, so nothing could be served; add one: listeners: [{name: web, "
            "address: "
            "\":8080\"}]");
}

std::string with_tcp(std::string_view routes) {
  return "listeners: [{name: ssh, address: \":22\", protocol: tcp}, {name: web, address: \":80\"}]\n"
         "peers: [{name: a, address: \"h:1\"}]\nroutes:\n" +
         std::string(routes);
}

TEST(References, ATcpListenerHasExactlyOneRoute) {
  const Config config = must_load(with_tcp(
      "  - {name: r, listener: ssh, peer: a, timeouts: {tunnel_idle: 1h}, retries: {attempts: 1}}\n"));
  EXPECT_EQ(config.listeners[0]->protocol, wire::Protocol::tcp);
  EXPECT_EQ(
      only_error(with_tcp("  - {name: r, peer: a}\n")),
      "test.yaml:1:20: the tcp listener \"ssh\" has no route; add one: {name: ssh, listener: ssh, pool: …}");
  EXPECT_EQ(
      only_error(with_tcp("  - {name: r, listener: ssh, peer: a}\n  - {name: s, listener: ssh, peer: a}\n")),
      "test.yaml:5:25: route \"s\" is the second one of the tcp listener \"ssh\"; a tcp listener has exactly "
      "one "
      "route: every connection takes it");
  EXPECT_EQ(only_error(with_tcp("  - {name: r, listener: [ssh, web], peer: a}\n")),
            "test.yaml:4:25: route \"r\" names the tcp listener \"ssh\" among others; give that listener a "
            "route of its own");
}

TEST(References, ATcpRouteHasNothingOfHttp) {
  EXPECT_EQ(only_error(with_tcp("  - {name: r, listener: ssh, peer: a, match: {path: /x}}\n")),
            "test.yaml:4:12: route \"r\" has a `match` or `priority`, but a tcp connection has nothing to "
            "match; remove "
            "it, or use protocol: http");
  EXPECT_EQ(
      only_error(with_tcp("  - {name: r, listener: ssh, respond: {}}\n")),
      "test.yaml:4:39: route \"r\" answers by itself, which a tcp connection cannot; use pool, peer or to");
  EXPECT_EQ(only_error(with_tcp("  - {name: r, listener: ssh, peer: a, host: x}\n")),
            "test.yaml:4:12: route \"r\" has HTTP options on the tcp listener \"ssh\"; only `retries`, "
            "`allow`, `deny` and "
            "the timeouts "
            "connect and tunnel_idle have a meaning there");
}

TEST(References, ATcpListenerHasNoTimeoutsOfRequests) {
  EXPECT_EQ(
      only_error("listeners: [{name: ssh, address: \":22\", protocol: tcp, timeouts: {client_idle: 1s}}]\n"
                 "routes: [{name: r, listener: ssh, to: [\"h:1\"]}]\n"),
      "test.yaml:1:20: the tcp listener \"ssh\" has timeouts of HTTP requests; remove them; its route may "
      "set "
      "connect and tunnel_idle");
}

// A pool that could not be read would make every route to it look dangling: one mistake, hundreds of lines.
TEST(References, AreNotJudgedWhenObjectsCouldNotBeRead) {
  const ConfigErrors errors = must_refuse(
      "listeners: [{name: web, address: \":8080\"}]\npools: [{nam: p, members: [a]}]\nroutes: [{name: r, "
      "pool: p}]\n");
  ASSERT_EQ(errors.size(), 2U) << to_text(errors);
  EXPECT_EQ(errors[0].message, "a pool needs `name`");
  EXPECT_EQ(errors[1].message, "a pool has no key \"nam\"");
}

}  // namespace
}  // namespace sluice::admin
