// Which member of a pool gets the next attempt. Pure: everything it depends on is an argument, so that
// admin's `explain` and the data plane cannot disagree. BalanceState is the caller's, one per worker and
// pool, keyed by the pool's stable id and kept across snapshots.
#pragma once

#include <cstdint>
#include <vector>

#include "dataplane/decide/snapshot.h"
#include "schemas/base/rng.h"

namespace sluice::decide {

// Smooth weighted round robin: current weights by peer id, so that a reload that adds a member does not
// reset the others. Allocates only when the members change.
struct BalanceState {
  struct Entry {
    uint64_t peer_id;
    int64_t current_weight;
  };
  std::vector<Entry> entries;  // In the pool's order.
  uint32_t cursor = 0;         // Large pools: whose turn is next.
  int64_t turn_price = 0;      // Large pools: the largest weight when the round began.
};

// What the caller knows about members. `context` is passed through.
struct MemberFacts {
  void* context = nullptr;
  // Percent of the configured weight this member may take now; 0 = not usable (down, draining, already
  // tried by this stream, or refused a moment ago).
  uint32_t (*weight_percent)(void* context, const wire::Peer& peer) = nullptr;
  uint32_t (*in_flight)(void* context, const wire::Peer& peer) = nullptr;
};

// The index of the chosen member within the pool, or kNone when no member is usable. `key_hash` is
// stable_hash(client_address, ...) of the client's address, for ip_hash and maglev.
// failover mode: the first usable member in order. load_balancing: by policy; least_conn ties rotate;
// ip_hash is weighted rendezvous hashing (minimal movement, members keep their clients across reloads).
uint32_t pick_member(const Snapshot& snapshot, uint32_t pool, BalanceState& state, const MemberFacts& facts,
                     uint64_t key_hash, Rng& rng);

}  // namespace sluice::decide
