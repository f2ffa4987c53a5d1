#include "dataplane/keeper/stats_slots.h"

#include <algorithm>

namespace sluice::dataplane {

StatsSlots::StatsSlots(std::span<StatsSlotName> names) : names_(names) {
  write_name(0, kOtherId, "other");
}

uint16_t StatsSlots::slot_of(uint64_t id, std::string_view name) {
  if (const auto known = slots_.find(id); known != slots_.end()) return known->second;
  if (next_ == names_.size()) return 0;
  const uint16_t slot = next_++;
  write_name(slot, id, name);
  slots_.emplace(id, slot);
  return slot;
}

// A name is written once, before its id says that it is there.
void StatsSlots::write_name(uint16_t slot, uint64_t id, std::string_view name) {
  StatsSlotName& entry = names_[slot];
  std::size_t length = std::min(name.size(), sizeof(entry.name) - 1);
  // Cut between characters, not inside one (UTF-8 continuation bytes are 10xxxxxx).
  while (length < name.size() && length > 0 && (static_cast<unsigned char>(name[length]) & 0xc0) == 0x80)
    --length;
  std::copy_n(name.data(), length, entry.name);
  entry.name[length] = '\0';
  entry.id.store(id, std::memory_order_release);
}

}  // namespace sluice::dataplane
