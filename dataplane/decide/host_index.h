// From a host name to its rules: one open-addressing table for exact and wildcard names (".example.com";
// no exact name begins with a dot). A slot carries all a look-up needs: the name, but for what is beyond 32
// bytes, and for the most common host, one with the single rule "everything goes there", also the route. A
// random look-up among a million hosts then waits for one place in memory, two cache lines side by side.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/decide/arrays.h"
#include "dataplane/decide/zeroed_array.h"

namespace sluice::decide {

// A host's rules in the snapshot, in match order.
struct RuleRange {
  uint32_t first = 0;
  uint32_t count = 0;
};

// What the index knows of a listed host.
struct HostEntry {
  RuleRange range;
  uint32_t only_route = kNone;  // Not kNone: the range is one rule that matches every request, to this route.
};

// A host as received, in lower case and without one trailing dot. Refuses (is_valid() false) what is longer
// than 255 bytes.
class FoldedHost {
 public:
  explicit FoldedHost(std::string_view received);
  bool is_valid() const { return is_valid_; }
  std::string_view name() const { return {bytes_, length_}; }

 private:
  static constexpr uint32_t kBytesMax = 255;
  alignas(8) char bytes_[kBytesMax + 1];
  uint32_t length_ = 0;
  bool is_valid_ = false;
};

class HostIndex {
 public:
  // Requires: check_structs passed. Refuses hosts listed twice.
  Problem build(const Arrays& arrays);

  // False when the host is not listed. The range stays the one of the snapshot.
  bool find(std::string_view folded_name, HostEntry& entry) const;

  // Calls `use(entry)` for the wildcards that cover the host, longest first, until it returns true.
  // Requires: the name does not begin with a dot (a wildcard stands for at least one label).
  template <typename Use>
  bool for_each_wildcard(std::string_view folded_name, Use use) const {
    if (wildcard_dots_ == 0) return false;
    uint32_t dots = 0;
    for (const char c : folded_name) dots += c == '.';
    HostEntry entry;
    for (size_t at = 0; at < folded_name.size(); ++at) {
      if (folded_name[at] != '.') continue;
      const uint64_t bit = 1ULL << (dots < kDotsCounted ? dots : kDotsCounted);
      --dots;
      if ((wildcard_dots_ & bit) == 0) continue;
      if (find(folded_name.substr(at), entry) && use(entry)) return true;
    }
    return false;
  }

  bool has_any() const { return has_any_; }
  RuleRange any() const { return any_; }
  uint64_t bytes() const { return slots_.bytes(); }

 private:
  static constexpr uint32_t kDotsCounted = 63;
  static constexpr uint32_t kNameHeadBytes = 32;
  struct Slot {
    uint32_t tag;
    uint32_t name_offset;
    uint32_t first_rule;
    uint32_t packed;  // 8 bits of name length (0: the slot is free), kOnlyRoute, 23 bits of count or route.
    char name_head[kNameHeadBytes];
  };
  static constexpr uint32_t kOnlyRoute = 1u << 8;  // The 23 bits are the route; the count is 1.
  static constexpr uint32_t kNumberShift = 9;
  static constexpr uint32_t kNumberMax = (1u << 23) - 1;

  Problem insert(const Arrays& arrays, uint32_t number);
  bool holds(const Slot& slot, uint32_t tag, std::string_view name) const;
  // The slot of that name; null: not there, and `free_slot` is where it would go.
  const Slot* locate(uint64_t hash, std::string_view name, uint64_t& free_slot) const;

  const char* text_ = nullptr;
  ZeroedArray<Slot> slots_;
  uint64_t wildcard_dots_ = 0;  // Bit n: some wildcard has n dots (bit 63: 63 or more).
  RuleRange any_;
  bool has_any_ = false;
};

}  // namespace sluice::decide
