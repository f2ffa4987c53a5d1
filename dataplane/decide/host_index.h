// From a host name to its rules: one open-addressing table for exact and wildcard names (".example.com";
// no exact name begins with a dot). A slot carries all a look-up needs, so a random look-up among a
// million hosts waits for two cache lines one after the other: the slot, then name and rule side by side.
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

  // Null when the host is not listed. The range stays the one of the snapshot.
  bool find(std::string_view folded_name, RuleRange& range) const;

  // Calls `use(range)` for the wildcards that cover the host, longest first, until it returns true.
  // Requires: the name does not begin with a dot (a wildcard stands for at least one label).
  template <typename Use>
  bool for_each_wildcard(std::string_view folded_name, Use use) const {
    if (wildcard_dots_ == 0) return false;
    uint32_t dots = 0;
    for (const char c : folded_name) dots += c == '.';
    RuleRange range;
    for (size_t at = 0; at < folded_name.size(); ++at) {
      if (folded_name[at] != '.') continue;
      const uint64_t bit = 1ULL << (dots < kDotsCounted ? dots : kDotsCounted);
      --dots;
      if ((wildcard_dots_ & bit) == 0) continue;
      if (find(folded_name.substr(at), range) && use(range)) return true;
    }
    return false;
  }

  bool has_any() const { return has_any_; }
  RuleRange any() const { return any_; }
  uint64_t bytes() const { return slots_.bytes(); }

 private:
  static constexpr uint32_t kDotsCounted = 63;
  struct Slot {
    uint32_t tag;
    uint32_t name_offset;
    uint32_t first_rule;
    uint32_t name_length_and_rule_count;  // Length in the low 8 bits; 0: the slot is free.
  };
  static constexpr uint32_t kRuleCountMax = (1u << 24) - 1;

  Problem insert(const Arrays& arrays, uint32_t number);

  const char* text_ = nullptr;
  ZeroedArray<Slot> slots_;
  uint64_t wildcard_dots_ = 0;  // Bit n: some wildcard has n dots (bit 63: 63 or more).
  RuleRange any_;
  bool has_any_ = false;
};

}  // namespace sluice::decide
