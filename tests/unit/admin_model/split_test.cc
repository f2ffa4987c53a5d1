// A route's weighted split between pools, as text.
#include "admin/model/edit.h"
#include "admin/model/print.h"
#include "tests/unit/admin_model/loading.h"

namespace sluice::admin {
namespace {

using testing::basis;
using testing::must_load;
using testing::only_error;

std::string with_split(std::string_view route) {
  return basis() + "  - {name: canary, members: [app-2]}\nroutes:\n  - {name: r, " + std::string(route) +
         "}\n";
}

TEST(ModelSplit, PartsKeepTheirOrderAndRoundTrip) {
  const Config config =
      must_load(with_split("split: [{pool: app, weight: 90}, {pool: canary, weight: 0}], split_by: client"));
  const auto& split = std::get<ToSplit>(config.routes[0]->target);
  ASSERT_EQ(split.parts.size(), 2U);
  EXPECT_EQ(split.parts[0].pool, "app");
  EXPECT_EQ(split.parts[0].weight, 90U);
  EXPECT_EQ(split.parts[1].weight, 0U);
  EXPECT_TRUE(split.by_client);
  EXPECT_EQ(must_load(to_yaml(config)), config) << to_yaml(config);
  EXPECT_EQ(must_load(to_json(config)), config);
}

TEST(ModelSplit, MistakesSayWhatToDo) {
  EXPECT_EQ(only_error(with_split("split: [{pool: app, weight: 0}, {pool: canary, weight: 0}]")),
            "test.yaml:9:22: every part of the split has weight 0, so that nobody would take a request; give "
            "at least one a weight above 0");
  EXPECT_EQ(only_error(with_split("split: [{pool: app, weight: 1}, {pool: app, weight: 2}]")),
            "test.yaml:9:47: the pool \"app\" is there twice; keep one, with both weights");
  EXPECT_EQ(
      only_error(with_split("split: []")),
      "test.yaml:9:22: a split has 1 to 64 parts, this one 0; write [{pool: stable, weight: 90}, {pool: "
      "canary, weight: 10}]");
  EXPECT_EQ(only_error(with_split("split: [{pool: app}]")),
            "test.yaml:9:23: a part of a split needs `weight`; add it");
  EXPECT_EQ(only_error(with_split("pool: app, split_by: client")),
            "test.yaml:9:36: `split_by` has no effect without `split`; remove it");
  EXPECT_EQ(
      only_error(with_split("split: [{pool: app, weight: 1}, {pool: canari, weight: 1}]")),
      "test.yaml:9:47: route \"r\" goes to pool \"canari\", but there is no pool of that name; define it "
      "under `pools`, or did you mean \"canary\"?");
}

TEST(ModelSplit, APoolThatASplitNamesCannotBeRemoved) {
  const Config config = must_load(with_split("split: [{pool: app, weight: 1}, {pool: canary, weight: 1}]"));
  EXPECT_FALSE(remove_pool(config, "canary").has_value());
}

}  // namespace
}  // namespace sluice::admin
