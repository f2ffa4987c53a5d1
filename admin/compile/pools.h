// Peers, pools and members of the snapshot: named ones, the pool of one behind `peer: X`, and the unnamed
// ones behind `to: [..]`, of which equal ones are one pool.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "admin/compile/draft.h"
#include "admin/model/error_sink.h"
#include "admin/model/id_index.h"

namespace sluice::admin {

class PoolCompiler {
 public:
  // Adds every named peer and pool. Reports addresses that are not resolved.
  PoolCompiler(const Config& config, Draft& draft, ErrorSink& errors);

  // The pool a forwarding route goes to.
  uint32_t pool_of(const ToPool& target) const;
  uint32_t pool_of(const ToPeer& target);
  uint32_t pool_of(const ToAddresses& target, const Route& route);
  // What its configuration says about timeouts; null for pools without one.
  const Timeouts* timeouts_of(uint32_t pool) const;

 private:
  uint32_t add_peer(const Endpoint& endpoint, std::string_view name);
  void add_pool(const Pool& pool);
  uint32_t add_unnamed(const std::string& name, const std::vector<uint32_t>& peers, uint16_t weight);

  const Config& config_;
  Draft& draft_;
  ErrorSink& errors_;
  IdIndex configured_peers_;  // By id of the name.
  IdIndex configured_pools_;
  std::vector<uint32_t> peer_numbers_;  // Configured peer to draft_.peers.
  std::vector<uint32_t> seen_in_pool_;  // Per draft peer: the last pool that has it.
  std::unordered_map<std::string, uint32_t> peers_by_address_;
  std::unordered_map<std::string, uint32_t> unnamed_pools_;  // By name.
};

}  // namespace sluice::admin
