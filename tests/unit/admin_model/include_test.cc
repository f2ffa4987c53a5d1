// `include:` with a resolver of our own, so that order, cycles and depth are exact.
#include <map>

#include "tests/unit/admin_model/loading.h"

namespace sluice::admin {
namespace {

using testing::must_load;
using testing::only_error;

// Patterns are exact names or "conf.d/*".
LoadOptions with_files(std::map<std::string, std::string> files) {
  LoadOptions options = testing::test_options();
  options.include = [files](const std::string& pattern,
                            const std::string&) -> std::expected<std::vector<IncludedFile>, std::string> {
    std::vector<IncludedFile> found;
    for (const auto& [name, text] : files) {
      if (name == pattern || (pattern == "conf.d/*" && name.starts_with("conf.d/")))
        found.push_back({name, text});
    }
    if (found.empty()) return std::unexpected("there is no such file");
    return found;
  };
  return options;
}

const char* const kMain =
    "include: [conf.d/*]\n"
    "listeners: [{name: web, address: \":80\"}]\n"
    "routes: [{name: main, respond: {}}]\n";

TEST(Include, ListsGrowInOrderAndSectionsJoin) {
  const Config config =
      must_load(kMain, with_files({{"conf.d/a.yaml", "routes: [{name: a, pool: p}]\nworkers: 2\n"},
                                   {"conf.d/b.json", R"({"pools":[{"name":"p","members":["x"]}],
                                                        "peers":[{"name":"x","address":"h:1"}],
                                                        "routes":[{"name":"b","pool":"p"}]})"}}));
  ASSERT_EQ(config.routes.size(), 3U);
  EXPECT_EQ(config.routes[0]->name, "main");
  EXPECT_EQ(config.routes[1]->name, "a");
  EXPECT_EQ(config.routes[2]->name, "b");
  EXPECT_EQ(config.workers, 2U);
  EXPECT_EQ(config.files, (std::vector<std::string>{"test.yaml", "conf.d/a.yaml", "conf.d/b.json"}));
}

TEST(Include, ErrorsNameTheIncludedFile) {
  EXPECT_EQ(only_error(kMain, with_files({{"conf.d/a.yaml", "routes:\n  - {name: a, pool: p}\n"}})),
            "conf.d/a.yaml:2:21: route \"a\" goes to pool \"p\", but there is no pool of that name; define "
            "it under `pools`");
  EXPECT_EQ(only_error(kMain, with_files({{"conf.d/a.yaml", "routs: []\n"}})),
            "conf.d/a.yaml:1:1: a configuration has no key \"routs\"; did you mean `routes`?");
  EXPECT_EQ(only_error(kMain, with_files({{"conf.d/a.yaml", "a: ]\n"}})).substr(0, 19),
            "conf.d/a.yaml:1:4: ");
  EXPECT_EQ(only_error(kMain, with_files({{"conf.d/a.yaml", "routes: [{name: main, respond: {}}]\n"}})),
            "conf.d/a.yaml:1:17: a second route named \"main\"; rename one; the first is number 1 (at "
            "test.yaml:3)");
}

TEST(Include, ASectionIsSetOnce) {
  EXPECT_EQ(only_error(std::string(kMain) + "workers: 1\n", with_files({{"conf.d/a.yaml", "workers: 2\n"}})),
            "conf.d/a.yaml:1:10: `workers` is set a second time; it is already set in test.yaml:4; keep one");
}

TEST(Include, MissingFilesAndCyclesAreRefused) {
  EXPECT_EQ(only_error(kMain, with_files({})),
            "test.yaml:1:11: cannot include \"conf.d/*\": there is no such file; check the path");
  EXPECT_EQ(only_error(kMain, with_files({{"conf.d/a.yaml", "include: [b]\n"},
                                          {"b", "include: [conf.d/a.yaml]\n"}})),
            "b:1:11: \"conf.d/a.yaml\" includes itself; remove it from `include`");
  std::map<std::string, std::string> chain;
  for (int i = 0; i < 10; ++i) chain["f" + std::to_string(i)] = "include: [f" + std::to_string(i + 1) + "]\n";
  EXPECT_EQ(only_error("include: [f0]\nlisteners: [{name: web, address: \":80\"}]\n", with_files(chain)),
            "f7:1:10: more than eight levels of included files; include them from the first file");
}

TEST(Include, TheLimitCountsAllFiles) {
  LoadOptions options = with_files({{"conf.d/a.yaml", "# " + std::string(500, 'x') + "\nworkers: 2\n"}});
  options.bytes_max = 400;
  EXPECT_EQ(only_error(kMain, options).substr(0, 46), "conf.d/a.yaml: the configuration has 611 bytes");
}

TEST(Include, IsNotThereWithoutAResolver) {
  EXPECT_EQ(only_error(kMain),
            "test.yaml:1:10: `include` is not available here; send the whole configuration in one text");
}

}  // namespace
}  // namespace sluice::admin
