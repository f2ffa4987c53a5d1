// Maglev consistent hashing (Eisenbud et al., NSDI 2016, section 3.4): a table of 65,537 member indices in
// which every member holds its share of the entries, and a change of members moves little more than theirs.
// Built from all members of a pool, usable or not; pick_member skips the unusable ones, so that health never
// rebuilds a table.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/decide/arrays.h"
#include "dataplane/decide/zeroed_array.h"

namespace sluice::decide {

inline constexpr uint32_t kMaglevEntries = 65'537;     // A prime, so that every skip visits every entry.
inline constexpr uint32_t kMaglevMembersMax = 4096;    // 16 entries each on average.
inline constexpr uint16_t kMaglevNobody = UINT16_MAX;  // In a pool whose members all have weight 0.

// Fills `table` (kMaglevEntries long). Requires: at most kMaglevMembersMax members.
void fill_maglev_table(std::span<const wire::Member> members, std::span<const wire::Peer> peers,
                       std::span<uint16_t> table);

// The tables of a snapshot's maglev pools; pools with equal members share one (128 KiB each).
class MaglevTables {
 public:
  Problem build(const Arrays& arrays, uint32_t tables_max);
  // Empty when the pool has another policy.
  std::span<const uint16_t> table(uint32_t pool) const;
  uint64_t bytes() const { return entries_.bytes() + pools_.capacity() * sizeof(PoolTable); }

 private:
  struct PoolTable {
    uint32_t pool;
    uint32_t table;
  };
  std::vector<PoolTable> pools_;  // Sorted by pool.
  ZeroedArray<uint16_t> entries_;
};

}  // namespace sluice::decide
