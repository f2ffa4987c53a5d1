// 100,000 routes: what the issue's figures stand on. Timings are printed, and only bounded loosely here,
// because tests run unoptimised on busy machines; the measured ones are in docs/adr/0010-config-parsers.md.
#include <ctime>

#include "admin/model/edit.h"
#include "admin/model/print.h"
#include "tests/unit/admin_compile/compiling.h"

namespace sluice::admin {
namespace {

constexpr int kRoutes = 100'000;

std::string large_text() {
  std::string text = testing::listener() + "peers:\n";
  for (int i = 0; i < 100; ++i) {
    text +=
        "  - {name: app-" + std::to_string(i) + ", address: \"10.0.0." + std::to_string(i + 1) + ":9001\"}\n";
  }
  text += "pools:\n";
  for (int i = 0; i < 50; ++i) {
    text += "  - {name: pool-" + std::to_string(i) + ", members: [app-" + std::to_string(2 * i) + ", app-" +
            std::to_string(2 * i + 1) + "]}\n";
  }
  text += "routes:\n";
  for (int i = 0; i < kRoutes; ++i) {
    text += "  - {name: route-" + std::to_string(i) + ", match: {hosts: [host-" + std::to_string(i) +
            ".example.com], path_prefix: /}, pool: pool-" + std::to_string(i % 50) + "}\n";
  }
  return text;
}

// CPU time of this process: other work on the machine does not count.
double milliseconds() {
  timespec now{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

class Stopwatch {
 public:
  explicit Stopwatch(const char* what) : what_(what), start_(milliseconds()) {}
  double stop() const {
    const double passed = milliseconds() - start_;
    printf("    %-28s %8.1f ms of CPU\n", what_, passed);
    return passed;
  }

 private:
  const char* what_;
  double start_;
};

TEST(LargeConfig, LoadsCompilesAndTakesOneChangeQuickly) {
  const std::string yaml = large_text();
  const Stopwatch load_yaml("load, YAML");
  const Config config = testing::load(yaml);
  EXPECT_LT(load_yaml.stop(), 10'000);
  ASSERT_EQ(config.routes.size(), static_cast<size_t>(kRoutes));

  const std::string json = to_json(config);
  const Stopwatch load_json("load, JSON");
  EXPECT_EQ(testing::load(json), config);
  EXPECT_LT(load_json.stop(), 10'000);

  const Stopwatch compiling("compile");
  const auto bytes = compile(config, 1);
  EXPECT_LT(compiling.stop(), 5'000);
  ASSERT_TRUE(bytes);
  const auto snapshot = decide::Snapshot::load(*bytes, {});
  ASSERT_TRUE(snapshot) << snapshot.error().message;
  EXPECT_EQ((*snapshot)->routes().size(), static_cast<size_t>(kRoutes));

  const Stopwatch changing("one route: read, put, compile");
  const auto route = load_route(
      R"({"name":"route-777","match":{"hosts":["new.example.com"]},"pool":"pool-1"})", Format::detect, {});
  ASSERT_TRUE(route);
  const Edited edited = put_route(config, *route);
  ASSERT_TRUE(edited);
  const auto changed = compile(*edited, 2);
  EXPECT_LT(changing.stop(), 5'000);
  ASSERT_TRUE(changed);
  const auto after = decide::Snapshot::load(*changed, {});
  ASSERT_TRUE(after);
  decide::RouteQuery query;
  query.host = "new.example.com";
  query.path = "/x";
  query.method = "GET";
  EXPECT_EQ((*after)->match(query).route, 777U);
  EXPECT_EQ((*snapshot)->match(query).route, decide::kNone);
}

TEST(LargeConfig, OneHostWithManyRoutesIsNotQuadratic) {
  std::string text = testing::listener() + "routes:\n";
  for (int i = 0; i < 20'000; ++i) {
    text += "  - {name: r" + std::to_string(i) + ", match: {hosts: [one], path: /p" +
            std::to_string(i * 7919 % 20'000) + "}, respond: {}}\n";
  }
  const Config config = testing::load(text);
  const Stopwatch compiling("compile, one host");
  const auto bytes = compile(config, 1);
  EXPECT_LT(compiling.stop(), 5'000);
  ASSERT_TRUE(bytes);
  EXPECT_TRUE(decide::Snapshot::load(*bytes, {}));
}

}  // namespace
}  // namespace sluice::admin
