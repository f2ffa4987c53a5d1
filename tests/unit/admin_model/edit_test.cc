// One object changed in a Config: what is shared, what is checked, what stays.
#include "admin/model/edit.h"

#include <algorithm>

#include "schemas/base/rng.h"
#include "tests/unit/admin_model/loading.h"

namespace sluice::admin {
namespace {

using testing::must_load;
using testing::with_route;

std::shared_ptr<const Route> route(std::string_view text) {
  auto loaded = load_route(text, Format::detect, {});
  EXPECT_TRUE(loaded.has_value());
  return *loaded;
}

TEST(Edit, ReplacesInPlaceAndSharesTheRest) {
  const Config config =
      must_load(with_route("{name: a, pool: app}\n  - {name: b, pool: app}\n  - {name: c, pool: app}"));
  const Edited edited = put_route(config, route("{name: b, peer: app-1}"));
  ASSERT_TRUE(edited);
  ASSERT_EQ(edited->routes.size(), 3U);
  EXPECT_EQ(edited->routes[0], config.routes[0]);  // The same object.
  EXPECT_EQ(edited->routes[2], config.routes[2]);
  EXPECT_EQ(edited->routes[1]->target, RouteTarget(ToPeer{"app-1"}));
  EXPECT_EQ(config.routes[1]->target, RouteTarget(ToPool{"app"}));  // The old one is as it was.
}

TEST(Edit, AppendsWhatIsNew) {
  const Config config = must_load(with_route("{name: a, pool: app}"));
  const Edited edited = put_route(config, route("{name: z, pool: app}"));
  ASSERT_TRUE(edited);
  EXPECT_EQ(edited->routes.back()->name, "z");
  EXPECT_EQ(edited->find_route("z"), edited->routes[1].get());
  EXPECT_EQ(edited->find_route("y"), nullptr);
}

TEST(Edit, ChecksReferencesOfTheWhole) {
  const Config config = must_load(with_route("{name: a, pool: app}"));
  const Edited dangling = put_route(config, route("{name: a, pool: other}"));
  ASSERT_FALSE(dangling);
  ASSERT_EQ(dangling.error().size(), 1U);
  EXPECT_EQ(dangling.error()[0].path, "/routes/0/pool");
  EXPECT_EQ(dangling.error()[0].message,
            "route \"a\" goes to pool \"other\", but there is no pool of that name");

  const Edited used = remove_pool(config, "app");
  ASSERT_FALSE(used);
  EXPECT_EQ(used.error()[0].message, "route \"a\" goes to pool \"app\", but there is no pool of that name");
}

TEST(Edit, RemovesAndSaysWhenThereIsNothing) {
  const Config config = must_load(with_route("{name: a, pool: app}"));
  const Edited edited = remove_route(config, "a");
  ASSERT_TRUE(edited);
  EXPECT_TRUE(edited->routes.empty());
  const Edited missing = remove_route(config, "b");
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error()[0].message, "there is no route \"b\"");
}

TEST(Edit, EveryKindOfObject) {
  Config config = must_load(with_route("{name: a, pool: app}"));
  const auto peer = load_peer("{name: p, address: \"h:1\"}", Format::detect, {});
  const auto pool = load_pool("{name: q, members: [p]}", Format::detect, {});
  const auto listener = load_listener("{name: l, address: \":81\"}", Format::detect, {});
  EXPECT_FALSE(put_pool(config, *pool));  // Its member is not there yet.
  config = *put_listener(*put_pool(*put_peer(config, *peer), *pool), *listener);
  EXPECT_EQ(config.pools.back()->name, "q");
  EXPECT_FALSE(remove_peer(config, "p"));
  config = *remove_listener(*remove_peer(*remove_pool(config, "q"), "p"), "l");
  EXPECT_EQ(config, must_load(with_route("{name: a, pool: app}")));
}

// The edited object was read from a text of its own, whose places mean nothing in the Config's files.
TEST(Edit, ForgetsThePlaceOfTheEditedObject) {
  const Config config = must_load(with_route("{name: a, pool: app}"));
  const Edited edited = put_route(config, route("\n\n{name: b, pool: app}"));
  ASSERT_TRUE(edited);
  const Edited refused = remove_pool(*edited, "app");
  ASSERT_FALSE(refused);
  ASSERT_EQ(refused.error().size(), 2U);
  EXPECT_EQ(refused.error()[0].line, 0U);  // b
  EXPECT_EQ(refused.error()[1].line, 8U);  // a
}

// One route put or removed is checked alone where that is enough. Whatever the order of edits, the verdict
// is the one of a check of the whole.
TEST(Edit, AnswersLikeACheckOfTheWhole) {
  const std::vector<std::string> bodies = {
      "pool: app",
      "peer: app-2",
      "pool: missing",
      "peer: missing",
      "listener: web, pool: app",
      "listener: missing, pool: app",
      "listener: raw, pool: app",
      "match: {path_regex: \"/a[0-9]+\"}, pool: app",
      "match: {path_prefix: /x, hosts: [h.example.com]}, pool: app",
      "respond: {status: 403}",
  };
  Config config = must_load(
      "listeners: [{name: web, address: \":8080\"}, {name: raw, address: \":8022\", protocol: tcp}]\n"
      "peers: [{name: app-1, address: \"127.0.0.1:9001\"}, {name: app-2, address: \"127.0.0.1:9002\"}]\n"
      "pools: [{name: app, members: [app-1]}]\n"
      "routes: [{name: ssh, listener: raw, pool: app}]\n");
  Rng rng(11);
  uint32_t accepted = 0;
  uint32_t refused = 0;
  for (int step = 0; step < 600; ++step) {
    const std::string name = rng.below(8) == 0 ? "ssh" : "r" + std::to_string(rng.below(5));
    Config whole = config;
    const auto at = std::find_if(whole.routes.begin(), whole.routes.end(),
                                 [&](const auto& known) { return known->name == name; });
    Edited edited;
    if (rng.below(3) == 0) {
      if (at == whole.routes.end()) continue;
      whole.routes.erase(at);
      edited = remove_route(config, name);
    } else {
      const auto put = route("{name: " + name + ", " + bodies[rng.below(bodies.size())] + "}");
      if (at == whole.routes.end()) {
        whole.routes.push_back(put);
      } else {
        *at = put;
      }
      edited = put_route(config, put);
    }
    const ConfigErrors expected = check_config(whole);
    ASSERT_EQ(edited.has_value(), expected.empty()) << to_text(expected);
    ++(edited ? accepted : refused);
    if (edited) {
      ASSERT_EQ(*edited, whole);
      config = *std::move(edited);
    } else {
      ASSERT_EQ(edited.error().size(), expected.size());
      EXPECT_EQ(edited.error()[0].message, expected[0].message);
      EXPECT_EQ(edited.error()[0].path, expected[0].path);
    }
  }
  EXPECT_GT(accepted, 100U);
  EXPECT_GT(refused, 100U);
}

}  // namespace
}  // namespace sluice::admin
