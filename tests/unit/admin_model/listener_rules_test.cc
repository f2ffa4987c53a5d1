// What listeners do with everything: read, inherited, printed, refused; and routes that could never match.
#include "admin/model/listener_rules.h"

#include "admin/model/print.h"
#include "tests/unit/admin_model/loading.h"

namespace sluice::admin {
namespace {

using testing::must_load;
using testing::only_error;
using testing::with_route;

std::string with_listener(std::string_view keys, std::string_view rest = "") {
  return "listeners: [{name: web, address: \":8080\", " + std::string(keys) + "}]\n" +
         "routes: [{name: r, respond: {}}]\n" + std::string(rest);
}

TEST(PathPolicy, AListenerOverridesKeyByKey) {
  const Config config = must_load(with_listener("path_policy: {encoded_slash: reject}",
                                                "path_policy: {mode: reject, merge_slashes: off}\n"));
  const decide::PathPolicy policy = path_policy_of(config, *config.listeners[0]);
  EXPECT_EQ(policy.mode, wire::PathMode::reject);
  EXPECT_EQ(policy.encoded_slash, wire::EncodedSlash::reject);
  EXPECT_FALSE(policy.merge_slashes);
  EXPECT_EQ(must_load(to_yaml(config)), must_load(to_json(config)));
  EXPECT_EQ(to_json(*config.listeners[0]), R"({"name":"web","address":"0.0.0.0:8080","protocol":"http",)"
                                           R"("path_policy":{"encoded_slash":"reject"}})");
}

TEST(PathPolicy, TheDefaultIsToNormalise) {
  const Config config = must_load(with_route("{name: r, pool: app}"));
  EXPECT_EQ(path_policy_of(config, *config.listeners[0]), decide::PathPolicy{});
}

TEST(PathPolicy, SwitchesAreWordsOrJsonLiterals) {
  for (const std::string_view word : {"off", "false", "\"false\""}) {
    const Config config = must_load(with_listener("path_policy: {merge_slashes: " + std::string(word) + "}"));
    EXPECT_EQ(config.listeners[0]->rules.path_policy.merge_slashes, false) << word;
  }
  const Config config =
      must_load(R"({"listeners":[{"name":"web","address":":8080"}],)"
                R"("path_policy":{"merge_slashes":true},"routes":[{"name":"r","respond":{}}]})");
  EXPECT_EQ(config.path_policy.merge_slashes, true);
}

TEST(PathPolicy, MistakesAreNamed) {
  EXPECT_EQ(only_error(with_listener("path_policy: {merge_slashes: maybe}")),
            "test.yaml:1:72: neither true nor false; write true or false");
  EXPECT_EQ(only_error(with_listener("path_policy: {mode: off}")),
            "test.yaml:1:63: \"off\" is not one of the choices; write normalize, reject or as_is");
}

TEST(PathPolicy, ATcpListenerHasNoPaths) {
  EXPECT_EQ(
      only_error("listeners: [{name: t, address: \":22\", protocol: tcp, path_policy: {mode: as_is}}]\n"
                 "routes: [{name: r, listener: t, to: \"127.0.0.1:1\"}]\n"),
      "test.yaml:1:20: the tcp listener \"t\" has path_policy, trusted_proxies or forwarded_headers, but "
      "there are no requests; remove them, or use protocol: http");
}

TEST(TrustedProxies, AListenersOwnListReplacesTheTopLevelOne) {
  const std::string two =
      "listeners: [{name: a, address: \":1\"}, {name: b, address: \":2\", trusted_proxies: []}]\n"
      "trusted_proxies: [10.0.0.0/8, \"2001:DB8::/32\", 192.0.2.1]\n"
      "routes: [{name: r, respond: {}}]\n";
  const Config config = must_load(two);
  const std::vector<Network>& networks = trusted_proxies_of(config, *config.listeners[0]);
  ASSERT_EQ(networks.size(), 3U);
  EXPECT_EQ(to_text(networks[0]), "10.0.0.0/8");
  EXPECT_EQ(to_text(networks[1]), "2001:db8::/32");
  EXPECT_EQ(to_text(networks[2]), "192.0.2.1");
  EXPECT_TRUE(trusted_proxies_of(config, *config.listeners[1]).empty());
  EXPECT_EQ(must_load(to_yaml(config)), config);
  EXPECT_EQ(must_load(to_json(config)), config);
}

TEST(TrustedProxies, ANetworkIsWrittenInOneWay) {
  const auto error_of = [](std::string_view network) {
    const auto parsed = parse_network(network);
    return parsed ? to_text(*parsed) + " was accepted" : parsed.error();
  };
  EXPECT_EQ(error_of("10.0.0.1/8"), "write the network's own address: 10.0.0.0/8");
  EXPECT_EQ(error_of("10.0.0.0/33"), "the length behind `/` is 0 to 32");
  EXPECT_EQ(error_of("10.0.0.0/"), "the length behind `/` is 0 to 32");
  EXPECT_EQ(error_of("::/129"), "the length behind `/` is 0 to 128");
  EXPECT_EQ(error_of("proxy.example"), "write an address, or a network like 10.0.0.0/8 or 2001:db8::/32");
  EXPECT_EQ(error_of("10.0.0/8"), "write an address, or a network like 10.0.0.0/8 or 2001:db8::/32");
  EXPECT_EQ(error_of("::ffff:10.0.0.0/104"), "write the IPv4 network");
  EXPECT_EQ(error_of("0.0.0.0/0"), "0.0.0.0/0 was accepted");
  EXPECT_EQ(error_of("10.128.0.0/9"), "10.128.0.0/9 was accepted");
  EXPECT_EQ(only_error(with_listener("trusted_proxies: [10.0.0.1/8]")),
            "test.yaml:1:61: \"10.0.0.1/8\" is not a network; write the network's own address: 10.0.0.0/8");
  EXPECT_EQ(only_error(with_listener("trusted_proxies: [10.0.0.1, 10.0.0.1/32]")),
            "test.yaml:1:71: \"10.0.0.1/32\" is there twice; remove one");
}

TEST(ForwardedHeaders, AListenerOverridesKeyByKey) {
  const Config config = must_load(with_listener("forwarded_headers: {via: true, loop_passes: 3}",
                                                "forwarded_headers: {x_real_ip: false, loop_passes: 0}\n"));
  const ForwardedHeaders headers = forwarded_headers_of(config, *config.listeners[0]);
  EXPECT_EQ(headers, (ForwardedHeaders{true, false, false, true, 3}));
  EXPECT_EQ(must_load(to_yaml(config)), config);
  EXPECT_EQ(only_error(with_listener("forwarded_headers: {loop_passes: 101}")).substr(0, 15),
            "test.yaml:1:76:");
}

TEST(ProxyProtocol, IsForNamedPeersAndOnAnyListener) {
  const Config config = must_load(
      "listeners:\n  - {name: t, address: \":22\", protocol: tcp, proxy_protocol: {from: [10.0.0.1], others: "
      "allow}}\n"
      "routes: [{name: r, listener: t, to: \"127.0.0.1:1\"}]\n");
  ASSERT_TRUE(config.listeners[0]->rules.proxy_protocol.has_value());
  EXPECT_TRUE(config.listeners[0]->rules.proxy_protocol->allow_others);
  EXPECT_EQ(must_load(to_yaml(config)), config);
  EXPECT_EQ(only_error(with_listener("proxy_protocol: {others: allow}")),
            "test.yaml:1:59: proxy_protocol needs `from`; add it");
  EXPECT_EQ(
      only_error(with_listener("proxy_protocol: {from: []}")),
      "test.yaml:1:66: nobody may send the header, so nobody could connect; name the proxies in front of "
      "this listener");
  EXPECT_EQ(only_error(with_listener("proxy_protocol: {from: [10.0.0.1], others: guess}"))
                    .find("refuse or allow") != std::string::npos,
            true);
}

TEST(UnreachablePath, IsRefusedWithTheFormRequestsHave) {
  EXPECT_EQ(only_error(with_route("{name: r, match: {path: \"/%7euser\"}, pool: app}")),
            "test.yaml:8:12: route \"r\" can never see the path \"/%7euser\": path_policy brings requests to "
            "their normal form first; write \"/~user\"");
  EXPECT_EQ(
      only_error(with_route("{name: r, match: {path_prefix: \"/a//b\"}, pool: app}")),
      "test.yaml:8:12: route \"r\" can never see the path \"/a//b\": path_policy brings requests to their "
      "normal form first; write \"/a/b\"");
  EXPECT_EQ(
      only_error(with_route("{name: r, match: {path: /a}, rewrite: {strip_prefix: \"/%61\"}, pool: app}")),
      "test.yaml:8:12: route \"r\" can never see the path \"/%61\": path_policy brings requests to their "
      "normal form first; write \"/a\"");
  EXPECT_EQ(
      only_error(with_route("{name: r, match: {path: \"/a%zz\"}, pool: app}")),
      "test.yaml:8:12: route \"r\" can never see the path \"/a%zz\": path_policy refuses it (% in the path "
      "without two hex digits); write the path as requests may have it, or change path_policy of the "
      "listener");
}

TEST(UnreachablePath, IsFineWhereOneOfItsListenersLetsItIn) {
  const std::string two =
      "listeners: [{name: web, address: \":8080\"},\n"
      "            {name: raw, address: \":8081\", path_policy: {mode: as_is}}]\n";
  must_load(two + "routes: [{name: r, match: {path: \"/%7euser\"}, respond: {}}]\n");
  must_load(two + "routes: [{name: r, listener: raw, match: {path: \"/a//b\"}, respond: {}}]\n");
  EXPECT_NE(only_error(two + "routes: [{name: r, listener: web, match: {path: \"/a//b\"}, respond: {}}]\n")
                .find("can never see"),
            std::string::npos);
  must_load("path_policy: {merge_slashes: false}\n" +
            with_route("{name: r, match: {path: \"/a//b\"}, pool: app}"));
  must_load(with_route("{name: r, match: {path: \"/a%2Fb/.well-known\"}, pool: app}"));
  EXPECT_NE(only_error(with_route("{name: r, match: {path: \"/a%2fb\"}, pool: app}")).find("/a%2Fb"),
            std::string::npos);
}

}  // namespace
}  // namespace sluice::admin
