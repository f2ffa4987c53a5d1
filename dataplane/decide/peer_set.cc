#include "dataplane/decide/peer_set.h"

namespace sluice::decide {

Problem PeerSet::build(const Arrays& arrays) {
  peers_ = arrays.peers;
  if (!slots_.allocate(peers_.size() * 2)) {
    return SnapshotError{"LIMIT", "peers",
                         "there is not enough memory for the peer index; free some or serve fewer peers"};
  }
  for (uint32_t i = 0; i < peers_.size(); ++i) {
    uint32_t& slot = slots_[find(peers_[i].id())];
    if (slot == 0) slot = i + 1;  // Two peers may share an address, and so an id.
  }
  return std::nullopt;
}

uint64_t PeerSet::find(uint64_t peer_id) const {
  // Ids are hashes already; the multiplication (2^64 / golden ratio) only spreads hand-made ones.
  const uint64_t mixed = peer_id * 0x9e3779b97f4a7c15ULL;
  uint64_t at = ((mixed >> 32) * slots_.size()) >> 32;
  while (slots_[at] != 0 && peers_[slots_[at] - 1].id() != peer_id) at = at + 1 == slots_.size() ? 0 : at + 1;
  return at;
}

bool PeerSet::contains(uint64_t peer_id) const {
  return slots_.size() != 0 && slots_[find(peer_id)] != 0;
}

}  // namespace sluice::decide
