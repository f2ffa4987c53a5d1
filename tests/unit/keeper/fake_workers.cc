#include "tests/unit/keeper/fake_workers.h"

#include <gtest/gtest.h>

#include "schemas/base/rng.h"

namespace sluice::testing {

using dataplane::Phase;
using dataplane::Published;
using dataplane::PublishedPlacement;
using dataplane::Shelf;

FakeWorkers::FakeWorkers(Shelf& shelf, uint32_t count, Pins pins) : shelf_(shelf), pins_(pins) {
  for (uint32_t i = 0; i < count; ++i) members_.push_back(std::make_unique<Member>());
  for (uint32_t i = 0; i < count; ++i) members_[i]->thread = std::thread([this, i] { run(i); });
}

FakeWorkers::~FakeWorkers() {
  stop();
}

void FakeWorkers::wake(void* context, uint32_t index) {
  Member& member = *static_cast<FakeWorkers*>(context)->members_[index];
  member.wakes.fetch_add(1);
  member.wakes.notify_one();
}

void FakeWorkers::wake_all() {
  for (uint32_t i = 0; i < members_.size(); ++i) wake(this, i);
}

void FakeWorkers::release_pins() {
  releases_.fetch_add(1);
  wake_all();
}

void FakeWorkers::stall(bool stalled) {
  stalled_.store(stalled);
  wake_all();
}

void FakeWorkers::stop() {
  stopping_.store(true);
  wake_all();
  for (auto& member : members_) {
    if (member->thread.joinable()) member->thread.join();
  }
}

void FakeWorkers::run(uint32_t index) {
  Shelf::WorkerSlot& slot = shelf_.workers[index];
  Rng rng(index + 1);
  std::vector<const Published*> pinned;
  const Published* current = nullptr;
  uint32_t releases_seen = 0;
  uint32_t wakes_seen = 0;
  while (true) {
    if (stopping_.load()) return;
    if (!stalled_.load()) {
      const Published* published = shelf_.snapshot.load(std::memory_order_acquire);
      const bool is_new = published != nullptr && published != current;
      // Streams that end: each reads the snapshot it began with, then lets go.
      const bool releases = releases_.load() != releases_seen;
      releases_seen = releases_.load();
      std::erase_if(pinned, [&](const Published* old) {
        EXPECT_EQ(old->snapshot->listeners().size(), old->sockets.size());
        return releases || (pins_.load() == Pins::random && rng.chance(1, 3));
      });
      if (is_new) {
        // A stream that begins under the new snapshot.
        const bool pins =
            pins_.load() == Pins::everything || (pins_.load() == Pins::random && rng.chance(1, 2));
        if (pins) pinned.push_back(published);
        current = published;
        adoptions_.fetch_add(1);
      }
      uint64_t mask = 0;
      for (const Published* old : pinned) mask |= 1ULL << old->pin_slot;
      slot.pinned.store(mask, std::memory_order_release);
      if (is_new) {
        slot.snapshot_seen.store(published->version, std::memory_order_release);
        slot.listeners_settled.store(published->version, std::memory_order_release);
      }
      if (const PublishedPlacement* placement = shelf_.placement.load(std::memory_order_acquire)) {
        EXPECT_NE(placement->placement, nullptr);
        slot.placement_seen.store(placement->version, std::memory_order_release);
      }
      if (shelf_.phase.load(std::memory_order_acquire) != Phase::serving && pinned.empty()) {
        slot.drained.store(true, std::memory_order_release);
        return;
      }
    }
    members_[index]->wakes.wait(wakes_seen);
    wakes_seen = members_[index]->wakes.load();
  }
}

}  // namespace sluice::testing
