// Which pool of a route's weighted split takes a request. Pure, as pick.h.
#pragma once

#include <span>

#include "dataplane/decide/pick.h"

namespace sluice::decide {

// By turns: smooth weighted round robin, exact over every run of sum-of-weights requests of one worker. The
// state is the caller's, one per route, keyed inside by the pools' stable ids. Returns a part's index.
// Requires: parts is not empty and one weight is above 0.
uint32_t split_by_turn(std::span<const wire::SplitPart> parts, std::span<const wire::Pool> pools,
                       BalanceState& state);

// By client: the key's place in the sum of weights, so that one client keeps its part and a changed weight
// moves only the share that changed. Needs no state: every gateway answers alike.
uint32_t split_by_key(std::span<const wire::SplitPart> parts, uint64_t key_hash);

}  // namespace sluice::decide
