#include "dataplane/decide/host_index.h"

#include <algorithm>
#include <cstring>

#include "schemas/stable_hash.h"

namespace sluice::decide {
namespace {

// Three slots for two hosts: 24 bytes each; a look-up touches 1.6 slots on average, four to a cache line.
uint64_t slots_for(uint64_t hosts) {
  return hosts + hosts / 2 + 1;
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
  if (!slots_.allocate(arrays.hosts.empty() ? 0 : slots_for(arrays.hosts.size()))) {
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
  if (host.rule_count() > kRuleCountMax) {
    return SnapshotError{"LIMIT", place("hosts", number, ".rule_count"),
                         "is above 16777215; split the host's routes"};
  }
  if (host.kind() == wire::HostKind::any) {
    if (has_any_) return twice();
    has_any_ = true;
    any_ = {host.first_rule(), host.rule_count()};
    return std::nullopt;
  }
  const std::string_view name = arrays.text(host.name());
  const uint64_t hash = stable_hash(HashUse::host_name, name);
  const auto tag = static_cast<uint32_t>(hash);
  uint64_t at = slot_of(hash, slots_.size());
  for (; slots_[at].name_length_and_rule_count != 0; at = at + 1 == slots_.size() ? 0 : at + 1) {
    const Slot& taken = slots_[at];
    const std::string_view taken_name(text_ + taken.name_offset, taken.name_length_and_rule_count & 0xff);
    if (taken.tag == tag && taken_name == name) return twice();
  }
  slots_[at] = {tag, host.name().offset(), host.first_rule(),
                static_cast<uint32_t>(name.size()) | host.rule_count() << 8};
  if (host.kind() == wire::HostKind::wildcard) {
    const auto dots = static_cast<uint64_t>(std::count(name.begin(), name.end(), '.'));
    wildcard_dots_ |= 1ULL << std::min<uint64_t>(dots, kDotsCounted);
  }
  return std::nullopt;
}

bool HostIndex::find(std::string_view folded_name, RuleRange& range) const {
  if (slots_.size() == 0) return false;
  const uint64_t hash = stable_hash(HashUse::host_name, folded_name);
  const auto tag = static_cast<uint32_t>(hash);
  for (uint64_t at = slot_of(hash, slots_.size());; at = at + 1 == slots_.size() ? 0 : at + 1) {
    const Slot& slot = slots_[at];
    const uint32_t packed = slot.name_length_and_rule_count;
    if (packed == 0) return false;
    if (slot.tag != tag || (packed & 0xff) != folded_name.size()) continue;
    if (std::memcmp(text_ + slot.name_offset, folded_name.data(), folded_name.size()) != 0) continue;
    range = {slot.first_rule, packed >> 8};
    return true;
  }
}

}  // namespace sluice::decide
