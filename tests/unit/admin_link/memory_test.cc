// What leaves this process cannot change any more; what comes in is not trusted.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <functional>

#include "admin/link/sealed_memory.h"
#include "admin/link/stats_mapping.h"

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace sluice::admin {
namespace {

TEST(SealedMemory, CannotBeWrittenGrownShrunkOrUnsealed) {
  const std::string text(100'000, 's');
  const auto memory = SealedMemory::create(std::as_bytes(std::span(text)));
  ASSERT_TRUE(memory.has_value()) << memory.error();
  const int fd = (*memory)->fd();
  EXPECT_EQ((*memory)->size(), text.size());
  EXPECT_LT(pwrite(fd, "x", 1, 0), 0);
  EXPECT_NE(ftruncate(fd, 10), 0);
  EXPECT_NE(ftruncate(fd, 200'000), 0);
  EXPECT_NE(fcntl(fd, F_ADD_SEALS, F_SEAL_FUTURE_WRITE), 0);
  std::string back(text.size(), '\0');
  EXPECT_EQ(pread(fd, back.data(), back.size(), 0), static_cast<ssize_t>(text.size()));
  EXPECT_EQ(back, text);
}

constexpr int kGoodSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE;

Descriptor page_with(const std::function<void(StatsPage&)>& change, int seals = kGoodSeals,
                     uint64_t bytes = stats_page_bytes(2)) {
  Descriptor memory(memfd_create("stats", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  EXPECT_EQ(ftruncate(memory.get(), static_cast<off_t>(bytes)), 0);
  if (bytes >= sizeof(StatsPage)) {
    void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, memory.get(), 0);
    auto* page = static_cast<StatsPage*>(mapped);
    page->layout_version = kStatsLayoutVersion;
    page->worker_count = 2;
    page->magic.store(kStatsMagic);
    change(*page);
    munmap(mapped, bytes);
  }
  EXPECT_EQ(fcntl(memory.get(), F_ADD_SEALS, seals), 0);
  return memory;
}

std::string refusal(const Descriptor& descriptor) {
  const auto attached = StatsMapping::attach(descriptor);
  return attached ? "" : attached.error();
}

TEST(StatsMapping, AGoodPageIsReadWhereItLies) {
  const auto attached = StatsMapping::attach(page_with([](StatsPage& page) {
    page.boot_id = 99;
    page.workers[1].ticks.add(7);
  }));
  ASSERT_TRUE(attached.has_value()) << attached.error();
  EXPECT_EQ((*attached)->page().boot_id, 99u);
  EXPECT_EQ((*attached)->page().workers[1].ticks.get(), 7u);
  EXPECT_EQ((*attached)->worker_count(), 2u);
}

TEST(StatsMapping, APageThatCouldShrinkUnderUsIsRefused) {
  EXPECT_NE(refusal(page_with([](StatsPage&) {}, F_SEAL_GROW | F_SEAL_FUTURE_WRITE)).find("shrinking"),
            std::string::npos);
}

TEST(StatsMapping, AWritableDescriptorIsRefused) {
  EXPECT_NE(refusal(page_with([](StatsPage&) {}, F_SEAL_SHRINK | F_SEAL_GROW)).find("writable"),
            std::string::npos);
}

TEST(StatsMapping, AnotherLayoutMagicOrSizeIsRefused) {
  EXPECT_NE(refusal(page_with([](StatsPage& page) { page.layout_version = 7; })).find("layout 7"),
            std::string::npos);
  EXPECT_NE(refusal(page_with([](StatsPage& page) { page.magic.store(1); })).find("magic"),
            std::string::npos);
  EXPECT_NE(refusal(page_with([](StatsPage& page) { page.worker_count = 200; })).find("200 workers"),
            std::string::npos);
  EXPECT_NE(refusal(page_with([](StatsPage& page) { page.worker_count = 0; })).find("0 workers"),
            std::string::npos);
  EXPECT_NE(refusal(page_with([](StatsPage&) {}, kGoodSeals, 100)).find("100 bytes"), std::string::npos);
}

TEST(StatsMapping, WhatIsNoMemoryFileIsRefused) {
  const Descriptor device(open("/dev/zero", O_RDONLY | O_CLOEXEC));
  EXPECT_NE(refusal(device).find("memfd"), std::string::npos);
  EXPECT_FALSE(refusal(Descriptor()).empty());
}

}  // namespace
}  // namespace sluice::admin
