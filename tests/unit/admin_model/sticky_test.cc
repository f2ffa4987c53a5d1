// A pool's signed cookie, as text.
#include "admin/model/print.h"
#include "tests/unit/admin_model/loading.h"

namespace sluice::admin {
namespace {

using testing::basis;
using testing::must_load;
using testing::only_error;

std::string with_sticky(std::string_view sticky, std::string_view mode = "load_balancing") {
  return basis() + "  - {name: s, mode: " + std::string(mode) +
         ", members: [app-1],\n     sticky: " + std::string(sticky) + "}\n";
}

TEST(ModelSticky, DefaultsAndRoundTrip) {
  const Config config = must_load(with_sticky("{cookie: SRV, key: 0123456789abcdef}"));
  const Sticky& sticky = *config.pools[1]->sticky;
  EXPECT_EQ(sticky.keys, std::vector<std::string>{"0123456789abcdef"});
  EXPECT_EQ(sticky.path, "/");
  EXPECT_EQ(sticky.max_age_seconds, 0U);
  EXPECT_TRUE(sticky.http_only);
  EXPECT_FALSE(sticky.secure);
  EXPECT_EQ(must_load(to_yaml(config)), config) << to_yaml(config);
  const Config full = must_load(with_sticky(
      "{cookie: SRV, keys: [0123456789abcdef, \"fedcba9876543210 #:\"], max_age: 24h, path: /a, domain: "
      "x.example, same_site: none, secure: true, http_only: false}"));
  EXPECT_EQ(full.pools[1]->sticky->max_age_seconds, 86'400U);
  EXPECT_EQ(must_load(to_yaml(full)), full) << to_yaml(full);
  EXPECT_EQ(must_load(to_json(full)), full) << to_json(full);
}

TEST(ModelSticky, MistakesSayWhatToDo) {
  EXPECT_EQ(only_error(with_sticky("{cookie: SRV}")),
            "test.yaml:8:14: sticky needs a `key`; add one: key: ${STICKY_KEY}, of 16 bytes or more");
  EXPECT_EQ(only_error(with_sticky("{cookie: SRV, key: short}")),
            "test.yaml:8:33: the key has 5 bytes; 16 to 1024 that nobody can guess: openssl rand -hex 32");
  EXPECT_EQ(only_error(with_sticky("{cookie: \"a b\", key: 0123456789abcdef}")),
            "test.yaml:8:23: \"a b\" is not the name of a cookie; letters, digits, `-` and `_`; 64 bytes");
  EXPECT_EQ(only_error(with_sticky("{cookie: SRV, key: 0123456789abcdef, path: \"/;x\"}")),
            "test.yaml:8:57: \"/;x\" cannot stand in a cookie; no `;`, 255 bytes at most");
  EXPECT_EQ(only_error(with_sticky("{cookie: SRV, key: 0123456789abcdef, same_site: none}")),
            "test.yaml:8:62: browsers refuse `same_site: none` without `secure: true`; add secure: true, or "
            "write lax");
  EXPECT_EQ(only_error(with_sticky("{cookie: SRV, keys: [0123456789abcdef, 0123456789abcdef]}")),
            "test.yaml:8:53: the same key twice; remove one");
  EXPECT_EQ(only_error(with_sticky("{cookie: SRV, key: 0123456789abcdef, max_age: 1000h}")),
            "test.yaml:8:60: \"1000h\" is out of range; from 1s to 720h");
  EXPECT_EQ(only_error(with_sticky("{cookie: SRV, key: 0123456789abcdef}", "failover")),
            "test.yaml:8:14: a failover pool sends everybody to its first usable member; remove `sticky`, or "
            "use mode: load_balancing");
}

}  // namespace
}  // namespace sluice::admin
