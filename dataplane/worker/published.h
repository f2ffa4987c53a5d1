// The hand-over between the keeper thread (one writer) and the workers (readers): the two RCU objects and
// the quiescent-state bookkeeping that says when an old one may be freed. Readers pay two acquire loads
// per tick and no shared write per request.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/conn/address_counts.h"
#include "dataplane/conn/rate_table.h"
#include "dataplane/decide/placement.h"
#include "dataplane/decide/snapshot.h"
#include "schemas/base/units.h"

namespace sluice::dataplane {

// A snapshot with everything the keeper resolved for it. Immutable once published.
struct Published {
  uint64_t version = 0;  // Grows by one with every publication in this process; 0 = nothing yet.
  uint8_t pin_slot = 0;  // 0..63, unique among published objects that are still alive.
  uint64_t incarnation = 0;
  uint64_t generation = 0;
  std::unique_ptr<decide::Snapshot> snapshot;
  std::vector<uint16_t> listener_stats_slots;  // [listener index] -> StatsPage slot
  std::vector<uint16_t> pool_stats_slots;      // [pool index] -> StatsPage slot
  // [listener index][worker index]: a bound, listening socket. Descriptors of a listener that stays are
  // the same in the next publication.
  std::vector<std::vector<int>> sockets;
};

struct PublishedPlacement {
  uint64_t version = 0;
  uint64_t incarnation = 0;
  uint64_t generation = 0;
  std::unique_ptr<decide::Placement> placement;
};

enum class Phase : uint8_t {
  serving,   // Normal work.
  draining,  // /_sluice/ready is 503, no new connections, keep-alive ends with the next answer.
  stopping,  // The drain deadline passed (or a second signal): close everything now.
};

// One per process. The keeper writes the pointers and the phase; each worker writes its own slot.
class Shelf {
 public:
  static constexpr uint32_t kWorkersMax = 256;

  // ---- read by workers, once per tick
  std::atomic<const Published*> snapshot{nullptr};            // Null until the first apply.
  std::atomic<const PublishedPlacement*> placement{nullptr};  // Null: everything usable.
  std::atomic<Phase> phase{Phase::serving};

  // ---- written by worker i only (release), read by the keeper (acquire)
  struct alignas(64) WorkerSlot {
    std::atomic<uint64_t> snapshot_seen{0};  // Version adopted; the worker keeps no plain pointer to older
                                             // ones except through pins.
    std::atomic<uint64_t> placement_seen{0};
    std::atomic<uint64_t> pinned{0};             // Bit pin_slot: streams of this worker still use it.
    std::atomic<uint64_t> listeners_settled{0};  // Version whose removed listeners have no accept in flight.
    std::atomic<bool> drained{false};            // draining or stopping: no connection left.
  };
  WorkerSlot workers[kWorkersMax];

  // ---- written by workers (atomics), read by workers
  AddressCounts address_counts;
  RateTable rates;
  std::atomic<uint32_t> client_connections{0};

  // True when no worker of `count` can still reach `old`, given that `fresh_version` replaced it.
  // (After snapshot_seen passes fresh_version a worker can only lose pins on `old`, never gain one.)
  bool may_free(const Published& old, uint64_t fresh_version, uint32_t count) const {
    for (uint32_t i = 0; i < count; ++i) {
      if (workers[i].snapshot_seen.load(std::memory_order_acquire) < fresh_version) return false;
      if ((workers[i].pinned.load(std::memory_order_acquire) >> old.pin_slot) & 1) return false;
    }
    return true;
  }
};

}  // namespace sluice::dataplane
