// The pool against invariant D4 (free + held + lent = total), by example and against a model with seeds.
#include "dataplane/mem/buffer_pool.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <vector>

#include "dataplane/mem/poison.h"
#include "schemas/base/rng.h"

namespace sluice::dataplane {
namespace {

constexpr BufferPoolSizes kFewBuffers{.count = {4, 3, 2, 2}};

TEST(BufferPool, TakesFromTheSmallestClassThatHoldsTheBytes) {
  BufferPool pool(kFewBuffers);
  const std::size_t wanted[] = {0, 1, 1024, 1025, 4096, 4097, 16384, 16385, 65536};
  const std::size_t expected[] = {1024, 1024, 1024, 4096, 4096, 16384, 16384, 65536, 65536};
  for (std::size_t i = 0; i < std::size(wanted); ++i) {
    const BufferId id = pool.take(wanted[i]);
    ASSERT_NE(id, kNoBuffer);
    EXPECT_EQ(pool.bytes(id).size(), expected[i]) << wanted[i];
    EXPECT_EQ(pool.references(id), 1u);
    pool.release(id);
  }
  pool.check_invariants();
}

TEST(BufferPool, RefusesMoreThanTheLargestClass) {
  BufferPool pool(kFewBuffers);
  EXPECT_EQ(pool.take(65537), kNoBuffer);
}

TEST(BufferPool, FallsBackToLargerClassesAndThenRefuses) {
  BufferPool pool(kFewBuffers);
  std::vector<BufferId> taken;
  std::vector<std::size_t> sizes;
  for (BufferId id; (id = pool.take(100)) != kNoBuffer;) {
    taken.push_back(id);
    sizes.push_back(pool.bytes(id).size());
    pool.check_invariants();
  }
  EXPECT_EQ(sizes,
            (std::vector<std::size_t>{1024, 1024, 1024, 1024, 4096, 4096, 4096, 16384, 16384, 65536, 65536}));
  EXPECT_EQ(pool.lend(), kNoBuffer);
  EXPECT_EQ(pool.held_bytes(), 4u * 1024 + 3 * 4096 + 2 * 16384 + 2 * 65536);
  for (BufferId id : taken) pool.release(id);
  EXPECT_EQ(pool.held_bytes(), 0u);
  pool.check_invariants();
}

TEST(BufferPool, HandsOutTheBufferThatCameBackLast) {
  BufferPool pool(kFewBuffers);
  const BufferId first = pool.take(1);
  const BufferId second = pool.take(1);
  pool.release(second);
  pool.release(first);
  EXPECT_EQ(pool.take(1), first);
  EXPECT_EQ(pool.take(1), second);
  pool.release(first);
  pool.release(second);
}

TEST(BufferPool, IsHeldUntilTheLastReferenceGoes) {
  BufferPool pool(kFewBuffers);
  const BufferId id = pool.take(1);
  pool.add_reference(id);
  EXPECT_EQ(pool.references(id), 2u);
  pool.release(id);
  EXPECT_EQ(pool.held_count(SizeClass::k1KiB), 1u);
  pool.release(id);
  EXPECT_EQ(pool.held_count(SizeClass::k1KiB), 0u);
  EXPECT_EQ(pool.references(id), 0u);
}

TEST(BufferPool, LendsOnlyTheLargestClassAndTakesBackWithOneReference) {
  BufferPool pool(kFewBuffers);
  const BufferId used = pool.lend();
  const BufferId unused = pool.lend();
  ASSERT_NE(used, kNoBuffer);
  EXPECT_EQ(pool.lend(), kNoBuffer);
  EXPECT_EQ(pool.lent_count(), 2u);
  EXPECT_EQ(pool.references(used), 0u);
  EXPECT_EQ(pool.take(65536), kNoBuffer);
  pool.take_back(used);
  EXPECT_EQ(pool.references(used), 1u);
  EXPECT_EQ(pool.bytes(used).size(), 65536u);
  pool.return_unused(unused);
  EXPECT_EQ(pool.lent_count(), 0u);
  pool.check_invariants();
  pool.release(used);
  EXPECT_EQ(pool.free_count(SizeClass::k64KiB), 2u);
}

TEST(BufferPool, ReservesWithoutMakingMemoryResident) {
  const auto resident_pages = [] {
    long total = 0, resident = 0;
    std::FILE* file = std::fopen("/proc/self/statm", "r");
    EXPECT_EQ(std::fscanf(file, "%ld %ld", &total, &resident), 2);
    std::fclose(file);
    return resident;
  };
#ifdef SLUICE_ADDRESS_SANITIZER
  GTEST_SKIP() << "poisoning writes the shadow of every reserved byte";
#endif
  const long before = resident_pages();
  BufferPool pool{BufferPoolSizes{}};
  const BufferId id = pool.take(65536);
  std::memset(pool.bytes(id).data(), 1, 65536);
  EXPECT_LT((resident_pages() - before) * sysconf(_SC_PAGESIZE), 256 * 1024);  // Of 448 MiB.
  pool.release(id);
}

TEST(BufferPoolDeathTest, CatchesWhatWouldCorruptIt) {
  BufferPool pool(kFewBuffers);
  const BufferId held = pool.take(1);
  const BufferId lent = pool.lend();
  EXPECT_DEATH(pool.take_back(held), "CHECK failed");
  EXPECT_DEATH(pool.release(lent), "CHECK failed");
  EXPECT_DEATH(pool.add_reference(lent), "CHECK failed");
  EXPECT_DEATH((pool.release(held), pool.release(held)), "CHECK failed");
  EXPECT_DEATH(pool.bytes(held + 1), "CHECK failed");  // Never handed out.
  EXPECT_DEATH(pool.references(kNoBuffer), "CHECK failed");
  EXPECT_DEATH(BufferPool(kFewBuffers).take(1), "CHECK failed: pool.held == 0");
  pool.release(held);
  pool.return_unused(lent);
}

#ifdef SLUICE_ADDRESS_SANITIZER
TEST(BufferPoolDeathTest, FreeAndLentBuffersAreOutOfBounds) {
  BufferPool pool(kFewBuffers);
  const BufferId id = pool.take(1);
  std::byte* data = pool.bytes(id).data();
  data[1023] = std::byte{1};
  pool.release(id);
  EXPECT_DEATH(data[1023] = std::byte{2}, "use-after-poison");
  const BufferId lent = pool.lend();
  std::byte* received = pool.bytes(lent).data();
  EXPECT_DEATH(received[0] = std::byte{2}, "use-after-poison");
  pool.take_back(lent);
  received[0] = std::byte{2};
  pool.release(lent);
  EXPECT_DEATH(received[0] = std::byte{2}, "use-after-poison");
}
#endif

// Random calls against counts kept by hand; every held buffer carries its own pattern, so that handing
// one out twice shows as a torn pattern.
void run_against_model(uint64_t seed) {
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  Rng rng(seed);
  BufferPool pool(kFewBuffers);
  std::vector<std::pair<BufferId, uint8_t>> held;  // One entry per reference.
  std::vector<BufferId> lent;
  const auto hold = [&](BufferId id) {
    const auto pattern = static_cast<uint8_t>(rng.next());
    std::memset(pool.bytes(id).data(), pattern, pool.bytes(id).size());
    held.emplace_back(id, pattern);
  };
  const auto pick = [&](auto& from) { return from.begin() + static_cast<long>(rng.below(from.size())); };
  for (int step = 0; step < 2000; ++step) {
    const uint64_t action = rng.below(6);
    if (action == 0) {
      const BufferId id = pool.take(rng.below(65537));
      if (id != kNoBuffer) hold(id);
    } else if (action == 1 && !held.empty()) {
      held.push_back(*pick(held));
      pool.add_reference(held.back().first);
    } else if (action == 2 && !held.empty()) {
      const auto chosen = pick(held);
      const std::span<std::byte> bytes = pool.bytes(chosen->first);
      EXPECT_EQ(bytes.front(), std::byte{chosen->second});
      EXPECT_EQ(bytes.back(), std::byte{chosen->second});
      pool.release(chosen->first);
      held.erase(chosen);
    } else if (action == 3) {
      const BufferId id = pool.lend();
      if (id != kNoBuffer) {
        lent.push_back(id);
      } else {
        EXPECT_EQ(pool.free_count(SizeClass::k64KiB), 0u);
      }
    } else if (action >= 4 && !lent.empty()) {
      const auto chosen = pick(lent);
      if (action == 4) {
        pool.take_back(*chosen);
        hold(*chosen);
      } else {
        pool.return_unused(*chosen);
      }
      lent.erase(chosen);
    }
    pool.check_invariants();
    ASSERT_EQ(pool.lent_count(), lent.size());
    for (const auto& [id, pattern] : held) {
      ASSERT_EQ(pool.references(id), static_cast<uint32_t>(std::count_if(
                                         held.begin(), held.end(), [&](auto& h) { return h.first == id; })));
    }
  }
  for (const auto& [id, pattern] : held) pool.release(id);
  for (BufferId id : lent) pool.return_unused(id);
  for (uint32_t i = 0; i < kSizeClassCount; ++i) {
    EXPECT_EQ(pool.free_count(static_cast<SizeClass>(i)), kFewBuffers.count[i]);
  }
}

TEST(BufferPool, AgreesWithAModelForManySeeds) {
  for (uint64_t seed = 1; seed <= 50; ++seed) run_against_model(seed);
}

// Memory that a burst touched goes back to the system once nobody needs it; the bytes in use stay.
TEST(BufferPool, TrimGivesBackWhatWasNotNeededAndKeepsTheHottest) {
  BufferPool pool(BufferPoolSizes{.count = {0, 0, 0, 512}});
  std::vector<BufferId> taken;
  for (int i = 0; i < 400; ++i) {
    taken.push_back(pool.take(60'000));
    std::memset(pool.bytes(taken.back()).data(), 7, 65536);
  }
  const BufferId kept = taken.front();
  for (std::size_t i = 1; i < taken.size(); ++i) pool.release(taken[i]);
  EXPECT_TRUE(pool.has_cold());
  pool.trim(1000);  // All were needed a moment ago.
  const std::vector<std::byte> zeros(65536);
  const auto count_zero = [&] {
    uint32_t count = 0;
    std::vector<BufferId> looked;
    for (int i = 0; i < 399; ++i) {
      looked.push_back(pool.take(60'000));
      count += std::memcmp(pool.bytes(looked.back()).data(), zeros.data(), zeros.size()) == 0;
    }
    for (auto id = looked.rbegin(); id != looked.rend(); ++id) pool.release(*id);
    return count;
  };
  EXPECT_EQ(count_zero(), 0u);
  pool.trim(1000);  // count_zero() needed all of them.
  pool.trim(100);
  EXPECT_TRUE(pool.has_cold());
  pool.trim(1000);
  EXPECT_FALSE(pool.has_cold());
  EXPECT_EQ(count_zero(), 399u - 64u);
  EXPECT_EQ(std::to_integer<int>(pool.bytes(kept)[65535]), 7);
  pool.release(kept);
  pool.check_invariants();
}

}  // namespace
}  // namespace sluice::dataplane
