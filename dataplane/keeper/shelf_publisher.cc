#include "dataplane/keeper/shelf_publisher.h"

#include <algorithm>
#include <bit>

#include "schemas/base/check.h"

namespace sluice::dataplane {
namespace {

OfferOrder compare(const Generation& offered, const ContentHash& offered_hash, const Generation& current,
                   const ContentHash& current_hash) {
  if (offered > current) return OfferOrder::newer;
  if (offered < current) return OfferOrder::stale;
  return offered_hash == current_hash ? OfferOrder::same : OfferOrder::conflict;
}

}  // namespace

ShelfPublisher::ShelfPublisher(Shelf& shelf, uint32_t worker_count, WorkerWaker waker)
    : shelf_(shelf), worker_count_(worker_count), waker_(waker) {
  CHECK(worker_count > 0 && worker_count <= Shelf::kWorkersMax);
}

ShelfPublisher::~ShelfPublisher() {
  shelf_.snapshot.store(nullptr, std::memory_order_release);
  shelf_.placement.store(nullptr, std::memory_order_release);
}

OfferOrder ShelfPublisher::order_of(const Generation& generation, const ContentHash& hash) const {
  if (generation.number == 0 || generation < floor_) return OfferOrder::stale;
  if (!current_)
    return generation == floor_ && hash != floor_hash_ ? OfferOrder::conflict : OfferOrder::newer;
  return compare(generation, hash, applied(), current_->hash);
}

OfferOrder ShelfPublisher::placement_order_of(const Generation& generation, const ContentHash& hash) const {
  if (generation.number == 0) return OfferOrder::stale;
  if (!current_placement_) return OfferOrder::newer;
  return compare(generation, hash, placement(), current_placement_->hash);
}

Generation ShelfPublisher::applied() const {
  return current_ ? Generation{current_->published.incarnation, current_->published.generation}
                  : Generation{};
}

Generation ShelfPublisher::placement() const {
  if (!current_placement_) return {};
  return {current_placement_->published.incarnation, current_placement_->published.generation};
}

uint64_t ShelfPublisher::live_pin_slots() const {
  uint64_t live = current_ ? 1ULL << current_->published.pin_slot : 0;
  for (const std::unique_ptr<Held>& held : retired_) live |= 1ULL << held->published.pin_slot;
  return live;
}

bool ShelfPublisher::has_free_pin_slot() const {
  return live_pin_slots() != UINT64_MAX;
}

uint64_t ShelfPublisher::publish(Candidate candidate) {
  CHECK(candidate.generation > applied());
  const uint64_t live = live_pin_slots();
  CHECK(live != UINT64_MAX);
  auto fresh = std::make_unique<Held>();
  fresh->bytes = std::move(candidate.bytes);
  fresh->hash = candidate.hash;
  fresh->revision = candidate.revision;
  fresh->published = {.version = next_version_++,
                      .pin_slot = static_cast<uint8_t>(std::countr_one(live)),
                      .incarnation = candidate.generation.incarnation,
                      .generation = candidate.generation.number,
                      .snapshot = std::move(candidate.snapshot),
                      .listener_stats_slots = std::move(candidate.listener_stats_slots),
                      .pool_stats_slots = std::move(candidate.pool_stats_slots),
                      .sockets = std::move(candidate.sockets)};
  const uint64_t version = fresh->published.version;
  // Release: a worker that sees the pointer sees everything behind it.
  shelf_.snapshot.store(&fresh->published, std::memory_order_release);
  if (current_) {
    current_->replaced_by = version;
    retired_.push_back(std::move(current_));
  }
  current_ = std::move(fresh);
  wake_all();
  return version;
}

uint64_t ShelfPublisher::publish_placement(const Generation& generation, const ContentHash& hash,
                                           std::unique_ptr<decide::Placement> placement) {
  CHECK(placement_order_of(generation, hash) == OfferOrder::newer);
  auto fresh = std::make_unique<HeldPlacement>();
  fresh->hash = hash;
  fresh->published = {.version = next_placement_version_++,
                      .incarnation = generation.incarnation,
                      .generation = generation.number,
                      .placement = std::move(placement)};
  const uint64_t version = fresh->published.version;
  shelf_.placement.store(&fresh->published, std::memory_order_release);
  if (current_placement_) {
    current_placement_->replaced_by = version;
    retired_placements_.push_back(std::move(current_placement_));
  }
  current_placement_ = std::move(fresh);
  wake_all();
  return version;
}

bool ShelfPublisher::is_adopted(uint64_t version) const {
  for (uint32_t i = 0; i < worker_count_; ++i) {
    if (shelf_.workers[i].snapshot_seen.load(std::memory_order_acquire) < version) return false;
  }
  return true;
}

bool ShelfPublisher::is_placement_adopted(uint64_t version) const {
  for (uint32_t i = 0; i < worker_count_; ++i) {
    if (shelf_.workers[i].placement_seen.load(std::memory_order_acquire) < version) return false;
  }
  return true;
}

uint64_t ShelfPublisher::listeners_settled_by_all() const {
  uint64_t settled = UINT64_MAX;
  for (uint32_t i = 0; i < worker_count_; ++i) {
    settled = std::min(settled, shelf_.workers[i].listeners_settled.load(std::memory_order_acquire));
  }
  return settled;
}

void ShelfPublisher::wake_all() const {
  for (uint32_t i = 0; i < worker_count_; ++i) waker_.wake(waker_.context, i);
}

uint32_t ShelfPublisher::free_retired() {
  const std::size_t before = retired_.size() + retired_placements_.size();
  std::erase_if(retired_, [&](const std::unique_ptr<Held>& held) {
    return shelf_.may_free(held->published, held->replaced_by, worker_count_);
  });
  // Streams never pin a placement: once every worker has seen the next one, nobody reads the old.
  std::erase_if(retired_placements_, [&](const std::unique_ptr<HeldPlacement>& held) {
    return is_placement_adopted(held->replaced_by);
  });
  return static_cast<uint32_t>(before - retired_.size() - retired_placements_.size());
}

std::vector<Generation> ShelfPublisher::retired_generations() const {
  std::vector<Generation> generations;
  for (const std::unique_ptr<Held>& held : retired_) {
    generations.push_back({held->published.incarnation, held->published.generation});
  }
  return generations;
}

}  // namespace sluice::dataplane
