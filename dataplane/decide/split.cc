#include "dataplane/decide/split.h"

namespace sluice::decide {
namespace {

bool knows_parts(std::span<const wire::SplitPart> parts, std::span<const wire::Pool> pools,
                 const BalanceState& state) {
  if (state.entries.size() != parts.size()) return false;
  for (size_t i = 0; i < parts.size(); ++i) {
    if (state.entries[i].peer_id != pools[parts[i].pool()].id()) return false;
  }
  return true;
}

}  // namespace

uint32_t split_by_turn(std::span<const wire::SplitPart> parts, std::span<const wire::Pool> pools,
                       BalanceState& state) {
  if (!knows_parts(parts, pools, state)) {
    state.entries.clear();
    for (const wire::SplitPart& part : parts) state.entries.push_back({pools[part.pool()].id(), 0});
  }
  uint32_t best = kNone;
  int64_t sum = 0;
  for (uint32_t i = 0; i < parts.size(); ++i) {
    if (parts[i].weight() == 0) continue;
    sum += parts[i].weight();
    state.entries[i].current_weight += parts[i].weight();
    if (best == kNone || state.entries[i].current_weight > state.entries[best].current_weight) best = i;
  }
  state.entries[best].current_weight -= sum;
  return best;
}

uint32_t split_by_key(std::span<const wire::SplitPart> parts, uint64_t key_hash) {
  uint64_t sum = 0;
  for (const wire::SplitPart& part : parts) sum += part.weight();
  // 64 parts of 1,000,000 are below 2^26, times 2^32 fits.
  uint64_t ticket = ((key_hash >> 32) * sum) >> 32;
  for (uint32_t i = 0; i < parts.size(); ++i) {
    if (ticket < parts[i].weight()) return i;
    ticket -= parts[i].weight();
  }
  return kNone;
}

}  // namespace sluice::decide
