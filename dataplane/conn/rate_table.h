// How fast requests come, by key, over all workers: token buckets as one number each, the theoretical arrival
// time (GCRA). A bucket whose time has passed is full, exactly as one that was never seen, so its place can
// be given to another key without forgetting anything. A fixed table, open addressing within one
// neighbourhood; when all eight places of one are in debt, the one with the least debt is reused: bounded
// memory, and the worst offenders stay known.
//
// Several workers may charge one key at once: each charge is one compare-and-swap, so that the limit holds
// over all of them. Any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "schemas/base/units.h"

namespace sluice::dataplane {

// `burst` requests at once, then one every `interval`.
struct Rate {
  Duration interval;
  uint32_t burst = 1;
};
constexpr Rate rate_of(uint32_t requests_per_minute, uint32_t burst) {
  return {Duration{Duration::seconds(60).nanoseconds / requests_per_minute}, burst};
}

class RateTable {
 public:
  RateTable();
  ~RateTable();
  RateTable(const RateTable&) = delete;
  RateTable& operator=(const RateTable&) = delete;

  // Charges one request to `key` (a hash, not 0). Zero: it may pass. Else how long until one could; a request
  // that is refused costs nothing.
  Duration charge(uint64_t key, const Rate& rate, Instant now);

  // Keys in debt at `now`; walks everything (tests).
  uint32_t in_debt(Instant now) const;
  static constexpr uint32_t kPlaces = 65'536;

 private:
  static constexpr Duration kClockSlack = Duration::seconds(1);
  static constexpr uint32_t kPlacesEach = 8;  // One neighbourhood: two cache lines.
  struct Place {
    std::atomic<uint64_t> key;     // 0: never used.
    std::atomic<int64_t> full_at;  // When the bucket will be full again: the theoretical arrival time.
  };

  Place* find(uint64_t key, Instant now);
  static void forgive(Place& place, int64_t debt_max, Instant now);

  Place* places_;  // Anonymous memory: 1 MiB of address space, touched where keys fall.
};

}  // namespace sluice::dataplane
