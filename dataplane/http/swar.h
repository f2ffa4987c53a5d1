// Eight bytes at a time in a plain register. The results are exact as "any byte?": a borrow can add false
// hits only above a true one. Pure.
#pragma once

#include <cstdint>
#include <cstring>

namespace sluice::dataplane {

inline constexpr uint64_t kByteOnes = 0x0101010101010101ULL;
inline constexpr uint64_t kByteHighs = kByteOnes * 0x80;

inline uint64_t load_word(const char* bytes) {
  uint64_t word;
  std::memcpy(&word, bytes, sizeof word);
  return word;
}

// Non-zero in the high bits when some byte is below `limit` (at most 0x80).
constexpr uint64_t any_below(uint64_t word, uint8_t limit) {
  return (word - kByteOnes * limit) & ~word & kByteHighs;
}

constexpr uint64_t any_equal(uint64_t word, uint8_t byte) {
  return any_below(word ^ (kByteOnes * byte), 1);
}

constexpr uint64_t any_above_ascii(uint64_t word) {
  return word & kByteHighs;
}

}  // namespace sluice::dataplane
