#include "dataplane/decide/path_index.h"

#include <algorithm>

#include "schemas/stable_hash.h"

namespace sluice::decide {
namespace {

// Two slots for each rule: 16 bytes, plus 4 for its link.
constexpr uint64_t kSlotsPerRule = 2;

}  // namespace

uint64_t PathIndex::begin_hash(const PathProgram& program) {
  return stable_hash(HashUse::path, program.range.first, program.range.count);
}

uint64_t PathIndex::extend_hash(uint64_t hash, std::string_view segment) {
  return stable_hash(HashUse::path, hash, stable_hash(HashUse::path, segment));
}

// The part of a rule's path that a request path must have before one of its boundaries: all of it, but for
// the slash at the end of a prefix ("/a/" covers what lies below "/a", "/" covers everything).
std::string_view PathIndex::base_of(uint32_t rule) const {
  const wire::Rule& found = rules_[rule];
  std::string_view path = text_blob_.substr(found.path().offset(), found.path().length());
  if (found.path_kind() == wire::PathKind::prefix && path.back() == '/') path.remove_suffix(1);
  return path;
}

Problem PathIndex::list_programs(const Arrays& arrays) {
  std::vector<std::pair<RuleRange, uint32_t>> large;  // With the host that has it, for the message.
  for (uint32_t i = 0; i < arrays.hosts.size(); ++i) {
    const wire::Host& host = arrays.hosts[i];
    if (host.rule_count() > kScannedRulesMax) large.push_back({{host.first_rule(), host.rule_count()}, i});
  }
  std::sort(large.begin(), large.end(), [](const auto& left, const auto& right) {
    if (left.first.first != right.first.first) return left.first.first < right.first.first;
    return left.first.count != right.first.count ? left.first.count < right.first.count
                                                 : left.second < right.second;
  });
  for (const auto& [range, host] : large) {
    if (!programs_.empty()) {
      const RuleRange& previous = programs_.back().range;
      if (previous.first == range.first && previous.count == range.count) continue;
      if (range.first - previous.first < previous.count) {
        return SnapshotError{"BAD_VALUE", place("hosts", host, ".first_rule"),
                             "overlaps the rules of another host; hosts share all their rules or none"};
      }
    }
    PathProgram program;
    program.range = range;
    programs_.push_back(program);
  }
  return std::nullopt;
}

Problem PathIndex::build(const Arrays& arrays, std::span<const RegexRule> regexes) {
  text_blob_ = arrays.text_blob;
  rules_ = arrays.rules;
  if (Problem problem = list_programs(arrays)) return problem;
  uint64_t links = 0;
  for (PathProgram& program : programs_) {
    program.first_link = links;
    links += program.range.count;
    const auto before = [](const RegexRule& regex, uint32_t rule) { return regex.rule < rule; };
    const uint32_t end = program.range.first + program.range.count;
    program.first_regex = static_cast<uint32_t>(
        std::lower_bound(regexes.begin(), regexes.end(), program.range.first, before) - regexes.begin());
    program.regex_end = static_cast<uint32_t>(std::lower_bound(regexes.begin(), regexes.end(), end, before) -
                                              regexes.begin());
  }
  if (!next_.allocate(links) || !slots_.allocate(links * kSlotsPerRule)) {
    return SnapshotError{"LIMIT", "rules",
                         "there is not enough memory for the path index; free some or serve fewer routes"};
  }
  for (PathProgram& program : programs_) {
    // Backwards, so that a chain begins with its lowest rule.
    for (uint32_t i = program.range.count; i > 0; --i) {
      const uint32_t rule = program.range.first + i - 1;
      if (rules_[rule].path_kind() != wire::PathKind::regex) insert(program, rule);
    }
  }
  return std::nullopt;
}

void PathIndex::insert(PathProgram& program, uint32_t rule) {
  const std::string_view base = base_of(rule);
  uint64_t hash = begin_hash(program);
  uint32_t depth = 0;
  for (size_t length = 0; length < base.size(); ++depth) {
    const size_t segment_end = std::min(base.find('/', length + 1), base.size());
    hash = extend_hash(hash, base.substr(length + 1, segment_end - length - 1));
    length = segment_end;
  }
  program.depths |= 1ULL << std::min(depth, kDepthsCounted);
  const auto tag = static_cast<uint32_t>(hash);
  uint64_t at = slot_of(hash);
  for (; slots_[at].head != 0; at = at + 1 == slots_.size() ? 0 : at + 1) {
    const uint32_t head = slots_[at].head - 1;
    if (slots_[at].tag != tag || head - program.range.first >= program.range.count || base_of(head) != base)
      continue;
    next_[program.first_link + (rule - program.range.first)] = head + 1;
    break;
  }
  slots_[at] = {tag, rule + 1};
}

uint32_t PathIndex::head_of(const PathProgram& program, uint64_t hash, std::string_view base) const {
  const auto tag = static_cast<uint32_t>(hash);
  for (uint64_t at = slot_of(hash);; at = at + 1 == slots_.size() ? 0 : at + 1) {
    const Slot& slot = slots_[at];
    if (slot.head == 0) return kNone;
    const uint32_t head = slot.head - 1;
    if (slot.tag == tag && head - program.range.first < program.range.count && base_of(head) == base)
      return head;
  }
}

const PathProgram& PathIndex::program(RuleRange range) const {
  const auto before = [](const PathProgram& program, uint32_t first) { return program.range.first < first; };
  return *std::lower_bound(programs_.begin(), programs_.end(), range.first, before);
}

}  // namespace sluice::decide
