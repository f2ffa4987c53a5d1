#include "dataplane/decide/snapshot.h"

#include "dataplane/decide/checks.h"
#include "dataplane/decide/snapshot_index.h"
#include "dataplane/decide/verify.h"

namespace sluice::decide {

Snapshot::Snapshot() = default;
Snapshot::~Snapshot() = default;

std::expected<std::unique_ptr<Snapshot>, SnapshotError> Snapshot::load(std::span<const std::byte> bytes,
                                                                       const SnapshotLimits& limits) {
  std::expected<Arrays, SnapshotError> arrays = verify(bytes, limits);
  if (!arrays) return std::unexpected(std::move(arrays.error()));
  Problem problem = check_structs(*arrays, limits);
  if (!problem) problem = check_tables(*arrays);
  if (!problem) problem = check_features(*arrays);
  if (!problem) problem = check_listener_policies(*arrays);
  if (problem) return std::unexpected(std::move(*problem));

  std::unique_ptr<Snapshot> snapshot(new Snapshot);
  snapshot->root_ = arrays->root;
  snapshot->index_ = std::make_unique<Index>(limits);
  snapshot->index_->arrays = *arrays;
  if (Problem refused = snapshot->index_->build(limits)) return std::unexpected(std::move(*refused));
  return snapshot;
}

Problem Snapshot::Index::build(const SnapshotLimits& limits) {
  std::expected<Conditions, SnapshotError> built = Conditions::build(arrays, patterns);
  if (!built) return std::move(built.error());
  conditions = std::move(*built);
  if (Problem problem = build_regexes()) return problem;
  if (Problem problem = hosts.build(arrays)) return problem;
  if (Problem problem = paths.build(arrays, regexes)) return problem;
  if (Problem problem = peers.build(arrays)) return problem;
  stickies.build(arrays);
  listener_rules = make_listener_rules(arrays);
  return maglev.build(arrays, limits.maglev_tables_max);
}

Problem Snapshot::Index::build_regexes() {
  for (uint32_t i = 0; i < arrays.rules.size(); ++i) {
    if (arrays.rules[i].path_kind() != wire::PathKind::regex) continue;
    std::expected<uint32_t, std::string> pattern = patterns.add(arrays.text(arrays.rules[i].path()));
    if (!pattern) return SnapshotError{"BAD_VALUE", place("rules", i, ".path"), std::move(pattern.error())};
    regexes.push_back({i, *pattern});
  }
  return std::nullopt;
}

std::string_view Snapshot::text(const wire::Text& range) const {
  return index_->arrays.text(range);
}
std::span<const wire::Listener> Snapshot::listeners() const {
  return index_->arrays.listeners;
}
wire::ProxyProtocol Snapshot::send_proxy_protocol(uint32_t pool) const {
  const auto* versions = root_->send_proxy_protocol();
  return versions == nullptr || versions->size() == 0 ? wire::ProxyProtocol::off : versions->Get(pool);
}
const ListenerRules& Snapshot::listener_rules(uint32_t listener) const {
  return index_->listener_rules[listener];
}
std::span<const wire::Route> Snapshot::routes() const {
  return index_->arrays.routes;
}
std::span<const wire::Rule> Snapshot::rules() const {
  return index_->arrays.rules;
}
std::span<const wire::Host> Snapshot::hosts() const {
  return index_->arrays.hosts;
}
std::span<const wire::Pool> Snapshot::pools() const {
  return index_->arrays.pools;
}
std::span<const wire::Peer> Snapshot::peers() const {
  return index_->arrays.peers;
}

std::span<const wire::Member> Snapshot::members(const wire::Pool& pool) const {
  return index_->arrays.members.subspan(pool.first_member(), pool.member_count());
}

const wire::Timeouts& Snapshot::timeouts(uint32_t index) const {
  return index_->arrays.timeouts[index];
}
const wire::Policy& Snapshot::policy(const wire::Route& route) const {
  return index_->arrays.policies[route.policy()];
}
bool Snapshot::has_peer(uint64_t peer_id) const {
  return index_->peers.contains(peer_id);
}
std::span<const uint16_t> Snapshot::maglev_table(uint32_t pool) const {
  return index_->maglev.table(pool);
}

const Sticky* Snapshot::sticky(uint32_t pool) const {
  return index_->stickies.of(pool);
}

uint64_t Snapshot::index_bytes() const {
  return sizeof(Index) + index_->patterns.bytes() + index_->regexes.capacity() * sizeof(RegexRule) +
         index_->conditions.bytes() + index_->hosts.bytes() + index_->paths.bytes() + index_->peers.bytes() +
         index_->maglev.bytes() + index_->stickies.bytes() +
         index_->listener_rules.capacity() * sizeof(ListenerRules);
}

}  // namespace sluice::decide
