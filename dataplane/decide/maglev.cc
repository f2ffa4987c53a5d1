#include "dataplane/decide/maglev.h"

#include <algorithm>
#include <unordered_map>

#include "schemas/base/check.h"
#include "schemas/stable_hash.h"

namespace sluice::decide {
namespace {

// A member's walk through the table.
struct Turn {
  uint32_t entry;  // The next one it wants.
  uint32_t skip;
  uint32_t credit;  // Grows by the weight each round; a full weight_max buys one entry.
};

bool is_maglev(const wire::Pool& pool) {
  return pool.mode() == wire::PoolMode::load_balancing && pool.policy() == wire::BalancePolicy::maglev;
}

std::span<const wire::Member> members_of(const Arrays& arrays, uint32_t pool) {
  return arrays.members.subspan(arrays.pools[pool].first_member(), arrays.pools[pool].member_count());
}

// Equal peers in equal order with equal weights.
uint64_t hash_members(const Arrays& arrays, std::span<const wire::Member> members) {
  uint64_t hash = members.size();
  for (const wire::Member& member : members) {
    hash = stable_hash(HashUse::maglev_offset, hash, arrays.peers[member.peer()].id());
    hash = stable_hash(HashUse::maglev_offset, hash, member.weight());
  }
  return hash;
}

bool equal_members(const Arrays& arrays, std::span<const wire::Member> left,
                   std::span<const wire::Member> right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [&arrays](const wire::Member& a, const wire::Member& b) {
                      return a.weight() == b.weight() &&
                             arrays.peers[a.peer()].id() == arrays.peers[b.peer()].id();
                    });
}

}  // namespace

void fill_maglev_table(std::span<const wire::Member> members, std::span<const wire::Peer> peers,
                       std::span<uint16_t> table) {
  CHECK(table.size() == kMaglevEntries && members.size() <= kMaglevMembersMax);
  std::fill(table.begin(), table.end(), kMaglevNobody);
  uint32_t weight_max = 0;
  std::vector<Turn> turns(members.size());
  for (size_t i = 0; i < members.size(); ++i) {
    const uint64_t peer_id = peers[members[i].peer()].id();
    turns[i].entry = static_cast<uint32_t>(stable_hash(HashUse::maglev_offset, peer_id, 0) % kMaglevEntries);
    turns[i].skip =
        static_cast<uint32_t>(stable_hash(HashUse::maglev_skip, peer_id, 0) % (kMaglevEntries - 1) + 1);
    weight_max = std::max<uint32_t>(weight_max, members[i].weight());
  }
  if (weight_max == 0) return;
  for (uint32_t filled = 0; filled < kMaglevEntries;) {
    for (uint16_t i = 0; i < members.size() && filled < kMaglevEntries; ++i) {
      Turn& turn = turns[i];
      turn.credit += members[i].weight();
      if (turn.credit < weight_max) continue;
      turn.credit -= weight_max;
      while (table[turn.entry] != kMaglevNobody) turn.entry = (turn.entry + turn.skip) % kMaglevEntries;
      table[turn.entry] = i;
      ++filled;
    }
  }
}

Problem MaglevTables::build(const Arrays& arrays, uint32_t tables_max) {
  std::unordered_map<uint64_t, std::vector<PoolTable>> tables_by_hash;  // The pool is the first that has it.
  std::vector<uint32_t> first_pools;
  for (uint32_t pool = 0; pool < arrays.pools.size(); ++pool) {
    if (!is_maglev(arrays.pools[pool])) continue;
    const std::span<const wire::Member> members = members_of(arrays, pool);
    if (members.size() > kMaglevMembersMax) {
      return SnapshotError{"LIMIT", place("pools", pool, ".member_count"),
                           "maglev takes at most 4096 members; use ip_hash for larger pools"};
    }
    std::vector<PoolTable>& candidates = tables_by_hash[hash_members(arrays, members)];
    const auto same = std::find_if(candidates.begin(), candidates.end(), [&](const PoolTable& candidate) {
      return equal_members(arrays, members, members_of(arrays, candidate.pool));
    });
    if (same != candidates.end()) {
      pools_.push_back({pool, same->table});
      continue;
    }
    if (first_pools.size() >= tables_max) {
      return SnapshotError{
          "LIMIT", place("pools", pool, ".policy"),
          "more than " + std::to_string(tables_max) +
              " maglev pools with different members (128 KiB each); use ip_hash for the others"};
    }
    candidates.push_back({pool, static_cast<uint32_t>(first_pools.size())});
    pools_.push_back(candidates.back());
    first_pools.push_back(pool);
  }
  if (!entries_.allocate(first_pools.size() * kMaglevEntries)) {
    return SnapshotError{"LIMIT", "pools",
                         "there is not enough memory for the maglev tables; use ip_hash instead"};
  }
  for (size_t table = 0; table < first_pools.size(); ++table) {
    fill_maglev_table(members_of(arrays, first_pools[table]), arrays.peers,
                      {&entries_[table * kMaglevEntries], kMaglevEntries});
  }
  return std::nullopt;
}

std::span<const uint16_t> MaglevTables::table(uint32_t pool) const {
  const auto before = [](const PoolTable& entry, uint32_t wanted) { return entry.pool < wanted; };
  const auto found = std::lower_bound(pools_.begin(), pools_.end(), pool, before);
  if (found == pools_.end() || found->pool != pool) return {};
  return {&entries_[static_cast<uint64_t>(found->table) * kMaglevEntries], kMaglevEntries};
}

}  // namespace sluice::decide
