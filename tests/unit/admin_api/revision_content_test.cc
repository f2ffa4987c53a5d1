// Documents and patches give back exactly the configuration that was stored.
#include "admin/api/revision_content.h"

#include <gtest/gtest.h>

#include "admin/api/shrink_rule.h"
#include "admin/model/edit.h"
#include "admin/model/load.h"
#include "admin/model/print.h"
#include "schemas/base/rng.h"

namespace sluice::admin {
namespace {

std::shared_ptr<const Route> route(const std::string& name, int status) {
  auto made = load_route(R"({"name":")" + name + R"(","match":{"path_prefix":"/)" + name +
                             R"("},"respond":{"status":)" + std::to_string(status) + "}}",
                         Format::json, {});
  EXPECT_TRUE(made.has_value()) << to_text(made.error());
  return *made;
}

Config start_config(int routes) {
  Config config =
      *load_config("listeners:\n  - {name: web, address: \"127.0.0.1:8080\", protocol: http}\nroutes: []\n",
                   Format::yaml, {});
  for (int i = 0; i < routes; ++i) config.routes.push_back(route("r" + std::to_string(i), 200));
  return config;
}

// The reference is what the API did at the time: edit.h, one change after the other.
TEST(RevisionContent, PatchesInAnyOrderGiveWhatTheEditsGave) {
  Rng rng(11);
  for (int round = 0; round < 20; ++round) {
    Config edited = start_config(8);
    RevisionContent content{.document = to_json(edited), .patches = {}};
    for (int change = 0; change < 30; ++change) {
      const std::string name = "r" + std::to_string(rng.below(12));
      if (rng.chance(1, 3) && edited.find_route(name) != nullptr) {
        edited = *remove_route(edited, name);
        content.patches.push_back(patch_of_removal(name));
      } else {
        const auto changed = route(name, 200 + static_cast<int>(rng.below(5)));
        edited = *put_route(edited, changed);
        content.patches.push_back(patch_of(*changed));
      }
    }
    const auto restored = config_of(content);
    ASSERT_TRUE(restored.has_value()) << to_text(restored.error());
    EXPECT_EQ(*restored, edited);
    EXPECT_EQ(to_json(*restored), to_json(edited)) << "same order, same text";
  }
}

TEST(RevisionContent, DamageIsAnErrorNotAConfiguration) {
  const std::string document = to_json(start_config(2));
  EXPECT_FALSE(config_of({.document = document.substr(0, document.size() / 2), .patches = {}}).has_value());
  EXPECT_FALSE(config_of({.document = document, .patches = {{"galaxy", "x", "{}"}}}).has_value());
  EXPECT_FALSE(config_of({.document = document, .patches = {{"route", "x", "{"}}}).has_value());
  EXPECT_FALSE(config_of({.document = document, .patches = {{"route", "x", R"({"name":"x","pool":"gone"})"}}})
                   .has_value());
}

TEST(ShrinkRule, OnlyEmptyAndSharplyShrunkAreRefused) {
  const Config twenty = start_config(20);
  EXPECT_TRUE(refuse_shrink(nullptr, start_config(0)));
  EXPECT_TRUE(refuse_shrink(&twenty, start_config(0)));
  EXPECT_TRUE(refuse_shrink(&twenty, start_config(9)));
  EXPECT_FALSE(refuse_shrink(&twenty, start_config(10)));
  EXPECT_FALSE(refuse_shrink(nullptr, start_config(1)));
  const Config nineteen = start_config(19);
  EXPECT_FALSE(refuse_shrink(&nineteen, start_config(1)));
}

}  // namespace
}  // namespace sluice::admin
