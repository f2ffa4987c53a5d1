// Puts snapshots and placements on the Shelf and takes the old ones away when no worker can reach them
// (dataplane/worker/published.h has the protocol). Owns every published object.
//
// 1. Order: (incarnation, number) only grows; it is checked in the call that swaps the pointer.
// 2. A pin slot belongs to one live snapshot; at most 64 live at once, then publish() is refused.
// 3. Nothing is freed before Shelf::may_free says so; the bytes are unmapped after the snapshot is gone.
// 4. Never waits: adoption and freeing are asked for by the keeper's timer.
// Keeper thread.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/keeper/mapped_bytes.h"
#include "dataplane/worker/published.h"
#include "schemas/control_frame.h"
#include "schemas/stable_hash.h"

namespace sluice::dataplane {

// How to make worker `index` look at the shelf.
struct WorkerWaker {
  void (*wake)(void* context, uint32_t index) = nullptr;
  void* context = nullptr;
};

// What an offer is against what is published.
enum class OfferOrder : uint8_t {
  newer,     // May be published.
  same,      // Equal generation and hash: published already.
  stale,     // Below what is published, or below what this data directory has served.
  conflict,  // Equal generation, other content: somebody numbers twice.
};

class ShelfPublisher {
 public:
  static constexpr uint32_t kPinSlots = 64;

  ShelfPublisher(Shelf& shelf, uint32_t worker_count, WorkerWaker waker);
  ~ShelfPublisher();  // Requires: the workers have ended.
  ShelfPublisher(const ShelfPublisher&) = delete;
  ShelfPublisher& operator=(const ShelfPublisher&) = delete;

  // Snapshots below this are stale although it is not published (S6 across restarts): what the process
  // before served last.
  void set_floor(const Generation& generation, const ContentHash& hash) {
    floor_ = generation;
    floor_hash_ = hash;
  }
  const Generation& floor() const { return floor_; }
  OfferOrder order_of(const Generation& generation, const ContentHash& hash) const;
  OfferOrder placement_order_of(const Generation& generation, const ContentHash& hash) const;

  bool has_free_pin_slot() const;
  // The version publish() will give: what listeners are retired under.
  uint64_t next_version() const { return next_version_; }

  struct Candidate {
    Generation generation;
    ContentHash hash;
    uint64_t revision = 0;
    MappedBytes bytes;
    std::unique_ptr<decide::Snapshot> snapshot;  // Reads `bytes`.
    std::vector<uint16_t> listener_stats_slots;
    std::vector<uint16_t> pool_stats_slots;
    std::vector<std::vector<int>> sockets;
  };
  // Requires: above applied() and a free pin slot. Below the floor only at boot, when the crash guard chose
  // an older snapshot. Returns the version the workers will report.
  uint64_t publish(Candidate candidate);
  uint64_t publish_placement(const Generation& generation, const ContentHash& hash,
                             std::unique_ptr<decide::Placement> placement);

  bool is_adopted(uint64_t version) const;
  bool is_placement_adopted(uint64_t version) const;
  uint64_t listeners_settled_by_all() const;
  void wake_all() const;

  // Frees what nobody can reach any more; returns how many objects went.
  uint32_t free_retired();
  bool has_retired() const { return !retired_.empty() || !retired_placements_.empty(); }
  std::vector<Generation> retired_generations() const;

  const Published* current() const { return current_ ? &current_->published : nullptr; }
  Generation applied() const;  // Number 0: nothing.
  ContentHash applied_hash() const { return current_ ? current_->hash : ContentHash{}; }
  uint64_t applied_revision() const { return current_ ? current_->revision : 0; }
  Generation placement() const;

 private:
  struct Held {
    MappedBytes bytes;  // Before the snapshot that reads it: destroyed after it.
    Published published;
    ContentHash hash;
    uint64_t revision = 0;
    uint64_t replaced_by = 0;  // Version; retired_ only.
  };
  struct HeldPlacement {
    PublishedPlacement published;
    ContentHash hash;
    uint64_t replaced_by = 0;
  };
  uint64_t live_pin_slots() const;

  Shelf& shelf_;
  const uint32_t worker_count_;
  const WorkerWaker waker_;
  Generation floor_;
  ContentHash floor_hash_;
  uint64_t next_version_ = 1;
  uint64_t next_placement_version_ = 1;
  std::unique_ptr<Held> current_;
  std::unique_ptr<HeldPlacement> current_placement_;
  std::vector<std::unique_ptr<Held>> retired_;
  std::vector<std::unique_ptr<HeldPlacement>> retired_placements_;
};

}  // namespace sluice::dataplane
