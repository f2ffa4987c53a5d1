#include "dataplane/keeper/shelf_publisher.h"

#include <gtest/gtest.h>

#include <thread>

#include "tests/unit/decide/snapshot_builder.h"
#include "tests/unit/keeper/fake_workers.h"

namespace sluice::dataplane {
namespace {

using sluice::testing::FakeWorkers;
using sluice::testing::SnapshotBuilder;

// Bytes that outlive the snapshot: the publisher maps them in the product.
class ShelfPublisherTest : public ::testing::Test {
 protected:
  ShelfPublisherTest() {
    SnapshotBuilder builder;
    builder.add_listener("web", "127.0.0.1:8080");
    const uint32_t peer = builder.add_peer("127.0.0.1:9001");
    builder.add_rule("", {.route = builder.add_route("all", builder.add_pool("pool", {{peer, 1}}))});
    bytes_ = builder.finish();
  }
  ShelfPublisher::Candidate candidate(uint64_t number) {
    auto snapshot = decide::Snapshot::load(bytes_, {});
    EXPECT_TRUE(snapshot.has_value());
    return {.generation = {1, number},
            .hash = {number, number},
            .snapshot = std::move(*snapshot),
            .listener_stats_slots = {1},
            .pool_stats_slots = {1},
            .sockets = {{-1}}};
  }
  std::vector<std::byte> bytes_;
  Shelf shelf_;
};

TEST_F(ShelfPublisherTest, OrderOnlyGrows) {
  FakeWorkers workers(shelf_, 1);
  ShelfPublisher publisher(shelf_, 1, workers.waker());
  EXPECT_EQ(publisher.order_of({1, 0}, {}), OfferOrder::stale);
  EXPECT_EQ(publisher.order_of({1, 5}, {5, 5}), OfferOrder::newer);
  publisher.publish(candidate(5));
  EXPECT_EQ(publisher.order_of({1, 4}, {4, 4}), OfferOrder::stale);
  EXPECT_EQ(publisher.order_of({1, 5}, {5, 5}), OfferOrder::same);
  EXPECT_EQ(publisher.order_of({1, 5}, {6, 6}), OfferOrder::conflict);
  EXPECT_EQ(publisher.order_of({1, 6}, {5, 5}), OfferOrder::newer);
  EXPECT_EQ(publisher.order_of({0, 9}, {9, 9}), OfferOrder::stale);
  EXPECT_EQ(publisher.order_of({2, 1}, {1, 1}), OfferOrder::newer);
  workers.stop();
}

TEST_F(ShelfPublisherTest, WhatAnEarlierProcessServedIsAFloor) {
  FakeWorkers workers(shelf_, 1);
  ShelfPublisher publisher(shelf_, 1, workers.waker());
  publisher.set_floor({1, 7}, {7, 7});
  EXPECT_EQ(publisher.order_of({1, 6}, {6, 6}), OfferOrder::stale);
  EXPECT_EQ(publisher.order_of({1, 7}, {7, 7}), OfferOrder::newer);  // Not published here yet.
  EXPECT_EQ(publisher.order_of({1, 7}, {8, 8}), OfferOrder::conflict);
  EXPECT_EQ(publisher.order_of({1, 8}, {8, 8}), OfferOrder::newer);
  workers.stop();
}

TEST_F(ShelfPublisherTest, SixtyFourPinnedSnapshotsLeaveNoSlotUntilPinsAreReleased) {
  FakeWorkers workers(shelf_, 2, FakeWorkers::Pins::everything);
  ShelfPublisher publisher(shelf_, 2, workers.waker());
  for (uint64_t number = 1; number <= ShelfPublisher::kPinSlots; ++number) {
    ASSERT_TRUE(publisher.has_free_pin_slot()) << number;
    const uint64_t version = publisher.publish(candidate(number));
    while (!publisher.is_adopted(version)) std::this_thread::yield();
    EXPECT_EQ(publisher.free_retired(), 0u);
  }
  EXPECT_FALSE(publisher.has_free_pin_slot());
  EXPECT_EQ(publisher.retired_generations().size(), ShelfPublisher::kPinSlots - 1u);
  workers.release_pins();
  while (publisher.has_retired()) publisher.free_retired();
  EXPECT_TRUE(publisher.has_free_pin_slot());
  workers.stop();
}

// Two workers adopt and pin at random while the keeper's thread publishes and frees as fast as it can. Freed
// too early, a snapshot is read after its end: AddressSanitizer and ThreadSanitizer both see it.
TEST_F(ShelfPublisherTest, NothingIsFreedWhileAWorkerCanReachIt) {
  constexpr uint64_t kPublications = 3000;
  FakeWorkers workers(shelf_, 2, FakeWorkers::Pins::random);
  ShelfPublisher publisher(shelf_, 2, workers.waker());
  uint64_t freed = 0;
  uint64_t version = 0;
  for (uint64_t number = 1; number <= kPublications; ++number) {
    while (!publisher.has_free_pin_slot()) {
      publisher.wake_all();  // Streams end on a worker's turns.
      freed += publisher.free_retired();
    }
    version = publisher.publish(candidate(number));
    EXPECT_EQ(version, number);
    if (number % 3 == 0) freed += publisher.free_retired();
  }
  while (!publisher.is_adopted(version)) std::this_thread::yield();
  workers.release_pins();
  while (publisher.has_retired()) freed += publisher.free_retired();
  EXPECT_EQ(freed, kPublications - 1);
  EXPECT_GT(workers.adoptions(), 2u);
  workers.stop();
}

TEST_F(ShelfPublisherTest, AStalledWorkerKeepsEverythingItMayStillSee) {
  FakeWorkers workers(shelf_, 2);
  ShelfPublisher publisher(shelf_, 2, workers.waker());
  publisher.publish(candidate(1));
  while (!publisher.is_adopted(1)) std::this_thread::yield();
  workers.stall(true);
  publisher.publish(candidate(2));
  const uint64_t version = publisher.publish(candidate(3));
  EXPECT_FALSE(publisher.is_adopted(version));
  EXPECT_EQ(publisher.free_retired(), 0u);
  workers.stall(false);
  while (!publisher.is_adopted(version)) std::this_thread::yield();
  EXPECT_EQ(publisher.free_retired(), 2u);
  EXPECT_EQ(publisher.listeners_settled_by_all(), version);
  workers.stop();
}

TEST_F(ShelfPublisherTest, PlacementsHaveAnOrderOfTheirOwnAndAreFreedOnceReplaced) {
  FakeWorkers workers(shelf_, 2);
  ShelfPublisher publisher(shelf_, 2, workers.waker());
  EXPECT_EQ(publisher.placement_order_of({1, 1}, {}), OfferOrder::newer);
  uint64_t version = 0;
  for (uint64_t number = 1; number <= 100; ++number) {
    version = publisher.publish_placement({1, number}, {number, 0}, decide::Placement::empty());
  }
  EXPECT_EQ(publisher.placement_order_of({1, 100}, {100, 0}), OfferOrder::same);
  EXPECT_EQ(publisher.placement_order_of({1, 100}, {1, 0}), OfferOrder::conflict);
  EXPECT_EQ(publisher.placement_order_of({1, 99}, {99, 0}), OfferOrder::stale);
  while (!publisher.is_placement_adopted(version)) std::this_thread::yield();
  publisher.free_retired();
  EXPECT_FALSE(publisher.has_retired());
  EXPECT_EQ(publisher.placement(), (Generation{1, 100}));
  workers.stop();
}

}  // namespace
}  // namespace sluice::dataplane
