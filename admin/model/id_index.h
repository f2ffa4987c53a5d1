// Position of an object by its 64-bit id: open addressing, one allocation. Filling it with 100,000 routes
// takes about a millisecond, so that it is rebuilt where it is needed instead of being kept in a Config.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace sluice::admin {

class IdIndex {
 public:
  static constexpr uint32_t kNone = UINT32_MAX;

  // Requires: no more than `count` insertions follow.
  explicit IdIndex(size_t count) : slots_(std::bit_ceil(count * 2 + 2)), mask_(slots_.size() - 1) {}

  // kNone when the id is new; else the position it already has, which stays.
  uint32_t insert(uint64_t id, uint32_t position) {
    Slot& slot = slots_[find_slot(id)];
    if (slot.position != kNone) return slot.position;
    slot = {id, position};
    return kNone;
  }
  // A table of 100,000 is larger than the cache: who knows the next ids asks for them a few steps ahead.
  static constexpr uint32_t kPrefetchSteps = 16;
  void prefetch(uint64_t id) const { __builtin_prefetch(&slots_[id & mask_], 1); }

  uint32_t find(uint64_t id) const { return slots_[find_slot(id)].position; }

 private:
  struct Slot {
    uint64_t id = 0;
    uint32_t position = kNone;
  };
  // Ids are hashes already: their low bits are as good as any.
  size_t find_slot(uint64_t id) const {
    size_t slot = id & mask_;
    while (slots_[slot].position != kNone && slots_[slot].id != id) slot = (slot + 1) & mask_;
    return slot;
  }

  std::vector<Slot> slots_;
  size_t mask_;
};

}  // namespace sluice::admin
