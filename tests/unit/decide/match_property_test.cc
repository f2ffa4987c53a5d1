// The index against the definition: random hosts, rules, conditions and requests; the answer must be the
// first rule, host by host from the most to the least specific, that matches when every rule is tried.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>

#include "schemas/base/rng.h"
#include "tests/unit/decide/snapshot_builder.h"

namespace sluice {
namespace {

using decide::kNone;
using decide::RouteQuery;
using decide::Snapshot;
using testing::SnapshotBuilder;
using wire::PathKind;

// A small alphabet, so that rules collide: the same path often, with and without slashes at the end.
std::string random_path(Rng& rng, bool is_deep) {
  static constexpr std::string_view kSegments[] = {"", "a", "b", "ab", "c", "a.b"};
  std::string path;
  const uint64_t segments = rng.below(is_deep ? 80 : 5);
  for (uint64_t i = 0; i < segments; ++i) {
    path += '/';
    path += kSegments[rng.below(std::size(kSegments))];
  }
  if (path.empty() || rng.chance(1, 4)) path += '/';
  return path;
}

std::string random_host(Rng& rng) {
  static constexpr std::string_view kLabels[] = {"a", "b", "c"};
  std::string host(kLabels[rng.below(3)]);
  for (uint64_t i = rng.below(3); i > 0; --i) host += "." + std::string(kLabels[rng.below(3)]);
  return host;
}

void add_random_conditions(SnapshotBuilder& builder, Rng& rng) {
  builder.add_listener("one", "127.0.0.1:1");
  builder.add_listener("two", "127.0.0.1:2");
  for (uint64_t i = rng.below(6); i > 0; --i) {
    testing::ConditionSpec spec;
    if (rng.chance(1, 2)) spec.methods.push_back(rng.chance(1, 2) ? "GET" : "POST");
    if (rng.chance(1, 3)) spec.listeners.push_back(static_cast<uint32_t>(rng.below(2)));
    if (rng.chance(1, 3)) {
      spec.headers.push_back(
          {"x", static_cast<wire::HeaderMatchKind>(rng.below(5)), rng.chance(1, 2) ? "1" : "2"});
    }
    builder.add_condition(spec);
  }
}

void add_random_rules(SnapshotBuilder& builder, Rng& rng, const std::string& host, bool is_deep) {
  static constexpr std::string_view kRegexes[] = {"/a.*", ".*b", "/(a|b)/?", ".*"};
  for (uint64_t i = rng.below(3) == 0 ? rng.below(16) : rng.below(120); i > 0; --i) {
    testing::RuleSpec rule;
    rule.kind = rng.chance(1, 10) ? PathKind::regex : rng.chance(1, 2) ? PathKind::prefix : PathKind::exact;
    rule.path = rule.kind == PathKind::regex ? std::string(kRegexes[rng.below(std::size(kRegexes))])
                                             : random_path(rng, is_deep);
    rule.route = static_cast<uint32_t>(rng.below(builder.routes.size()));
    if (!builder.conditions.empty() && rng.chance(1, 2)) {
      rule.condition = static_cast<uint32_t>(rng.below(builder.conditions.size()));
    }
    rule.priority = static_cast<int32_t>(rng.below(3)) - 1;
    builder.add_rule(host, rule);
  }
}

SnapshotBuilder random_snapshot(Rng& rng) {
  SnapshotBuilder builder;
  const uint32_t pool = builder.add_pool("p", {{builder.add_peer("127.0.0.1:9001")}});
  for (int i = 0; i < 50; ++i) builder.add_route(std::to_string(i), pool);
  add_random_conditions(builder, rng);
  const bool is_deep = rng.chance(1, 4);
  for (uint64_t i = rng.below(8); i > 0; --i) {
    add_random_rules(builder, rng, (rng.chance(1, 2) ? "*." : "") + random_host(rng), is_deep);
  }
  if (rng.chance(1, 2)) add_random_rules(builder, rng, "", is_deep);
  // The answer must not depend on the compiler's order: any order is the truth.
  builder.lay_out_hosts(rng.chance(1, 2));
  return builder;
}

bool reference_path_matches(std::string_view rule, PathKind kind, std::string_view path) {
  if (kind == PathKind::exact) return rule == path;
  if (kind == PathKind::prefix) {
    if (rule == "/") return true;
    if (!path.starts_with(rule)) return false;
    return path == rule || rule.back() == '/' || path.substr(rule.size()).front() == '/';
  }
  // The four expressions above, in words.
  if (rule == "/a.*") return path.starts_with("/a");
  if (rule == ".*b") return path.ends_with("b");
  if (rule == "/(a|b)/?") return path == "/a" || path == "/b" || path == "/a/" || path == "/b/";
  return true;
}

bool reference_condition_holds(const testing::ConditionSpec& spec, const RouteQuery& query,
                               const std::string* header) {
  if (!spec.methods.empty() && std::count(spec.methods.begin(), spec.methods.end(), query.method) == 0)
    return false;
  if (!spec.listeners.empty() &&
      std::count(spec.listeners.begin(), spec.listeners.end(), query.listener) == 0) {
    return false;
  }
  for (const testing::HeaderMatchSpec& match : spec.headers) {
    if (match.kind == wire::HeaderMatchKind::absent) {
      if (header != nullptr) return false;
    } else if (header == nullptr) {
      return false;
    } else if (match.kind == wire::HeaderMatchKind::prefix) {
      if (!header->starts_with(match.value)) return false;
    } else if (match.kind != wire::HeaderMatchKind::present && *header != match.value) {
      return false;  // exact, and regex: the values are literals.
    }
  }
  return true;
}

// 0: does not cover; otherwise larger is more specific.
size_t reference_host_rank(const wire::Host& host, std::string_view name, std::string_view wanted) {
  if (host.kind() == wire::HostKind::any) return 1;
  if (host.kind() == wire::HostKind::exact) return name == wanted ? SIZE_MAX : 0;
  return wanted.size() > name.size() && wanted.ends_with(name) ? 1 + name.size() : 0;
}

uint32_t reference_match(const SnapshotBuilder& builder, const RouteQuery& query, const std::string* header) {
  const auto text = [&builder](const wire::Text& range) {
    return std::string_view(builder.text).substr(range.offset(), range.length());
  };
  std::vector<std::pair<size_t, const wire::Host*>> covering;
  for (const wire::Host& host : builder.hosts) {
    if (const size_t rank = reference_host_rank(host, text(host.name()), query.host))
      covering.push_back({rank, &host});
  }
  std::sort(covering.begin(), covering.end(),
            [](const auto& left, const auto& right) { return left.first > right.first; });
  for (const auto& [rank, host] : covering) {
    for (uint32_t i = host->first_rule(); i < host->first_rule() + host->rule_count(); ++i) {
      const wire::Rule& rule = builder.rules[i];
      if (!reference_path_matches(text(rule.path()), rule.path_kind(), query.path)) continue;
      if (rule.condition() != kNone &&
          !reference_condition_holds(builder.conditions[rule.condition()], query, header)) {
        continue;
      }
      return i;
    }
  }
  return kNone;
}

void check_one_snapshot(uint64_t seed) {
  Rng rng(seed);
  SnapshotBuilder builder = random_snapshot(rng);
  const std::vector<std::byte> bytes = builder.finish();
  const auto snapshot = Snapshot::load(bytes, {});
  RC_ASSERT(snapshot.has_value());
  for (int i = 0; i < 200; ++i) {
    const std::string host = random_host(rng);
    const std::string path = rng.chance(1, 50) ? "*" : random_path(rng, rng.chance(1, 4));
    const std::string value = rng.chance(1, 2) ? "1" : "12";
    const std::string* header = rng.chance(1, 2) ? &value : nullptr;
    RouteQuery query;
    query.host = host;
    query.path = path;
    query.method = rng.chance(1, 2) ? "GET" : "POST";
    query.listener = static_cast<uint32_t>(rng.below(2));
    query.headers = header;
    query.find_header = [](const void* context, std::string_view name) -> std::string_view {
      const auto* known = static_cast<const std::string*>(context);
      return name == "x" && known != nullptr ? std::string_view(*known) : std::string_view{};
    };
    RC_ASSERT((*snapshot)->match(query).rule == reference_match(builder, query, header));
  }
}

TEST(MatchProperty, TheIndexAnswersLikeTryingEveryRule) {
  ASSERT_TRUE(
      rc::check("any snapshot, any request", [] { check_one_snapshot(*rc::gen::arbitrary<uint64_t>()); }));
}

// Large enough that most snapshots use both the scan and the path table.
TEST(MatchProperty, ThreeHundredSeeds) {
  for (uint64_t seed = 1; seed <= 300; ++seed) {
    SCOPED_TRACE(seed);
    EXPECT_NO_THROW(check_one_snapshot(seed));
  }
}

}  // namespace
}  // namespace sluice
