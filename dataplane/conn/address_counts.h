// How many connections each client address has open, over all workers (limits.connections_per_ip). A fixed
// table of atomics, open addressing within one neighbourhood; IPv6 clients count by their /64. When a
// neighbourhood is full the address is not counted: the limit fails open rather than refusing strangers.
// Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>

#include "schemas/ip_address.h"
#include "schemas/stable_hash.h"

namespace sluice::dataplane {

// Under what clients are counted: IPv4 by address, IPv6 by /64, which is what one customer line usually has.
// Never 0, neither the whole nor the part that AddressCounts keeps.
inline uint64_t address_key(const IpAddress& address) {
  uint64_t bits = 0;
  std::memcpy(&bits, address.bytes.data(), sizeof(bits));
  const uint64_t key = stable_hash(HashUse::client_address, bits, address.family);
  return key >> 24 == 0 ? 1ULL << 24 : key;
}

class AddressCounts {
 public:
  // `key`: a hash of the address, not 0. Returns how many are open now, this one included; 0 when it could
  // not be counted (then do not call leave()).
  uint32_t enter(uint64_t key) {
    const uint64_t tag = key & kTagMask;
    for (int attempt = 0; attempt < 2; ++attempt) {
      std::atomic<uint64_t>* vacant = nullptr;
      for (std::atomic<uint64_t>& slot : neighbourhood(key)) {
        uint64_t value = slot.load(std::memory_order_relaxed);
        while (value != 0 && (value & kTagMask) == tag) {
          if (slot.compare_exchange_weak(value, value + 1, std::memory_order_relaxed)) {
            return static_cast<uint32_t>((value & kCountMask) + 1);
          }
        }
        if (value == 0 && vacant == nullptr) vacant = &slot;
      }
      uint64_t expected = 0;
      if (vacant == nullptr) return 0;
      if (vacant->compare_exchange_strong(expected, tag | 1, std::memory_order_relaxed)) return 1;
    }
    return 0;  // Somebody else took the place twice in a row.
  }

  void leave(uint64_t key) {
    const uint64_t tag = key & kTagMask;
    for (std::atomic<uint64_t>& slot : neighbourhood(key)) {
      uint64_t value = slot.load(std::memory_order_relaxed);
      while (value != 0 && (value & kTagMask) == tag) {
        const uint64_t left = (value & kCountMask) == 1 ? 0 : value - 1;
        if (slot.compare_exchange_weak(value, left, std::memory_order_relaxed)) return;
      }
    }
  }

 private:
  static constexpr uint64_t kCountMask = (1ULL << 24) - 1;
  static constexpr uint64_t kTagMask = ~kCountMask;
  static constexpr uint32_t kNeighbourhoods = 4096;
  using Neighbourhood = std::atomic<uint64_t>[16];  // Two cache lines.

  Neighbourhood& neighbourhood(uint64_t key) { return slots_[key % kNeighbourhoods]; }

  alignas(128) Neighbourhood slots_[kNeighbourhoods] = {};
};

}  // namespace sluice::dataplane
