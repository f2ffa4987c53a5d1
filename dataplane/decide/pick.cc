#include "dataplane/decide/pick.h"

#include <algorithm>
#include <cmath>

#include "schemas/stable_hash.h"

namespace sluice::decide {
namespace {

// Above this many members round robin walks with a cursor (constant work per pick) instead of comparing
// all members.
constexpr uint32_t kComparedMembersMax = 64;
// After so many unusable entries of a Maglev table the rest is decided by rendezvous hashing.
constexpr uint32_t kMaglevProbesMax = 64;

// One decision: the pool's members and what the caller knows about them.
class Pick {
 public:
  Pick(const Snapshot& snapshot, uint32_t pool, const MemberFacts& facts)
      : members_(snapshot.members(snapshot.pools()[pool])), peers_(snapshot.peers()), facts_(facts) {}

  uint32_t count() const { return static_cast<uint32_t>(members_.size()); }
  const wire::Peer& peer(uint32_t member) const { return peers_[members_[member].peer()]; }
  uint32_t configured_weight(uint32_t member) const { return members_[member].weight(); }

  // Configured weight times percent, 0: takes nothing now. At most 2^16 * 2^32.
  uint64_t weight(uint32_t member) const {
    const uint64_t configured = members_[member].weight();
    return configured == 0 ? 0 : configured * facts_.weight_percent(facts_.context, peer(member));
  }
  uint64_t in_flight(uint32_t member) const { return facts_.in_flight(facts_.context, peer(member)); }
  uint32_t percent(uint32_t member) const {
    return members_[member].weight() == 0 ? 0 : facts_.weight_percent(facts_.context, peer(member));
  }

 private:
  std::span<const wire::Member> members_;
  std::span<const wire::Peer> peers_;
  const MemberFacts& facts_;
};

uint32_t pick_first(const Pick& pick) {
  for (uint32_t i = 0; i < pick.count(); ++i) {
    if (pick.weight(i) != 0) return i;
  }
  return kNone;
}

// ---- round robin ----

bool knows_members(const Pick& pick, const BalanceState& state) {
  if (state.entries.size() != pick.count()) return false;
  for (uint32_t i = 0; i < pick.count(); ++i) {
    if (state.entries[i].peer_id != pick.peer(i).id()) return false;
  }
  return true;
}

// Takes over the weights of the members that stay. New members of a large pool begin with different
// credits, so that light members do not all earn their turns in the same round.
void adopt_members(const Pick& pick, BalanceState& state) {
  std::vector<BalanceState::Entry> old = std::move(state.entries);
  const auto by_id = [](const BalanceState::Entry& left, const BalanceState::Entry& right) {
    return left.peer_id < right.peer_id;
  };
  std::sort(old.begin(), old.end(), by_id);
  int64_t spread = 0;
  if (pick.count() > kComparedMembersMax) {
    for (uint32_t i = 0; i < pick.count(); ++i) {
      spread = std::max(spread, static_cast<int64_t>(pick.configured_weight(i)) * 100);
    }
  }
  state.entries.clear();
  state.entries.reserve(pick.count());
  for (uint32_t i = 0; i < pick.count(); ++i) {
    // Multiples of the golden ratio (2^32 / 1.618) fall evenly into the range.
    const auto fraction = static_cast<int64_t>(i * 0x9e3779b9u);
    BalanceState::Entry entry{pick.peer(i).id(), (fraction * spread) >> 32};
    const auto found = std::lower_bound(old.begin(), old.end(), entry, by_id);
    if (found != old.end() && found->peer_id == entry.peer_id) entry.current_weight = found->current_weight;
    state.entries.push_back(entry);
  }
  state.cursor = pick.count();  // A new round.
}

// Smooth weighted round robin (the order nginx made known): everyone gains its weight, the largest takes
// the turn and pays the sum. Over any sum-of-weights turns each member gets its share, spread out.
// `is_tied(i)` limits the turn to some members.
template <typename IsTied>
uint32_t pick_smooth(const Pick& pick, BalanceState& state, IsTied is_tied) {
  if (!knows_members(pick, state)) adopt_members(pick, state);
  uint32_t best = kNone;
  int64_t sum = 0;
  for (uint32_t i = 0; i < pick.count(); ++i) {
    const auto weight = static_cast<int64_t>(is_tied(i) ? pick.weight(i) : 0);
    if (weight == 0) continue;
    sum += weight;
    state.entries[i].current_weight += weight;
    if (best == kNone || state.entries[i].current_weight > state.entries[best].current_weight) best = i;
  }
  if (best != kNone) state.entries[best].current_weight -= sum;
  return best;
}

// The price of a turn in the coming round: the largest weight, so that equal members each get one turn.
int64_t begin_round(const Pick& pick) {
  uint64_t price = 0;
  for (uint32_t i = 0; i < pick.count(); ++i) price = std::max(price, pick.weight(i));
  return static_cast<int64_t>(price);
}

// Rounds over a large pool: a visit earns the member its weight, a turn costs the largest weight. Equal
// weights are plain round robin. A visited entry that is not the member it should be means that the members
// changed. Constant work per pick, on average.
uint32_t pick_by_rounds(const Pick& pick, BalanceState& state) {
  const uint32_t count = pick.count();
  if (state.entries.size() != count) adopt_members(pick, state);
  // The heaviest member earns its turn within a round; when it fails in between, the next round's price is
  // another's. Should that one fail too, the first usable member takes the turn.
  for (uint32_t visits = 0; visits < 2 * count; ++visits) {
    if (state.cursor >= count) {
      state.turn_price = begin_round(pick);
      if (state.turn_price == 0) return kNone;
      state.cursor = 0;
    }
    const uint32_t member = state.cursor++;
    if (state.entries[member].peer_id != pick.peer(member).id()) {
      adopt_members(pick, state);
      continue;
    }
    const auto weight = static_cast<int64_t>(pick.weight(member));
    if (weight == 0) continue;
    int64_t& credit = state.entries[member].current_weight;
    credit = std::clamp<int64_t>(credit, 0, state.turn_price) + weight;
    if (credit < state.turn_price) continue;
    credit -= state.turn_price;
    return member;
  }
  return pick_first(pick);
}

uint32_t pick_round_robin(const Pick& pick, BalanceState& state) {
  if (pick.count() > kComparedMembersMax) return pick_by_rounds(pick, state);
  return pick_smooth(pick, state, [](uint32_t) { return true; });
}

// ---- load ----

// Whether left's load per weight is smaller (-1), equal (0) or larger (1). The stream to be placed counts,
// so that among idle members the heavier one comes first.
int compare_load(uint64_t left_in_flight, uint64_t left_weight, uint64_t right_in_flight,
                 uint64_t right_weight) {
  const auto left = static_cast<unsigned __int128>(left_in_flight + 1) * right_weight;
  const auto right = static_cast<unsigned __int128>(right_in_flight + 1) * left_weight;
  return left < right ? -1 : left > right ? 1 : 0;
}

// Smallest in_flight / weight; ties take turns by weight.
uint32_t pick_least_conn(const Pick& pick, BalanceState& state) {
  uint32_t best = kNone;
  uint64_t best_weight = 0;
  uint64_t best_in_flight = 0;
  uint32_t tied = 0;
  for (uint32_t i = 0; i < pick.count(); ++i) {
    const uint64_t weight = pick.weight(i);
    if (weight == 0) continue;
    const uint64_t in_flight = pick.in_flight(i);
    const int order = best == kNone ? -1 : compare_load(in_flight, weight, best_in_flight, best_weight);
    if (order > 0) continue;
    tied = order == 0 ? tied + 1 : 1;
    if (order == 0) continue;
    best = i;
    best_weight = weight;
    best_in_flight = in_flight;
  }
  if (tied <= 1) return best;
  return pick_smooth(pick, state, [&](uint32_t i) {
    const uint64_t weight = pick.weight(i);
    return weight != 0 && compare_load(pick.in_flight(i), weight, best_in_flight, best_weight) == 0;
  });
}

// The member at `ticket` in the sum of weights, leaving `excluded` out.
uint32_t draw(const Pick& pick, uint64_t ticket, uint32_t excluded) {
  uint32_t last = kNone;
  for (uint32_t i = 0; i < pick.count(); ++i) {
    const uint64_t weight = i == excluded ? 0 : pick.weight(i);
    if (weight == 0) continue;
    if (ticket < weight) return i;
    ticket -= weight;
    last = i;
  }
  return last;
}

// Power of two choices (Mitzenmacher 1996): of two members drawn by weight the one with less load.
uint32_t pick_random_two(const Pick& pick, Rng& rng) {
  uint64_t sum = 0;
  for (uint32_t i = 0; i < pick.count(); ++i) sum += pick.weight(i);
  if (sum == 0) return kNone;
  const uint32_t first = draw(pick, rng.below(sum), kNone);
  const uint64_t first_weight = pick.weight(first);
  if (first_weight == sum) return first;
  const uint32_t second = draw(pick, rng.below(sum - first_weight), first);
  return compare_load(pick.in_flight(second), pick.weight(second), pick.in_flight(first), first_weight) < 0
             ? second
             : first;
}

// ---- hashing ----

// Weighted rendezvous hashing (Schindelhauer, Schomaker 2005): every member scores the client by itself, so a
// member that leaves moves only its own clients, and they come back with it.
uint32_t pick_rendezvous(const Pick& pick, uint64_t key_hash) {
  uint32_t best = kNone;
  uint64_t best_hash = 0;
  uint64_t best_weight = 0;
  double best_score = 0;
  for (uint32_t i = 0; i < pick.count(); ++i) {
    const uint64_t weight = pick.weight(i);
    if (weight == 0) continue;
    const uint64_t hash = stable_hash(HashUse::client_address, key_hash, pick.peer(i).id());
    // Score: -weight / ln(u), u in (0, 1). Grows with u, so equal weights compare hashes and need no
    // logarithm.
    const auto score = [](uint64_t drawn, uint64_t of_weight) {
      const double u = (static_cast<double>(drawn >> 11) + 0.5) * 0x1p-53;
      return -static_cast<double>(of_weight) / std::log(u);
    };
    if (best != kNone) {
      if (weight == best_weight) {
        if (hash <= best_hash) continue;
        best_score = 0;
      } else {
        if (best_score == 0) best_score = score(best_hash, best_weight);
        const double challenger = score(hash, weight);
        if (challenger <= best_score) continue;
        best_score = challenger;
      }
    }
    best = i;
    best_hash = hash;
    best_weight = weight;
  }
  return best;
}

// The table's entry for the client; an unusable member sends it to the next entries, the same for as long
// as the member stays unusable. A member at p percent keeps p percent of its clients, always the same ones.
uint32_t pick_maglev(const Pick& pick, std::span<const uint16_t> table, uint64_t key_hash) {
  uint64_t entry = key_hash % table.size();
  for (uint32_t probe = 0; probe < kMaglevProbesMax; ++probe) {
    const uint32_t member = table[entry];
    if (member >= pick.count()) return kNone;  // Nobody has a weight.
    const uint32_t percent = pick.percent(member);
    if (percent >= 100) return member;
    if (percent != 0 &&
        stable_hash(HashUse::client_address, key_hash, pick.peer(member).id()) % 100 < percent) {
      return member;
    }
    entry = entry + 1 == table.size() ? 0 : entry + 1;
  }
  return pick_rendezvous(pick, key_hash);
}

}  // namespace

uint32_t pick_member(const Snapshot& snapshot, uint32_t pool, BalanceState& state, const MemberFacts& facts,
                     uint64_t key_hash, Rng& rng) {
  const Pick pick(snapshot, pool, facts);
  if (snapshot.pools()[pool].mode() == wire::PoolMode::failover || pick.count() <= 1) return pick_first(pick);
  switch (snapshot.pools()[pool].policy()) {
    case wire::BalancePolicy::round_robin:
      return pick_round_robin(pick, state);
    case wire::BalancePolicy::least_conn:
      return pick_least_conn(pick, state);
    case wire::BalancePolicy::ip_hash:
      return pick_rendezvous(pick, key_hash);
    case wire::BalancePolicy::random_two:
      return pick_random_two(pick, rng);
    case wire::BalancePolicy::maglev:
      return pick_maglev(pick, snapshot.maglev_table(pool), key_hash);
  }
  return kNone;
}

}  // namespace sluice::decide
