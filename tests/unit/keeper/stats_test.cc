#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <string>
#include <thread>

#include "dataplane/keeper/stats_memory.h"
#include "dataplane/keeper/stats_slots.h"

namespace sluice::dataplane {
namespace {

TEST(StatsMemory, TheDescriptorCanBeReadAndNothingElse) {
  auto memory = StatsMemory::create(2, 42);
  ASSERT_TRUE(memory.has_value()) << memory.error();
  const int descriptor = memory->descriptor();
  const auto bytes = static_cast<std::size_t>(stats_page_bytes(2));
  EXPECT_EQ(mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0), MAP_FAILED);
  EXPECT_LT(write(descriptor, "x", 1), 0);
  EXPECT_NE(ftruncate(descriptor, 0), 0);
  EXPECT_NE(fcntl(descriptor, F_ADD_SEALS, F_SEAL_WRITE), 0);

  void* start = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, descriptor, 0);
  ASSERT_NE(start, MAP_FAILED);
  const auto& page = *static_cast<const StatsPage*>(start);
  EXPECT_EQ(page.magic.load(std::memory_order_acquire), kStatsMagic);
  EXPECT_EQ(page.layout_version, kStatsLayoutVersion);
  EXPECT_EQ(page.worker_count, 2u);
  EXPECT_EQ(page.boot_id, 42u);
  memory->page().workers[1].streams_open.set(7);
  EXPECT_EQ(page.workers[1].streams_open.get(), 7u);
  munmap(start, bytes);
}

TEST(StatsSlots, AnIdKeepsItsSlotAndItsName) {
  StatsSlotName names[8] = {};
  StatsSlots slots(names);
  EXPECT_STREQ(names[0].name, "other");
  EXPECT_EQ(slots.slot_of(11, "web"), 1);
  EXPECT_EQ(slots.slot_of(12, "admin"), 2);
  EXPECT_EQ(slots.slot_of(11, "web"), 1);
  EXPECT_STREQ(names[1].name, "web");
  EXPECT_EQ(names[2].id.load(), 12u);
  EXPECT_EQ(names[3].id.load(), 0u);
}

TEST(StatsSlots, AFullTableSendsNewcomersToOther) {
  StatsSlotName names[3] = {};
  StatsSlots slots(names);
  EXPECT_EQ(slots.slot_of(1, "a"), 1);
  EXPECT_EQ(slots.slot_of(2, "b"), 2);
  EXPECT_EQ(slots.slot_of(3, "c"), 0);
  EXPECT_EQ(slots.slot_of(2, "b"), 2);
}

TEST(StatsSlots, ALongNameIsCutBetweenCharacters) {
  StatsSlotName names[2] = {};
  StatsSlots slots(names);
  slots.slot_of(1, std::string(54, 'x') + "\xc3\xa9\xc3\xa9");  // The first of them would straddle the end.
  EXPECT_EQ(std::string(names[1].name), std::string(54, 'x'));
}

// A worker counts while a reader sums and the keeper names slots: no lock anywhere, and no data race.
TEST(StatsPage, OneWriterAndReadersNeedNoLock) {
  auto memory = StatsMemory::create(1, 1);
  ASSERT_TRUE(memory.has_value());
  StatsPage& page = memory->page();
  constexpr uint64_t kRequests = 50'000;
  std::atomic<bool> finished{false};
  std::thread worker([&] {
    for (uint64_t i = 0; i < kRequests; ++i) {
      page.workers[0].listeners[1].requests.add(1);
      page.workers[0].listeners[1].latency.record(i % 100'000);
    }
    finished.store(true);
  });
  StatsSlots slots(page.listener_names);
  uint64_t last = 0;
  for (uint64_t id = 1; !finished.load(); ++id) {
    slots.slot_of(id, "listener");
    if (page.listener_names[1].id.load(std::memory_order_acquire) != 0) {
      EXPECT_STREQ(page.listener_names[1].name, "listener");
    }
    const uint64_t now = page.workers[0].listeners[1].requests.get();
    EXPECT_GE(now, last);
    last = now;
  }
  worker.join();
  EXPECT_EQ(page.workers[0].listeners[1].latency.count.get(), kRequests);
  uint64_t sum = 0;
  for (const auto& bucket : page.workers[0].listeners[1].latency.buckets) sum += bucket.load();
  EXPECT_EQ(sum, kRequests);
}

}  // namespace
}  // namespace sluice::dataplane
