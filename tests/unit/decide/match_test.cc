// docs/routing.md, sections "Hosts", "Paths" and "Match order", sentence by sentence.
#include <gtest/gtest.h>

#include <map>

#include "tests/unit/decide/snapshot_builder.h"

namespace sluice {
namespace {

using decide::kNone;
using decide::RouteQuery;
using decide::Snapshot;
using testing::RuleSpec;
using testing::SnapshotBuilder;
using wire::PathKind;

// A snapshot with one route for each rule, named by the test; lookups answer with the name.
class Routing {
 public:
  Routing() {
    builder.add_listener("web", "127.0.0.1:8080");
    pool_ = builder.add_pool("pool", {{builder.add_peer("127.0.0.1:9001")}});
  }

  void rule(std::string_view host, const std::string& route, RuleSpec spec) {
    spec.route = builder.add_route(route, pool_);
    builder.add_rule(host, spec);
  }
  void path(std::string_view host, PathKind kind, const std::string& path) {
    rule(host, path, {.path = path, .kind = kind});
  }

  std::string match(std::string_view host, std::string_view path, std::string_view method = "GET",
                    uint32_t listener = 0, const std::map<std::string, std::string>& headers = {}) {
    if (snapshot_ == nullptr) {
      bytes_ = builder.finish();
      auto loaded = Snapshot::load(bytes_, {});
      EXPECT_TRUE(loaded) << loaded.error().path << " " << loaded.error().message;
      if (!loaded) return "refused";
      snapshot_ = std::move(*loaded);
    }
    RouteQuery query;
    query.host = host;
    query.path = path;
    query.method = method;
    query.listener = listener;
    query.headers = &headers;
    query.find_header = [](const void* context, std::string_view name) -> std::string_view {
      const auto& known = *static_cast<const std::map<std::string, std::string>*>(context);
      const auto found = known.find(std::string(name));
      return found == known.end() ? std::string_view{} : std::string_view(found->second);
    };
    const decide::RouteMatch found = snapshot_->match(query);
    if (found.route == kNone) return "none";
    EXPECT_EQ(snapshot_->rules()[found.rule].route(), found.route);
    return std::string(snapshot_->text(snapshot_->routes()[found.route].name()));
  }

  SnapshotBuilder builder;

 private:
  uint32_t pool_ = 0;
  std::vector<std::byte> bytes_;
  std::unique_ptr<Snapshot> snapshot_;
};

TEST(Match, HostsAreComparedWithoutCaseAndWithoutOneTrailingDot) {
  Routing routing;
  routing.rule("app.example.com", "app", {});
  EXPECT_EQ(routing.match("app.example.com", "/"), "app");
  EXPECT_EQ(routing.match("APP.Example.COM", "/"), "app");
  EXPECT_EQ(routing.match("app.example.com.", "/"), "app");
  EXPECT_EQ(routing.match("app.example.com..", "/"), "none");
  EXPECT_EQ(routing.match("app.example.co", "/"), "none");
  EXPECT_EQ(routing.match("xapp.example.com", "/"), "none");
  EXPECT_EQ(routing.match("", "/"), "none");
  EXPECT_EQ(routing.match(".", "/"), "none");
}

TEST(Match, FoldingLeavesEveryByteButUpperCaseLettersAlone) {
  Routing routing;
  routing.rule("a-0_[z]:9", "odd", {});
  EXPECT_EQ(routing.match("A-0_[Z]:9", "/"), "odd");
  // Bytes that differ from letters by the case bit only.
  EXPECT_EQ(routing.match("a-0_{z}:9", "/"), "none");
  EXPECT_EQ(routing.match("a\r0_[z]:9", "/"), "none");
  EXPECT_EQ(routing.match("\xc1-0_[z]:9", "/"), "none");
}

TEST(Match, AHostLongerThan255BytesNeverMatchesANameButStillMatchesAnyHost) {
  Routing with_name;
  const std::string longest = std::string(127, 'a') + "." + std::string(127, 'b');
  with_name.rule(longest, "longest", {});
  with_name.rule("*.b", "wildcard", {});
  EXPECT_EQ(with_name.match(longest, "/"), "longest");
  EXPECT_EQ(with_name.match(longest + ".", "/"), "longest");
  EXPECT_EQ(with_name.match("x" + longest, "/"), "none");
  EXPECT_EQ(with_name.match(std::string(254, 'a') + ".b", "/"), "none");
  EXPECT_EQ(with_name.match(std::string(100'000, 'a') + ".b", "/"), "none");
  Routing with_any;
  with_any.rule("", "any", {});
  EXPECT_EQ(with_any.match(std::string(300, 'a'), "/"), "any");
}

TEST(Match, AWildcardCoversOneOrMoreLabelsButNotItsOwnDomain) {
  Routing routing;
  routing.rule("*.example.com", "wildcard", {});
  EXPECT_EQ(routing.match("a.example.com", "/"), "wildcard");
  EXPECT_EQ(routing.match("a.b.c.EXAMPLE.com.", "/"), "wildcard");
  EXPECT_EQ(routing.match("example.com", "/"), "none");
  EXPECT_EQ(routing.match(".example.com", "/"), "none");
  EXPECT_EQ(routing.match("aexample.com", "/"), "none");
}

TEST(Match, TheMostSpecificHostWins) {
  Routing routing;
  routing.rule("", "any", {});
  routing.rule("*.com", "com", {});
  routing.rule("*.example.com", "example", {});
  routing.rule("a.example.com", "exact", {});
  EXPECT_EQ(routing.match("a.example.com", "/"), "exact");
  EXPECT_EQ(routing.match("b.example.com", "/"), "example");
  EXPECT_EQ(routing.match("b.example.com.", "/"), "example");
  EXPECT_EQ(routing.match("example.com", "/"), "com");
  EXPECT_EQ(routing.match("example.org", "/"), "any");
  EXPECT_EQ(routing.match("", "/"), "any");
}

TEST(Match, AHostWhoseRulesDoNotFitFallsThroughToTheNextLessSpecificOne) {
  Routing routing;
  routing.path("a.example.com", PathKind::prefix, "/exact");
  routing.path("*.example.com", PathKind::prefix, "/wildcard");
  routing.path("*.com", PathKind::prefix, "/shorter");
  routing.path("", PathKind::prefix, "/any");
  EXPECT_EQ(routing.match("a.example.com", "/exact"), "/exact");
  EXPECT_EQ(routing.match("a.example.com", "/wildcard"), "/wildcard");
  EXPECT_EQ(routing.match("a.example.com", "/shorter"), "/shorter");
  EXPECT_EQ(routing.match("a.example.com", "/any"), "/any");
  EXPECT_EQ(routing.match("a.example.com", "/nothing"), "none");
}

TEST(Match, PrefixesEndAtSegmentBoundaries) {
  Routing routing;
  routing.path("h", PathKind::prefix, "/internal");
  routing.path("h", PathKind::prefix, "/below/");
  EXPECT_EQ(routing.match("h", "/internal"), "/internal");
  EXPECT_EQ(routing.match("h", "/internal/"), "/internal");
  EXPECT_EQ(routing.match("h", "/internal/x/y"), "/internal");
  EXPECT_EQ(routing.match("h", "/internalize"), "none");
  EXPECT_EQ(routing.match("h", "/Internal"), "none");
  EXPECT_EQ(routing.match("h", "/intern"), "none");
  EXPECT_EQ(routing.match("h", "/below/"), "/below/");
  EXPECT_EQ(routing.match("h", "/below/x"), "/below/");
  EXPECT_EQ(routing.match("h", "/below"), "none");
}

TEST(Match, TheRootPrefixCoversEverythingAlsoTheAsteriskOfOptions) {
  Routing routing;
  routing.path("h", PathKind::prefix, "/");
  EXPECT_EQ(routing.match("h", "/"), "/");
  EXPECT_EQ(routing.match("h", "/a/b"), "/");
  EXPECT_EQ(routing.match("h", "*", "OPTIONS"), "/");
}

TEST(Match, ExactBeforePrefixBeforeRegexLongerFirst) {
  Routing routing;
  routing.path("h", PathKind::regex, "/a.*");
  routing.path("h", PathKind::prefix, "/a");
  routing.path("h", PathKind::prefix, "/a/b");
  routing.path("h", PathKind::exact, "/a/b/c");
  EXPECT_EQ(routing.match("h", "/a/b/c"), "/a/b/c");
  EXPECT_EQ(routing.match("h", "/a/b/d"), "/a/b");
  EXPECT_EQ(routing.match("h", "/a/x"), "/a");
  EXPECT_EQ(routing.match("h", "/ax"), "/a.*");
}

TEST(Match, PriorityStandsAboveEverythingElseWithinAHost) {
  Routing routing;
  routing.rule("h", "important", {.path = "/.*", .kind = PathKind::regex, .priority = 10});
  routing.rule("h", "exact", {.path = "/a", .kind = PathKind::exact});
  routing.rule("h", "last", {.path = "/a", .kind = PathKind::exact, .priority = -1});
  EXPECT_EQ(routing.match("h", "/a"), "important");
}

TEST(Match, ARegexMatchesTheWholePath) {
  Routing routing;
  routing.path("h", PathKind::regex, "/users/[0-9]+");
  EXPECT_EQ(routing.match("h", "/users/42"), "/users/[0-9]+");
  EXPECT_EQ(routing.match("h", "/users/42/x"), "none");
  EXPECT_EQ(routing.match("h", "/x/users/42"), "none");
}

// A deny rule by regex must not be passed by a byte that is not UTF-8, nor by a line feed.
TEST(Match, TheDotOfARegexMatchesEveryByte) {
  Routing routing;
  routing.path("h", PathKind::regex, "/admin/.*");
  EXPECT_EQ(routing.match("h", "/admin/\xff\xfe"), "/admin/.*");
  EXPECT_EQ(routing.match("h", std::string_view("/admin/\n\0x", 10)), "/admin/.*");
}

TEST(Match, ConditionsMustAllHold) {
  Routing routing;
  routing.builder.add_listener("second", "127.0.0.1:8081");
  const uint32_t post = routing.builder.add_condition({.methods = {"POST", "PUT"}});
  const uint32_t second = routing.builder.add_condition({.listeners = {1}});
  const uint32_t beta = routing.builder.add_condition(
      {.methods = {"GET"}, .headers = {{"x-beta", wire::HeaderMatchKind::exact, "1"}}});
  routing.rule("h", "plain", {});
  routing.rule("h", "post", {.condition = post});
  routing.rule("h", "second", {.condition = second});
  routing.rule("h", "beta", {.condition = beta});
  EXPECT_EQ(routing.match("h", "/"), "plain");
  EXPECT_EQ(routing.match("h", "/", "PUT"), "post");
  EXPECT_EQ(routing.match("h", "/", "put"), "plain");
  EXPECT_EQ(routing.match("h", "/", "GET", 1), "second");
  EXPECT_EQ(routing.match("h", "/", "GET", 0, {{"x-beta", "1"}}), "beta");
  EXPECT_EQ(routing.match("h", "/", "GET", 0, {{"x-beta", "12"}}), "plain");
  EXPECT_EQ(routing.match("h", "/", "POST", 0, {{"x-beta", "1"}}), "post");
}

TEST(Match, HeaderConditionsOfEveryKind) {
  using Kind = wire::HeaderMatchKind;
  const auto holds = [](Kind kind, std::string value, const std::map<std::string, std::string>& headers) {
    Routing routing;
    const uint32_t condition = routing.builder.add_condition({.headers = {{"x-a", kind, std::move(value)}}});
    routing.rule("h", "yes", {.condition = condition});
    return routing.match("h", "/", "GET", 0, headers) == "yes";
  };
  EXPECT_TRUE(holds(Kind::exact, "v", {{"x-a", "v"}}));
  EXPECT_FALSE(holds(Kind::exact, "v", {{"x-a", "vv"}}));
  EXPECT_TRUE(holds(Kind::exact, "", {{"x-a", ""}}));
  EXPECT_FALSE(holds(Kind::exact, "", {}));
  EXPECT_TRUE(holds(Kind::prefix, "v", {{"x-a", "vv"}}));
  EXPECT_FALSE(holds(Kind::prefix, "", {}));
  EXPECT_TRUE(holds(Kind::regex, "v+", {{"x-a", "vvv"}}));
  EXPECT_FALSE(holds(Kind::regex, "v+", {{"x-a", "vvvx"}}));
  EXPECT_FALSE(holds(Kind::regex, ".*", {}));
  EXPECT_TRUE(holds(Kind::present, "", {{"x-a", ""}}));
  EXPECT_FALSE(holds(Kind::present, "", {{"x-b", ""}}));
  EXPECT_TRUE(holds(Kind::absent, "", {{"x-b", ""}}));
  EXPECT_FALSE(holds(Kind::absent, "", {{"x-a", ""}}));
}

TEST(Match, AHostWithTenThousandPathsAnswersLikeAHostWithFew) {
  Routing routing;
  for (int i = 0; i < 5'000; ++i) {
    routing.path("h", PathKind::exact, "/exact/" + std::to_string(i));
    routing.path("h", PathKind::prefix, "/prefix/" + std::to_string(i));
  }
  routing.path("h", PathKind::prefix, "/prefix");
  routing.path("h", PathKind::prefix, "/slash/");
  routing.path("h", PathKind::regex, "/exact/4[a-z]");
  EXPECT_EQ(routing.match("h", "/exact/4711"), "/exact/4711");
  EXPECT_EQ(routing.match("h", "/exact/4711/x"), "none");
  EXPECT_EQ(routing.match("h", "/prefix/4711/x"), "/prefix/4711");
  EXPECT_EQ(routing.match("h", "/prefix/5000/x"), "/prefix");
  EXPECT_EQ(routing.match("h", "/prefix"), "/prefix");
  EXPECT_EQ(routing.match("h", "/prefixed"), "none");
  EXPECT_EQ(routing.match("h", "/slash"), "none");
  EXPECT_EQ(routing.match("h", "/slash/"), "/slash/");
  EXPECT_EQ(routing.match("h", "/exact/4x"), "/exact/4[a-z]");
  EXPECT_EQ(routing.match("h", "*"), "none");
}

// The index keeps 32 bytes of a name beside its hash; two long names may differ behind them only.
TEST(HostMatch, LongNamesThatBeginAlikeAreToldApart) {
  Routing routing;
  const std::string head(40, 'a');
  for (const std::string tail : {"x", "y"}) routing.rule(head + tail + ".example.com", "to " + tail, {});
  EXPECT_EQ(routing.match(head + "x.example.com", "/"), "to x");
  EXPECT_EQ(routing.match(head + "y.example.com", "/"), "to y");
  EXPECT_EQ(routing.match(head + "z.example.com", "/"), "none");
}

// A host whose one rule takes everything is answered from the index; what looks like it is not.
TEST(HostMatch, OnlyAnUnconditionalRuleForEverythingIsAnsweredWithoutLookingAtIt) {
  Routing routing;
  routing.rule("whole.example.com", "whole", {});
  routing.rule("*.whole.example.com", "below whole", {});
  routing.rule("part.example.com", "part", {.path = "/part"});
  routing.rule("root.example.com", "root", {.path = "/", .kind = PathKind::exact});
  routing.rule("posts.example.com", "posts",
               {.condition = routing.builder.add_condition({.methods = {"POST"}})});
  EXPECT_EQ(routing.match("whole.example.com", "/any/where"), "whole");
  EXPECT_EQ(routing.match("whole.example.com", "*", "OPTIONS"), "whole");
  EXPECT_EQ(routing.match("a.whole.example.com", "/"), "below whole");
  EXPECT_EQ(routing.match("part.example.com", "/"), "none");
  EXPECT_EQ(routing.match("root.example.com", "/x"), "none");
  EXPECT_EQ(routing.match("posts.example.com", "/"), "none");
  EXPECT_EQ(routing.match("posts.example.com", "/", "POST"), "posts");
}

}  // namespace
}  // namespace sluice
