#include "admin/model/resolve.h"

#include "tests/unit/admin_model/loading.h"

namespace sluice::admin {
namespace {

using testing::must_load;

Config with_names() {
  return must_load(
      "listeners: [{name: web, address: \":80\"}]\n"
      "peers: [{name: a, address: \"one:1\"}, {name: b, address: \"10.0.0.9:2\"}]\n"
      "routes: [{name: r, to: [\"one:3\", \"two:4\"]}, {name: s, to: [\"10.0.0.9:2\"]}]\n");
}

TEST(Resolve, AsksForEachNameOnceAndKeepsTheNames) {
  Config config = with_names();
  const auto literal_peer = config.peers[1];
  const auto literal_route = config.routes[1];
  std::vector<std::string> asked;
  const ConfigErrors errors = resolve_addresses(config, [&](const std::string& host) {
    asked.push_back(host);
    return std::expected<IpAddress, std::string>(*parse_ip(host == "one" ? "10.0.0.1" : "::2"));
  });
  EXPECT_TRUE(errors.empty());
  EXPECT_EQ(asked, (std::vector<std::string>{"one", "two"}));
  EXPECT_EQ(to_resolved_text(config.peers[0]->address), "10.0.0.1:1");
  EXPECT_EQ(to_text(config.peers[0]->address), "one:1");
  const auto& to = std::get<ToAddresses>(config.routes[0]->target).addresses;
  EXPECT_EQ(to_resolved_text(to[1]), "[::2]:4");
  EXPECT_EQ(config.peers[1], literal_peer);
  EXPECT_EQ(config.routes[1], literal_route);
  EXPECT_EQ(config, with_names());  // Resolving does not change what was configured.
}

TEST(Resolve, AnswersReplaceOlderOnes) {
  Config config = with_names();
  const auto answer = [](const char* ip) {
    return [ip](const std::string&) { return std::expected<IpAddress, std::string>(*parse_ip(ip)); };
  };
  EXPECT_TRUE(resolve_addresses(config, answer("10.0.0.1")).empty());
  EXPECT_TRUE(resolve_addresses(config, answer("10.0.0.2")).empty());
  EXPECT_EQ(to_resolved_text(config.peers[0]->address), "10.0.0.2:1");
}

TEST(Resolve, ErrorsNameThePeerAndChangeNothing) {
  Config config = with_names();
  const ConfigErrors errors =
      resolve_addresses(config, [](const std::string& host) -> std::expected<IpAddress, std::string> {
        if (host == "two") return *parse_ip("10.0.0.2");
        return std::unexpected("Name or service not known");
      });
  ASSERT_EQ(errors.size(), 2U) << to_text(errors);
  EXPECT_EQ(to_text(errors[0]),
            "test.yaml:2:16: peer \"a\": the host name \"one\" has no address: Name or service not known; "
            "check the name "
            "and DNS, or write the IP address");
  EXPECT_EQ(errors[1].path, "/routes/0/to/0");
  EXPECT_FALSE(config.peers[0]->address.ip);
  EXPECT_FALSE(std::get<ToAddresses>(config.routes[0]->target).addresses[1].ip);
}

}  // namespace
}  // namespace sluice::admin
