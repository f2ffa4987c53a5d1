// Everything load() derives from a snapshot. Immutable after load().
#pragma once

#include <vector>

#include "dataplane/decide/arrays.h"
#include "dataplane/decide/conditions.h"
#include "dataplane/decide/host_index.h"
#include "dataplane/decide/maglev.h"
#include "dataplane/decide/path_index.h"
#include "dataplane/decide/pattern.h"
#include "dataplane/decide/peer_set.h"
#include "dataplane/decide/sticky.h"

namespace sluice::decide {

// One per listener.
std::vector<ListenerRules> make_listener_rules(const Arrays& arrays);

struct Snapshot::Index {
  explicit Index(const SnapshotLimits& limits)
      : patterns(limits.regexes_max, limits.regex_program_bytes_max) {}

  // Requires: check_structs and check_tables passed.
  Problem build(const SnapshotLimits& limits);
  Problem build_regexes();

  RouteMatch match_host(const HostEntry& host, const RouteQuery& query) const;
  // The first rule of the range that matches, or kNone.
  uint32_t match_range(RuleRange range, const RouteQuery& query) const;
  uint32_t scan(RuleRange range, const RouteQuery& query) const;
  uint32_t look_up(RuleRange range, const RouteQuery& query) const;
  bool rule_matches(uint32_t rule, const RouteQuery& query) const;
  bool condition_holds(const wire::Rule& rule, const RouteQuery& query) const;
  // Requires: the rule is a regex rule.
  uint32_t pattern_of(uint32_t rule) const;

  Arrays arrays;
  PatternSet patterns;
  std::vector<RegexRule> regexes;  // Sorted by rule.
  Conditions conditions;
  HostIndex hosts;
  PathIndex paths;
  PeerSet peers;
  MaglevTables maglev;
  Stickies stickies;
  std::vector<ListenerRules> listener_rules;  // [listener index]
};

}  // namespace sluice::decide
