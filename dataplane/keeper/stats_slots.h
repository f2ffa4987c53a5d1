// Which slot of the stats page a listener or pool counts in. By stable id, for the life of the process: a
// listener that goes and comes back continues its counters. Slots are never given to another id (a counter
// would change its meaning under the reader); when all are taken, newcomers share slot 0, "other".
// Keeper thread.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <unordered_map>

#include "schemas/stats_page.h"

namespace sluice::dataplane {

class StatsSlots {
 public:
  // Slot 0 gets the name "other" and this id, which no stable hash is likely to have.
  static constexpr uint64_t kOtherId = UINT64_MAX;

  explicit StatsSlots(std::span<StatsSlotName> names);
  // The name is visible to readers before this returns.
  uint16_t slot_of(uint64_t id, std::string_view name);

 private:
  void write_name(uint16_t slot, uint64_t id, std::string_view name);

  std::span<StatsSlotName> names_;
  uint16_t next_ = 1;
  std::unordered_map<uint64_t, uint16_t> slots_;
};

}  // namespace sluice::dataplane
