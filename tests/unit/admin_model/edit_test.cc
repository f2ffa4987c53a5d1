// One object changed in a Config: what is shared, what is checked, what stays.
#include "admin/model/edit.h"

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

}  // namespace
}  // namespace sluice::admin
