#include "dataplane/conn/rate_table.h"

#include <sys/mman.h>

#include <algorithm>

#include "schemas/base/check.h"

namespace sluice::dataplane {

RateTable::RateTable() {
  void* memory = mmap(nullptr, sizeof(Place) * kPlaces, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(memory != MAP_FAILED);
  places_ = static_cast<Place*>(memory);  // Zero is every place's initial value.
}

RateTable::~RateTable() {
  munmap(places_, sizeof(Place) * kPlaces);
}

// The key's place, taking over the one with the least debt when it has none. The first place with the key
// counts, so that two workers that take one each at the same moment agree from then on.
RateTable::Place* RateTable::find(uint64_t key, Instant now) {
  Place* const first = &places_[key % (kPlaces / kPlacesEach) * kPlacesEach];
  for (;;) {
    Place* least = first;
    int64_t least_debt = INT64_MAX;
    for (Place* place = first; place != first + kPlacesEach; ++place) {
      if (place->key.load(std::memory_order_relaxed) == key) return place;
      const int64_t full_at = place->full_at.load(std::memory_order_relaxed);
      const int64_t debt = std::max<int64_t>(full_at - now.nanoseconds, 0);
      if (debt < least_debt) {
        least_debt = debt;
        least = place;
      }
    }
    uint64_t other = least->key.load(std::memory_order_relaxed);
    if (other == key || !least->key.compare_exchange_strong(other, key, std::memory_order_relaxed)) continue;
    if (least_debt > 0) least->full_at.store(0, std::memory_order_relaxed);
  }
}

// After a reload to a higher rate, a debt under the old one shrinks to the most the new one knows. Not at the
// first nanosecond above it: another worker's clock may be ahead of this one's by the length of a tick.
void RateTable::forgive(Place& place, int64_t debt_max, Instant now) {
  int64_t full_at = place.full_at.load(std::memory_order_relaxed);
  if (full_at - now.nanoseconds <= 2 * debt_max + kClockSlack.nanoseconds) return;
  place.full_at.compare_exchange_strong(full_at, now.nanoseconds + debt_max, std::memory_order_relaxed);
}

Duration RateTable::charge(uint64_t key, const Rate& rate, Instant now) {
  const int64_t interval = rate.interval.nanoseconds;
  const int64_t slack = interval * (rate.burst - 1);
  for (;;) {
    Place& place = *find(key, now);
    forgive(place, slack + interval, now);
    int64_t full_at = place.full_at.load(std::memory_order_relaxed);
    for (;;) {
      const int64_t begins = std::max(full_at, now.nanoseconds);
      if (begins - now.nanoseconds > slack) return {begins - now.nanoseconds - slack};
      if (place.full_at.compare_exchange_weak(full_at, begins + interval, std::memory_order_relaxed)) break;
    }
    // Another key took the place over between the two loads: it was charged, and this one was not.
    if (place.key.load(std::memory_order_relaxed) == key) return {};
  }
}

uint32_t RateTable::in_debt(Instant now) const {
  uint32_t count = 0;
  for (uint32_t i = 0; i < kPlaces; ++i) {
    count += places_[i].full_at.load(std::memory_order_relaxed) > now.nanoseconds;
  }
  return count;
}

}  // namespace sluice::dataplane
