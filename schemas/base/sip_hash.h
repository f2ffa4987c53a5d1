// SipHash-2-4 (Aumasson, Bernstein 2012): a keyed function of a message that nobody without the key can
// compute or predict. 64 bits to tell things apart, 128 bits to authenticate. Not for passwords, and not a
// hash without a key. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sluice {

struct SipKey {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const SipKey&) const = default;
};

struct SipTag {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const SipTag&) const = default;
};

uint64_t sip_hash(const SipKey& key, std::span<const std::byte> message);
SipTag sip_hash_128(const SipKey& key, std::span<const std::byte> message);

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return {reinterpret_cast<const std::byte*>(text.data()), text.size()};
}

// Takes as long whatever differs: for tags that a stranger may have guessed.
constexpr bool equal_in_constant_time(const SipTag& left, const SipTag& right) {
  return ((left.low ^ right.low) | (left.high ^ right.high)) == 0;
}

}  // namespace sluice
