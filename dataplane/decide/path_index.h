// The rules of hosts that have many: one open-addressing table over (host, base of the path), where a base
// is what stands before a segment boundary. A request path has as many bases as segments, so 100,000 paths
// cost a handful of probes; hosts with few rules are scanned in order instead. Both give the same answer:
// the first rule, in the host's order, that matches.
#pragma once

#include <algorithm>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "dataplane/decide/arrays.h"
#include "dataplane/decide/host_index.h"
#include "dataplane/decide/zeroed_array.h"

namespace sluice::decide {

// Up to here a scan touches fewer cache lines than the table (16 rules are 384 bytes).
inline constexpr uint32_t kScannedRulesMax = 16;

// A regex rule and the number of its pattern.
struct RegexRule {
  uint32_t rule;
  uint32_t pattern;
};

// One host's part of the index. Hosts with the same range of rules share it.
struct PathProgram {
  RuleRange range;
  uint64_t depths = 0;       // Bit n: some base has n slashes (bit 63: 63 or more).
  uint64_t first_link = 0;   // Where the range's links begin.
  uint32_t first_regex = 0;  // Part of the sorted list of regex rules.
  uint32_t regex_end = 0;
};

class PathIndex {
 public:
  // `regexes` is sorted by rule. Refuses large hosts whose ranges overlap without being equal: their index
  // would be larger than the snapshot.
  Problem build(const Arrays& arrays, std::span<const RegexRule> regexes);

  // Requires: range.count > kScannedRulesMax, and the range is a listed host's.
  const PathProgram& program(RuleRange range) const;

  // The lowest exact or prefix rule of the program for which `matches(rule)` holds, or kNone. `matches` is
  // asked for a superset of the rules whose path fits.
  template <typename Matches>
  uint32_t find(const PathProgram& program, std::string_view path, Matches matches) const;

  uint64_t bytes() const {
    return slots_.bytes() + next_.bytes() + programs_.capacity() * sizeof(PathProgram);
  }

 private:
  static constexpr uint32_t kDepthsCounted = 63;
  struct Slot {
    uint32_t tag;
    uint32_t head;  // Rule + 1 that begins the chain of its base, lowest first; 0: the slot is free.
  };

  static uint64_t begin_hash(const PathProgram& program);
  static uint64_t extend_hash(uint64_t hash, std::string_view segment);
  std::string_view base_of(uint32_t rule) const;
  uint64_t slot_of(uint64_t hash) const { return ((hash >> 32) * slots_.size()) >> 32; }

  Problem list_programs(const Arrays& arrays);
  void insert(PathProgram& program, uint32_t rule);
  // The first rule of the base's chain, or kNone.
  uint32_t head_of(const PathProgram& program, uint64_t hash, std::string_view base) const;
  uint32_t next_of(const PathProgram& program, uint32_t rule) const {
    return next_[program.first_link + (rule - program.range.first)] - 1;  // 0 - 1 is kNone.
  }
  template <typename Matches>
  uint32_t lowest_in_chain(const PathProgram& program, uint64_t hash, std::string_view base, uint32_t best,
                           Matches& matches) const;

  std::string_view text_blob_;
  std::span<const wire::Rule> rules_;
  std::vector<PathProgram> programs_;  // Sorted by range.first.
  ZeroedArray<Slot> slots_;
  ZeroedArray<uint32_t> next_;  // Rule + 1, or 0 at the end of a chain.
};

template <typename Matches>
uint32_t PathIndex::lowest_in_chain(const PathProgram& program, uint64_t hash, std::string_view base,
                                    uint32_t best, Matches& matches) const {
  for (uint32_t rule = head_of(program, hash, base); rule < best; rule = next_of(program, rule)) {
    if (matches(rule)) return rule;
  }
  return best;
}

template <typename Matches>
uint32_t PathIndex::find(const PathProgram& program, std::string_view path, Matches matches) const {
  if (program.depths == 0) return kNone;
  struct Candidate {
    uint64_t hash;
    size_t length;
  };
  Candidate candidates[kDepthsCounted];
  uint32_t candidate_count = 0;
  uint32_t best = kNone;
  uint64_t hash = begin_hash(program);
  // Bases from the shortest: "", "/a", "/a/b" and the whole path; each extends the hash of the one before.
  for (size_t length = 0, depth = 0;; ++depth) {
    if (depth >= kDepthsCounted) {
      if ((program.depths >> kDepthsCounted) == 0) break;
      best = lowest_in_chain(program, hash, path.substr(0, length), best, matches);
    } else if ((program.depths >> depth) & 1) {
      candidates[candidate_count++] = {hash, length};
    } else if ((program.depths >> depth) == 0) {
      break;
    }
    if (length >= path.size() || path[length] != '/') break;  // The end, or "*".
    const size_t segment_end = std::min(path.find('/', length + 1), path.size());
    hash = extend_hash(hash, path.substr(length + 1, segment_end - length - 1));
    length = segment_end;
  }
  // Longest first: the compiler orders long prefixes first, so the chains of shorter ones end at once.
  while (candidate_count > 0) {
    const Candidate& candidate = candidates[--candidate_count];
    best = lowest_in_chain(program, candidate.hash, path.substr(0, candidate.length), best, matches);
  }
  return best;
}

}  // namespace sluice::decide
