// Whether a snapshot knows a peer id: asked for every idle connection pool after a reload. Open addressing
// over peer numbers, 8 bytes a peer.
#pragma once

#include <cstdint>
#include <span>

#include "dataplane/decide/arrays.h"
#include "dataplane/decide/zeroed_array.h"

namespace sluice::decide {

class PeerSet {
 public:
  Problem build(const Arrays& arrays);
  bool contains(uint64_t peer_id) const;
  uint64_t bytes() const { return slots_.bytes(); }

 private:
  // The slot that holds the id, or the free one where it belongs.
  uint64_t find(uint64_t peer_id) const;

  std::span<const wire::Peer> peers_;
  ZeroedArray<uint32_t> slots_;  // Peer number + 1, 0: free.
};

}  // namespace sluice::decide
