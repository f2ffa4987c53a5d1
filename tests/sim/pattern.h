// Bytes whose owner and place can be told from their value: every body and tunnel direction of a simulated
// run has a key, and byte i of key k is known without storing it. A swap between streams, a gap, a repeat
// or a stale buffer shows as the first wrong byte.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "schemas/base/rng.h"

namespace sluice::sim {

class Pattern {
 public:
  explicit Pattern(uint64_t key) : start_(static_cast<uint32_t>(Rng(key).below(kPeriod))) {}

  char at(uint64_t index) const { return table()[(start_ + index) % kPeriod]; }
  std::string make(uint64_t from, uint64_t count) const {
    std::string bytes(count, '\0');
    for (uint64_t i = 0; i < count; ++i) bytes[i] = at(from + i);
    return bytes;
  }
  // How many of `bytes` are right when the first is byte `from`.
  uint64_t matching(uint64_t from, std::string_view bytes) const {
    uint64_t count = 0;
    while (count < bytes.size() && bytes[count] == at(from + count)) ++count;
    return count;
  }

 private:
  static constexpr uint32_t kPeriod = 65521;  // Prime: no power-of-two shift maps it to itself.
  static const std::array<char, kPeriod>& table() {
    static const std::array<char, kPeriod> bytes = [] {
      std::array<char, kPeriod> filled;
      Rng rng(20260101);
      for (char& byte : filled) byte = static_cast<char>(rng.next());
      return filled;
    }();
    return bytes;
  }
  uint32_t start_;
};

}  // namespace sluice::sim
