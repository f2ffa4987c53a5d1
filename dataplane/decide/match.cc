// Snapshot::match: from host, path, method and headers to a route. No allocation, no locks.
#include <algorithm>
#include <cstring>

#include "dataplane/decide/snapshot_index.h"

namespace sluice::decide {
namespace {

// Segment-wise: "/a" covers "/a" and "/a/b" but not "/ab"; "/a/" what lies below "/a"; "/" everything, also
// the "*" of OPTIONS.
bool prefix_covers(std::string_view prefix, std::string_view path) {
  if (path.size() < prefix.size() || std::memcmp(path.data(), prefix.data(), prefix.size()) != 0)
    return false;
  return path.size() == prefix.size() || prefix.back() == '/' || path[prefix.size()] == '/';
}

}  // namespace

bool Snapshot::Index::condition_holds(const wire::Rule& rule, const RouteQuery& query) const {
  return rule.condition() == kNone || conditions.hold(rule.condition(), query, patterns);
}

uint32_t Snapshot::Index::pattern_of(uint32_t rule) const {
  const auto before = [](const RegexRule& regex, uint32_t wanted) { return regex.rule < wanted; };
  return std::lower_bound(regexes.begin(), regexes.end(), rule, before)->pattern;
}

bool Snapshot::Index::rule_matches(uint32_t number, const RouteQuery& query) const {
  const wire::Rule& rule = arrays.rules[number];
  bool covers = false;
  switch (rule.path_kind()) {
    case wire::PathKind::exact:
      covers = arrays.text(rule.path()) == query.path;
      break;
    case wire::PathKind::prefix:
      // The length tells "/" apart without touching the text, which a random look-up finds cold.
      covers = rule.path().length() == 1 || prefix_covers(arrays.text(rule.path()), query.path);
      break;
    case wire::PathKind::regex:
      covers = patterns.matches(pattern_of(number), query.path);
      break;
  }
  return covers && condition_holds(rule, query);
}

uint32_t Snapshot::Index::scan(RuleRange range, const RouteQuery& query) const {
  for (uint32_t rule = range.first; rule < range.first + range.count; ++rule) {
    if (rule_matches(rule, query)) return rule;
  }
  return kNone;
}

uint32_t Snapshot::Index::look_up(RuleRange range, const RouteQuery& query) const {
  const PathProgram& program = paths.program(range);
  const uint32_t best =
      paths.find(program, query.path, [&](uint32_t rule) { return rule_matches(rule, query); });
  // A regex rule only counts when it stands before the best of the others.
  for (uint32_t i = program.first_regex; i < program.regex_end && regexes[i].rule < best; ++i) {
    const RegexRule& regex = regexes[i];
    if (patterns.matches(regex.pattern, query.path) && condition_holds(arrays.rules[regex.rule], query)) {
      return regex.rule;
    }
  }
  return best;
}

uint32_t Snapshot::Index::match_range(RuleRange range, const RouteQuery& query) const {
  return range.count <= kScannedRulesMax ? scan(range, query) : look_up(range, query);
}

RouteMatch Snapshot::Index::match_host(const HostEntry& host, const RouteQuery& query) const {
  if (host.only_route != kNone) return {host.only_route, host.range.first};
  const uint32_t rule = match_range(host.range, query);
  if (rule == kNone) return {};
  return {arrays.rules[rule].route(), rule};
}

RouteMatch Snapshot::match(const RouteQuery& query) const {
  RouteMatch found;
  HostEntry entry;
  const FoldedHost host(query.host);
  // A leading dot would find a wildcard's own entry, which stands for names with a label before it.
  if (host.is_valid() && !host.name().empty() && host.name().front() != '.') {
    if (index_->hosts.find(host.name(), entry)) found = index_->match_host(entry, query);
    if (found.rule == kNone) {
      index_->hosts.for_each_wildcard(host.name(), [&](const HostEntry& wildcard) {
        found = index_->match_host(wildcard, query);
        return found.rule != kNone;
      });
    }
  }
  if (found.rule == kNone && index_->hosts.has_any()) {
    found = index_->match_host({index_->hosts.any(), kNone}, query);
  }
  return found;
}

}  // namespace sluice::decide
