// Allow, deny, maintenance and error pages, as text.
#include "admin/model/print.h"
#include "tests/unit/admin_model/loading.h"

namespace sluice::admin {
namespace {

using testing::basis;
using testing::must_load;
using testing::only_error;
using testing::with_route;

LoadOptions with_files() {
  LoadOptions options = testing::test_options();
  options.read_file = [](const std::string& path, uint64_t,
                         const std::string& naming_file) -> std::expected<std::string, std::string> {
    if (path == "missing.html") return std::unexpected("No such file or directory");
    return "read " + path + " for " + naming_file;
  };
  return options;
}

void expect_round_trip(const Config& config) {
  EXPECT_EQ(must_load(to_yaml(config)), config) << to_yaml(config);
  EXPECT_EQ(must_load(to_json(config)), config) << to_json(config);
}

TEST(ModelAccess, ListsRoundTrip) {
  const Config config = must_load(
      "listeners: [{name: web, address: \":80\", deny: [10.0.0.0/8, \"::1\"]}]\n"
      "routes: [{name: r, to: \"h:1\", allow: 127.0.0.1/32, deny: [\"2001:db8::/32\"]}]\n");
  EXPECT_EQ(config.listeners[0]->access.deny.size(), 2U);
  EXPECT_EQ(to_text(config.routes[0]->options->access.allow[0]), "127.0.0.1");
  expect_round_trip(config);
}

TEST(ModelAccess, TcpRoutesMayHaveThem) {
  must_load(
      "listeners: [{name: raw, address: \":80\", protocol: tcp, allow: [10.0.0.0/8]}]\n"
      "routes: [{name: r, listener: raw, to: \"h:1\", deny: [10.1.0.0/16]}]\n");
}

TEST(ModelAccess, MaintenanceRoundTrips) {
  const Config config = must_load(with_route(
      "{name: r, pool: app, maintenance: {enabled: false, body: \"\", retry_after: 5s, allow: [10.0.0.1]}}"));
  const Maintenance& maintenance = *config.routes[0]->options->maintenance;
  EXPECT_FALSE(maintenance.enabled);
  EXPECT_EQ(maintenance.page.status, 503);
  EXPECT_EQ(maintenance.page.body, "");
  expect_round_trip(config);
  EXPECT_EQ(must_load(with_route("{name: r, pool: app, maintenance: {}}"))
                .routes[0]
                ->options->maintenance->page.body,
            "This site is under maintenance.\n");
}

TEST(ModelAccess, ErrorPagesRoundTripWithTheirFilesReadIn) {
  const Config config =
      must_load(basis() + "error_pages: {5xx: {file: a.html}, 404: {body: x, retry_after: 2s}}\n" +
                    "routes: [{name: r, pool: app, error_pages: {\"502\": {body: \"\"}}}]\n",
                with_files());
  ASSERT_EQ(config.error_pages.size(), 2U);
  EXPECT_EQ(config.error_pages[0].code, 5);
  EXPECT_EQ(config.error_pages[0].page.body, "read a.html for test.yaml");
  EXPECT_EQ(config.error_pages[0].page.content_type, "text/html; charset=utf-8");
  EXPECT_EQ(config.error_pages[1].code, 404);
  EXPECT_EQ(config.routes[0]->options->error_pages[0].code, 502);
  expect_round_trip(config);
}

TEST(ModelAccess, MistakesSayWhatToDo) {
  EXPECT_EQ(only_error(basis() + "error_pages: {200: {body: x}}\n"),
            "test.yaml:7:20: \"200\" is not an error; write a status from 400 to 599, 4xx or 5xx");
  EXPECT_EQ(only_error(basis() + "error_pages: {500: {}}\n"),
            "test.yaml:7:20: an error page needs a `body` or a `file`; add one");
  EXPECT_EQ(only_error(basis() + "error_pages: {500: {file: x.html}}\n"),
            "test.yaml:7:27: files are not read here; write the content itself");
  EXPECT_EQ(only_error(basis() + "error_pages: {500: {file: missing.html}}\n", with_files()),
            "test.yaml:7:27: cannot read \"missing.html\": No such file or directory; paths are relative to "
            "this file");
  EXPECT_EQ(only_error(basis() + "error_pages: {500: {file: x.html, body: y}}\n", with_files()),
            "test.yaml:7:27: `body` and `file` at once; remove one");
  EXPECT_EQ(only_error(with_route("{name: r, pool: app, maintenance: {enabled: maybe}}")),
            "test.yaml:8:49: \"maybe\" is not a truth value; write true or false");
}

// bcrypt of "secret"; a dollar sign before `{` or another one is doubled in a configuration.
constexpr std::string_view kHash = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";

TEST(ModelBasicAuth, UsersAreSortedAndRoundTrip) {
  const std::string users =
      "users: [\"bob:" + std::string(kHash) + "\", \"al ice:" + std::string(kHash) + "\"]";
  const Config config = must_load(
      with_route("{name: r, pool: app, basic_auth: {realm: \"a b\", forward_header: true, " + users + "}}"));
  const BasicAuth& auth = *config.routes[0]->options->basic_auth;
  ASSERT_EQ(auth.users.size(), 2U);
  EXPECT_EQ(auth.users[0].name, "al ice");
  EXPECT_EQ(auth.users[0].hash, kHash);
  EXPECT_TRUE(auth.forward_header);
  expect_round_trip(config);
}

TEST(ModelBasicAuth, AFileIsReadIn) {
  LoadOptions options = testing::test_options();
  options.read_file = [](const std::string&, uint64_t,
                         const std::string&) -> std::expected<std::string, std::string> {
    return "# people\r\nbob:" + std::string(kHash) + "\n\nalice:" + std::string(kHash);
  };
  const Config config = must_load(with_route("{name: r, pool: app, basic_auth: {users_file: x}}"), options);
  EXPECT_EQ(config.routes[0]->options->basic_auth->users[1].name, "bob");
  EXPECT_EQ(config.routes[0]->options->basic_auth->realm, "restricted");
  expect_round_trip(config);
}

TEST(ModelBasicAuth, MistakesSayWhatToDo) {
  const auto error = [](std::string_view auth) {
    return only_error(with_route("{name: r, pool: app, basic_auth: " + std::string(auth) + "}"));
  };
  EXPECT_EQ(error("{}"),
            "test.yaml:8:38: basic_auth needs `users_file` or `users`; add users_file: users.htpasswd");
  EXPECT_EQ(error("{users: []}"),
            "test.yaml:8:46: there is no user, so that nobody could come in; add one: htpasswd -B FILE NAME");
  EXPECT_EQ(error("{users: [\"a:$5$salt$short\"]}"),
            "test.yaml:8:47: the hash of \"a\" is cut or damaged; write it with htpasswd -B, or mkpasswd -m "
            "sha-512");
  EXPECT_EQ(only_error(with_route("{name: r, respond: {}, basic_auth: {users: [\"a:" + std::string(kHash) +
                                  "\"]}}")),
            "test.yaml:8:40: `basic_auth` has no effect on a route that does not forward; remove it");
}

}  // namespace
}  // namespace sluice::admin
