#include "admin/compile/pools.h"

#include <algorithm>

#include "schemas/base/check.h"

namespace sluice::admin {
namespace {

constexpr size_t kNameBytesMax = 1024;  // What a data plane takes.

template <typename Object>
IdIndex index_of(const std::vector<std::shared_ptr<const Object>>& objects) {
  IdIndex index(objects.size());
  for (uint32_t i = 0; i < objects.size(); ++i) index.insert(objects[i]->id, i);
  return index;
}

uint64_t name_id(std::string_view name) {
  return stable_hash(HashUse::object_name, name);
}

}  // namespace

PoolCompiler::PoolCompiler(const Config& config, Draft& draft, ErrorSink& errors)
    : config_(config),
      draft_(draft),
      errors_(errors),
      configured_peers_(index_of(config.peers)),
      configured_pools_(index_of(config.pools)) {
  for (uint32_t i = 0; i < config.peers.size(); ++i) {
    const Peer& peer = *config.peers[i];
    if (!peer.address.ip) {
      errors.add(peer.place, "/peers/" + std::to_string(i) + "/address",
                 "peer \"" + peer.name + "\": the host name \"" + peer.address.host + "\" is not resolved",
                 "resolve_addresses() comes before compile()");
      peer_numbers_.push_back(kNoIndex);
      continue;
    }
    peer_numbers_.push_back(add_peer(peer.address, peer.name));
  }
  seen_in_pool_.assign(draft.peers.size(), kNoIndex);
  for (const auto& pool : config.pools) add_pool(*pool);
}

// Peers are told apart by their address: two names that resolve to the same one are one peer, which keeps
// the first name.
uint32_t PoolCompiler::add_peer(const Endpoint& endpoint, std::string_view name) {
  const std::string address = to_resolved_text(endpoint);
  const auto [entry, is_new] = peers_by_address_.emplace(address, static_cast<uint32_t>(draft_.peers.size()));
  if (is_new) {
    const wire::Text text = draft_.add_text(name);
    draft_.peers.emplace_back(stable_hash(HashUse::peer_address, address), text, to_wire(endpoint));
  }
  return entry->second;
}

void PoolCompiler::add_pool(const Pool& pool) {
  const auto first = static_cast<uint32_t>(draft_.members.size());
  for (const Member& member : pool.members) {
    const uint32_t configured = configured_peers_.find(name_id(member.peer));
    CHECK(configured != IdIndex::kNone);  // check_config() saw to it.
    const uint32_t peer = peer_numbers_[configured];
    const uint16_t weight = member.weight != 0 ? member.weight : config_.peers[configured]->weight;
    // Two members that resolved to one address are one: the first, which has the higher priority.
    if (peer == kNoIndex || seen_in_pool_[peer] == draft_.pools.size()) continue;
    seen_in_pool_[peer] = static_cast<uint32_t>(draft_.pools.size());
    draft_.members.emplace_back(peer, weight);
  }
  const uint32_t outage = pool.outage ? draft_.add_response(*pool.outage) : kNoIndex;
  if (pool.sticky) draft_.features.add_sticky(static_cast<uint32_t>(draft_.pools.size()), *pool.sticky);
  const wire::Text name = draft_.add_text(pool.name);
  draft_.pools.emplace_back(pool.id, name, first, static_cast<uint32_t>(draft_.members.size()) - first,
                            outage, pool.mode, pool.policy);
}

// The name is the content, so the id (its hash) is of the content, as connections and statistics want it.
uint32_t PoolCompiler::add_unnamed(const std::string& name, const std::vector<uint32_t>& peers,
                                   uint16_t weight) {
  const auto [entry, is_new] = unnamed_pools_.emplace(name, static_cast<uint32_t>(draft_.pools.size()));
  if (!is_new) return entry->second;
  const auto first = static_cast<uint32_t>(draft_.members.size());
  for (const uint32_t peer : peers) draft_.members.emplace_back(peer, weight);
  const wire::Text text = draft_.add_text(std::string_view(name).substr(0, kNameBytesMax));
  draft_.pools.emplace_back(name_id(name), text, first, static_cast<uint32_t>(peers.size()), kNoIndex,
                            wire::PoolMode::load_balancing, wire::BalancePolicy::round_robin);
  return entry->second;
}

uint32_t PoolCompiler::pool_of(const ToPool& target) const {
  const uint32_t pool = configured_pools_.find(name_id(target.pool));
  CHECK(pool != IdIndex::kNone);
  return pool;  // Named pools come first in the draft, in the order of the configuration.
}

uint32_t PoolCompiler::pool_of(const ToPeer& target) {
  const uint32_t configured = configured_peers_.find(name_id(target.peer));
  CHECK(configured != IdIndex::kNone);
  // No configured name has a colon.
  return add_unnamed("peer:" + target.peer, {peer_numbers_[configured]}, config_.peers[configured]->weight);
}

uint32_t PoolCompiler::pool_of(const ToAddresses& target, const Route& route) {
  std::string name;
  for (const Endpoint& address : target.addresses) {
    if (!name.empty()) name += ",";
    name += to_text(address);
    if (!address.ip) {
      errors_.add(route.target_place, "",
                  "route \"" + route.name + "\": the host name \"" + address.host + "\" is not resolved",
                  "resolve_addresses() comes before compile()");
      return kNoIndex;
    }
  }
  if (const auto known = unnamed_pools_.find(name); known != unnamed_pools_.end()) return known->second;
  std::vector<uint32_t> peers;
  for (const Endpoint& address : target.addresses) {
    const uint32_t peer = add_peer(address, to_text(address));
    if (std::find(peers.begin(), peers.end(), peer) == peers.end()) peers.push_back(peer);
  }
  return add_unnamed(name, peers, 1);
}

const Timeouts* PoolCompiler::timeouts_of(uint32_t pool) const {
  return pool < config_.pools.size() ? &config_.pools[pool]->timeouts : nullptr;
}

}  // namespace sluice::admin
