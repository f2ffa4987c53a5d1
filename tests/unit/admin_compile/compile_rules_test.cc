// Hosts, rule order, conditions: checked by asking the loaded snapshot, as the data plane does.
#include <map>

#include "tests/unit/admin_compile/compiling.h"

namespace sluice::admin {
namespace {

using testing::compile_text;
using testing::Compiled;
using testing::listener;

// Which route answers: "name", or "none".
struct Request {
  std::string host = "a.example";
  std::string path = "/";
  std::string method = "GET";
  std::map<std::string, std::string> headers;
  uint32_t listener = 0;
};

std::string answer(const Compiled& compiled, const Request& request) {
  decide::RouteQuery query;
  query.host = request.host;
  query.path = request.path;
  query.method = request.method;
  query.listener = request.listener;
  query.headers = &request.headers;
  query.find_header = [](const void* headers, std::string_view name) -> std::string_view {
    const auto& fields = *static_cast<const std::map<std::string, std::string>*>(headers);
    const auto field = fields.find(std::string(name));
    return field == fields.end() ? std::string_view() : std::string_view(field->second);
  };
  const decide::RouteMatch match = compiled->match(query);
  return match.route == decide::kNone ? "none" : compiled.text(compiled->routes()[match.route].name());
}

// Routes that answer by themselves; `matches` are the bodies of `match`, named r0, r1, ...
Compiled with_matches(std::initializer_list<std::string> matches) {
  std::string text = listener() + "routes:\n";
  int number = 0;
  for (const std::string& match : matches) {
    text += "  - {name: r" + std::to_string(number++) + ", respond: {}, " + match + "}\n";
  }
  return compile_text(text);
}

TEST(CompileRules, ExactHostsThenWildcardsThenAny) {
  const Compiled compiled =
      with_matches({"match: {hosts: [\"*\"]}", "match: {hosts: [\"*.example\"]}",
                    "match: {hosts: [\"*.b.example\"]}", "match: {hosts: [a.example, c.d]}"});
  EXPECT_EQ(answer(compiled, {.host = "a.example"}), "r3");
  EXPECT_EQ(answer(compiled, {.host = "c.d"}), "r3");
  EXPECT_EQ(answer(compiled, {.host = "x.example"}), "r1");
  EXPECT_EQ(answer(compiled, {.host = "x.b.example"}), "r2");
  EXPECT_EQ(answer(compiled, {.host = "other"}), "r0");
}

TEST(CompileRules, OrderIsPriorityKindLengthConditionsFile) {
  const Compiled compiled = with_matches({
      "match: {path_prefix: /a}",
      "match: {path_regex: \"/a/.*\"}",
      "match: {path_prefix: /a/b}",
      "match: {path: /a/b}",
      "match: {path: /a/b, methods: [PUT]}",
      "match: {path_prefix: /z}, priority: 1",
      "match: {path: /z}",
      "match: {path_prefix: /same}",
      "match: {path_prefix: /same}",
  });
  EXPECT_EQ(answer(compiled, {.path = "/a/b"}), "r3");
  EXPECT_EQ(answer(compiled, {.path = "/a/b", .method = "PUT"}), "r4");
  EXPECT_EQ(answer(compiled, {.path = "/a/b/c"}), "r2");
  EXPECT_EQ(answer(compiled, {.path = "/a/c"}), "r0");  // A prefix goes before a regex.
  EXPECT_EQ(answer(compiled, {.path = "/z"}), "r5");
  EXPECT_EQ(answer(compiled, {.path = "/same"}), "r7");
  EXPECT_EQ(answer(compiled, {.path = "/none"}), "none");
}

TEST(CompileRules, HeadersMethodsAndListenersAreConditions) {
  const Compiled compiled = compile_text(R"(
listeners: [{name: one, address: ":1"}, {name: two, address: ":2"}]
routes:
  - {name: header, match: {headers: {X-Env: canary, X-Trace: {absent: true}}}, respond: {}}
  - {name: regex, match: {headers: {X-Id: {regex: "[0-9]+"}}}, respond: {}}
  - {name: two, listener: two, respond: {}}
  - {name: rest, respond: {}}
)");
  EXPECT_EQ(answer(compiled, {.headers = {{"x-env", "canary"}}}), "header");
  EXPECT_EQ(answer(compiled, {.headers = {{"x-env", "canary"}, {"x-trace", "1"}}}), "rest");
  EXPECT_EQ(answer(compiled, {.headers = {{"x-id", "42"}}}), "regex");
  EXPECT_EQ(answer(compiled, {.headers = {{"x-id", "4a"}}}), "rest");
  EXPECT_EQ(answer(compiled, {.listener = 1}), "two");
}

TEST(CompileRules, EqualConditionsAndPathsAreStoredOnce) {
  const Compiled compiled =
      with_matches({"match: {hosts: [a], methods: [GET]}", "match: {hosts: [b], methods: [GET]}",
                    "match: {hosts: [c], methods: [PUT]}"});
  EXPECT_EQ(compiled->root().conditions()->size(), 2U);
  EXPECT_EQ(compiled->rules()[0].path().offset(), compiled->rules()[1].path().offset());
}

TEST(CompileRules, EachHostHasItsRulesTogether) {
  const Compiled compiled =
      with_matches({"match: {hosts: [a, b], path: /1}", "match: {hosts: [b, a], path: /22}",
                    "match: {hosts: [\"*\", c], path: /3}", "match: {path: /4}"});
  ASSERT_EQ(compiled->hosts().size(), 4U);
  uint32_t next = 0;
  std::string listing;
  for (const wire::Host& host : compiled->hosts()) {
    EXPECT_EQ(host.first_rule(), next);
    next += host.rule_count();
    listing += compiled.text(host.name()) + ":";
    for (const wire::Rule& rule : compiled->rules().subspan(host.first_rule(), host.rule_count())) {
      listing += " " + compiled.text(rule.path());
    }
    listing += "\n";
  }
  EXPECT_EQ(next, compiled->rules().size());
  EXPECT_EQ(listing, "a: /22 /1\nb: /22 /1\n: /3 /4\nc: /3\n");
}

TEST(CompileRules, AHostNamedTwiceInOneRouteDoesNoHarm) {
  const Compiled compiled = with_matches({"match: {hosts: [a, A]}"});
  EXPECT_EQ(answer(compiled, {.host = "a"}), "r0");
}

}  // namespace
}  // namespace sluice::admin
