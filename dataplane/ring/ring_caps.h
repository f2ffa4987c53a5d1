// What this kernel's io_uring can do. Probed once per process; RING_CAPS_MASK (environment: "6.1", "6.6",
// "6.10", "6.12", "6.18" or a hexadecimal mask) hides features so that tests run every fallback.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

namespace sluice::dataplane {

struct RingCaps {
  uint32_t bits = 0;

  static constexpr uint32_t kNoSqArray = 1u << 0;       // 6.6 (and liburing >= 2.5)
  static constexpr uint32_t kBundles = 1u << 1;         // 6.10
  static constexpr uint32_t kMinimumWait = 1u << 2;     // 6.12
  static constexpr uint32_t kNoIowait = 1u << 3;        // 6.15
  static constexpr uint32_t kReceiveBudget = 1u << 4;   // 6.17: multishot receive with a byte budget
  static constexpr uint32_t kVectorizedSend = 1u << 5;  // 6.17

  static constexpr RingCaps all() { return {~0u}; }
  constexpr bool has(uint32_t capability) const { return (bits & capability) != 0; }
};

// Error: what the text should have been.
std::expected<RingCaps, std::string> parse_caps_mask(std::string_view text);

// "no_iowait receive_budget ..." for `sluice -V` and the start-up line.
std::string describe(RingCaps caps);

}  // namespace sluice::dataplane
