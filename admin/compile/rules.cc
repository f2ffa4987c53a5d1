#include "admin/compile/rules.h"

#include <algorithm>

#include "admin/model/prefetch.h"
#include "schemas/base/check.h"

namespace sluice::admin {
namespace {

// Upper bound: a route without hosts counts for the host that matches any.
size_t count_entries(const Config& config) {
  size_t entries = 0;
  for (size_t i = 0; i < config.routes.size(); ++i) {
    prefetch_ahead(config.routes, i);
    entries += std::max<size_t>(1, config.routes[i]->match.hosts.size());
  }
  return entries;
}

IdIndex index_of_listeners(const Config& config) {
  IdIndex index(config.listeners.size());
  for (uint32_t i = 0; i < config.listeners.size(); ++i) index.insert(config.listeners[i]->id, i);
  return index;
}

}  // namespace

RuleCompiler::RuleCompiler(const Config& config, Draft& draft, ErrorSink& errors)
    : config_(config),
      draft_(draft),
      errors_(errors),
      entry_count_(count_entries(config)),
      host_index_(entry_count_),
      listener_index_(index_of_listeners(config)),
      path_index_(config.routes.size()) {
  entries_.reserve(entry_count_);
  host_uses_.reserve(entry_count_);
}

uint32_t RuleCompiler::add_host(const HostUse& use, uint32_t route) {
  const auto fresh = static_cast<uint32_t>(hosts_.size());
  const uint32_t known = host_index_.insert(use.hash, fresh);
  if (known == IdIndex::kNone) {
    hosts_.push_back({use.name, 0});
    return fresh;
  }
  if (hosts_[known].name != use.name) {
    errors_.add(config_.routes[route]->place, "/routes/" + std::to_string(route) + "/match/hosts",
                "the host names \"" + std::string(use.name) + "\" and \"" + std::string(hosts_[known].name) +
                    "\" have the same 64-bit hash",
                "rename one");
  }
  return known;
}

// After all routes, so that the index's slots can be fetched ahead: 130 ns per host become 40.
void RuleCompiler::number_hosts() {
  for (size_t i = 0; i < entries_.size(); ++i) {
    const size_t ahead = i + IdIndex::kPrefetchSteps;
    if (ahead < entries_.size()) host_index_.prefetch(host_uses_[ahead].hash);
    entries_[i].host = add_host(host_uses_[i], entries_[i].route);
    ++hosts_[entries_[i].host].rules;
  }
}

void RuleCompiler::add_entry(const Entry& entry, std::string_view host) {
  if (host == "*") host = {};
  entries_.push_back(entry);
  host_uses_.push_back({host, stable_hash(HashUse::host_name, host)});
}

// Most routes of a large configuration share a few paths.
wire::Text RuleCompiler::add_path(std::string_view path) {
  const auto fresh = static_cast<uint32_t>(paths_.size());
  const uint32_t known = path_index_.insert(stable_hash(HashUse::path, path), fresh);
  if (known != IdIndex::kNone) return paths_[known] == path ? path_texts_[known] : draft_.add_text(path);
  paths_.push_back(path);
  path_texts_.push_back(draft_.add_text(path));
  return path_texts_.back();
}

void RuleCompiler::add(const Route& route, uint32_t number) {
  const RouteMatch& match = route.match;
  Entry entry{0, route.priority, match.path_kind, 0, kNoIndex, number, add_path(match.path)};
  entry.conditions = static_cast<uint32_t>(match.headers.size()) + (match.methods.empty() ? 0 : 1) +
                     (route.listeners.empty() ? 0 : 1);
  if (entry.conditions > 0) {
    ConditionDraft condition{{}, &match};
    for (const std::string& name : route.listeners) {
      const uint32_t listener = listener_index_.find(stable_hash(HashUse::object_name, name));
      CHECK(listener != IdIndex::kNone);  // check_config() saw to it.
      condition.listeners.push_back(listener);
    }
    entry.condition = draft_.add_condition(std::move(condition));
  }
  if (match.hosts.empty()) add_entry(entry, {});
  for (const std::string& host : match.hosts) add_entry(entry, host);
}

bool RuleCompiler::comes_first(const Entry& left, const Entry& right) {
  if (left.priority != right.priority) return left.priority > right.priority;
  if (left.path_kind != right.path_kind) return left.path_kind < right.path_kind;
  if (left.path.length() != right.path.length()) return left.path.length() > right.path.length();
  if (left.conditions != right.conditions) return left.conditions > right.conditions;
  return left.route < right.route;
}

void RuleCompiler::finish() {
  number_hosts();
  // Counting sort by host, then each host's few rules by their order.
  std::vector<uint32_t> next(hosts_.size() + 1, 0);
  for (size_t i = 0; i < hosts_.size(); ++i) next[i + 1] = next[i] + hosts_[i].rules;
  const std::vector<uint32_t> first(next.begin(), next.end() - 1);
  std::vector<uint32_t> order(entries_.size());
  for (uint32_t i = 0; i < entries_.size(); ++i) order[next[entries_[i].host]++] = i;
  draft_.hosts.reserve(hosts_.size());
  for (size_t i = 0; i < hosts_.size(); ++i) {
    constexpr size_t kStepsAhead = 12;  // The names are strings of their own, cold again by now.
    if (i + kStepsAhead < hosts_.size()) __builtin_prefetch(hosts_[i + kStepsAhead].name.data());
    const auto begin = order.begin() + first[i];
    std::sort(begin, begin + hosts_[i].rules,
              [&](uint32_t left, uint32_t right) { return comes_first(entries_[left], entries_[right]); });
    std::string_view name = hosts_[i].name;
    const auto kind = name.empty()             ? wire::HostKind::any
                      : name.starts_with("*.") ? wire::HostKind::wildcard
                                               : wire::HostKind::exact;
    if (kind == wire::HostKind::wildcard) name.remove_prefix(1);
    draft_.hosts.emplace_back(draft_.add_text(name), kind, first[i], hosts_[i].rules);
  }
  draft_.rules.reserve(order.size());
  for (const uint32_t position : order) {
    const Entry& entry = entries_[position];
    draft_.rules.emplace_back(entry.path, entry.route, entry.condition, entry.priority, entry.path_kind);
  }
}

}  // namespace sluice::admin
