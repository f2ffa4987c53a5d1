#include "dataplane/decide/host_index.h"

#include <algorithm>
#include <cstring>

#include "schemas/stable_hash.h"

namespace sluice::decide {
namespace {

// "/" as a prefix covers every path, and there is no condition to look at.
bool matches_everything(const wire::Rule& rule) {
  return rule.path_kind() == wire::PathKind::prefix && rule.path().length() == 1 && rule.condition() == kNone;
}

// Seven slots for five hosts: 67 bytes each; a look-up touches 2.3 slots on average.
uint64_t slots_for(uint64_t hosts) {
  return hosts == 0 ? 0 : hosts + hosts * 2 / 5 + 1;
}

uint64_t slot_of(uint64_t hash, uint64_t slots) {
  return ((hash >> 32) * slots) >> 32;
}

// Lower case for eight ASCII bytes at once; other bytes stay.
uint64_t to_lower(uint64_t bytes) {
  constexpr uint64_t kOnes = 0x0101010101010101ULL;
  const uint64_t low_seven = bytes & (0x7f * kOnes);
  const uint64_t above_z = low_seven + (0x7f - 'Z') * kOnes;  // High bit: byte > 'Z'.
  const uint64_t from_a = low_seven + (0x80 - 'A') * kOnes;   // High bit: byte >= 'A'.
  const uint64_t is_upper = from_a & ~above_z & ~bytes & (0x80 * kOnes);
  return bytes | (is_upper >> 2);  // 0x80 >> 2 is the case bit.
}

}  // namespace

FoldedHost::FoldedHost(std::string_view received) {
  if (!received.empty() && received.back() == '.') received.remove_suffix(1);
  if (received.size() > kBytesMax) return;
  is_valid_ = true;
  length_ = static_cast<uint32_t>(received.size());
  if (length_ == 0) return;
  const uint32_t words = (length_ + 7) / 8;
  std::memset(bytes_ + (words - 1) * 8, 0, 8);
  std::memcpy(bytes_, received.data(), length_);
  for (uint32_t i = 0; i < words; ++i) {
    uint64_t word;
    std::memcpy(&word, bytes_ + i * 8, 8);
    word = to_lower(word);
    std::memcpy(bytes_ + i * 8, &word, 8);
  }
}

Problem HostIndex::build(const Arrays& arrays) {
  text_ = arrays.text_blob.data();
  if (!slots_.allocate(slots_for(arrays.hosts.size()))) {
    return SnapshotError{"LIMIT", "hosts",
                         "there is not enough memory for the host index; free some or serve fewer hosts"};
  }
  for (uint32_t i = 0; i < arrays.hosts.size(); ++i) {
    if (Problem problem = insert(arrays, i)) return problem;
  }
  return std::nullopt;
}

Problem HostIndex::insert(const Arrays& arrays, uint32_t number) {
  const wire::Host& host = arrays.hosts[number];
  const auto twice = [number] {
    return SnapshotError{"BAD_VALUE", place("hosts", number, ".name"),
                         "is listed twice; put all rules of a host into one entry"};
  };
  if (host.rule_count() > kNumberMax) {
    return SnapshotError{"LIMIT", place("hosts", number, ".rule_count"),
                         "is above 8388607; split the host's routes"};
  }
  if (host.kind() == wire::HostKind::any) {
    if (has_any_) return twice();
    has_any_ = true;
    any_ = {host.first_rule(), host.rule_count()};
    return std::nullopt;
  }
  const std::string_view name = arrays.text(host.name());
  const uint64_t hash = stable_hash(HashUse::host_name, name);
  uint64_t at = 0;
  if (locate(hash, name, at) != nullptr) return twice();
  uint32_t packed = static_cast<uint32_t>(name.size()) | host.rule_count() << kNumberShift;
  if (host.rule_count() == 1) {
    const wire::Rule& rule = arrays.rules[host.first_rule()];
    if (matches_everything(rule) && rule.route() <= kNumberMax) {
      packed = static_cast<uint32_t>(name.size()) | kOnlyRoute | rule.route() << kNumberShift;
    }
  }
  slots_[at] = {static_cast<uint32_t>(hash), host.name().offset(), host.first_rule(), packed, {}};
  name.copy(slots_[at].name_head, kNameHeadBytes);
  if (host.kind() == wire::HostKind::wildcard) {
    const auto dots = static_cast<uint64_t>(std::count(name.begin(), name.end(), '.'));
    wildcard_dots_ |= 1ULL << std::min<uint64_t>(dots, kDotsCounted);
  }
  return std::nullopt;
}

bool HostIndex::holds(const Slot& slot, uint32_t tag, std::string_view name) const {
  if (slot.tag != tag || (slot.packed & 0xff) != name.size()) return false;
  if (name.size() <= kNameHeadBytes) return std::memcmp(slot.name_head, name.data(), name.size()) == 0;
  return std::memcmp(slot.name_head, name.data(), kNameHeadBytes) == 0 &&
         std::memcmp(text_ + slot.name_offset + kNameHeadBytes, name.data() + kNameHeadBytes,
                     name.size() - kNameHeadBytes) == 0;
}

const HostIndex::Slot* HostIndex::locate(uint64_t hash, std::string_view name, uint64_t& free_slot) const {
  const auto tag = static_cast<uint32_t>(hash);
  uint64_t at = slot_of(hash, slots_.size());
  // Slots are 48 bytes: the end of the name or the next slot is on the next line, which need not wait.
  __builtin_prefetch(reinterpret_cast<const char*>(&slots_[at]) + 64);
  for (; slots_[at].packed != 0; at = at + 1 == slots_.size() ? 0 : at + 1) {
    if (holds(slots_[at], tag, name)) return &slots_[at];
  }
  free_slot = at;
  return nullptr;
}

bool HostIndex::find(std::string_view folded_name, HostEntry& entry) const {
  if (slots_.size() == 0) return false;
  uint64_t free_slot = 0;
  const Slot* slot = locate(stable_hash(HashUse::host_name, folded_name), folded_name, free_slot);
  if (slot == nullptr) return false;
  const uint32_t number = slot->packed >> kNumberShift;
  const bool has_only_route = (slot->packed & kOnlyRoute) != 0;
  entry.range = {slot->first_rule, has_only_route ? 1 : number};
  entry.only_route = has_only_route ? number : kNone;
  return true;
}

}  // namespace sluice::decide
