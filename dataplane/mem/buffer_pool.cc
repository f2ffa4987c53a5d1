#include "dataplane/mem/buffer_pool.h"

#include <sys/mman.h>

#include <algorithm>

#include "dataplane/mem/poison.h"
#include "schemas/base/check.h"

namespace sluice::dataplane {
namespace {

constexpr uint32_t kClassShift = 30;
constexpr uint32_t kIndexMask = (1u << kClassShift) - 1;
constexpr uint32_t kPageBytes = 4096;
constexpr uint32_t kKeptWarm = 64;  // Buffers of each class that keep their pages when free.
constexpr uint32_t kLendClass = static_cast<uint32_t>(SizeClass::k64KiB);

// A buffer's entry in reference_counts: 0 free, kLent with the kernel, else its references. One buffer
// has at most one range per byte, so 65,536 bytes less the headroom stay below the mark.
constexpr uint16_t kLent = UINT16_MAX;
constexpr uint16_t kReferencesMax = kLent - 1;

uint32_t class_of(BufferId id) {
  return id >> kClassShift;
}
uint32_t index_of(BufferId id) {
  return id & kIndexMask;
}
BufferId make_id(uint32_t size_class, uint32_t index) {
  return size_class << kClassShift | index;
}

// Address space that costs memory only page by page, when written. Huge pages are refused: with them
// one touched buffer would make 2 MiB resident, and an idle gateway has to stay small.
void* reserve(std::size_t bytes) {
  if (bytes == 0) return nullptr;
  void* memory =
      mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  CHECK(memory != MAP_FAILED);
  madvise(memory, bytes, MADV_NOHUGEPAGE);  // Advice only: kernels without huge pages say EINVAL.
  return memory;
}

void give_up(void* memory, std::size_t bytes) {
  if (bytes != 0) CHECK(munmap(memory, bytes) == 0);
}

}  // namespace

BufferPool::BufferPool(const BufferPoolSizes& sizes) {
  for (uint32_t i = 0; i < kSizeClassCount; ++i) {
    CHECK(sizes.count[i] < kIndexMask);  // The last index would collide with kNoBuffer.
    Class& pool = classes_[i];
    pool.total = sizes.count[i];
    pool.bytes = kSizeClassBytes[i];
    const std::size_t bytes = std::size_t{pool.total} * pool.bytes;
    pool.base = static_cast<std::byte*>(reserve(bytes));
    pool.reference_counts = static_cast<uint16_t*>(reserve(pool.total * sizeof(uint16_t)));
    pool.free_stack = static_cast<uint32_t*>(reserve(pool.total * sizeof(uint32_t)));
    poison(pool.base, bytes);
  }
}

BufferPool::~BufferPool() {
  for (Class& pool : classes_) {
    CHECK(pool.held == 0);
    CHECK(pool.lent == 0);
    const std::size_t bytes = std::size_t{pool.total} * pool.bytes;
    unpoison(pool.base, bytes);
    give_up(pool.base, bytes);
    give_up(pool.reference_counts, pool.total * sizeof(uint16_t));
    give_up(pool.free_stack, pool.total * sizeof(uint32_t));
  }
}

uint32_t BufferPool::pop_free(Class& pool) {
  if (pool.free_depth > 0) {
    const uint32_t index = pool.free_stack[--pool.free_depth];
    pool.free_depth_least = std::min(pool.free_depth_least, pool.free_depth);
    pool.trimmed = std::min(pool.trimmed, pool.free_depth);
    return index;
  }
  if (pool.untouched < pool.total) return pool.untouched++;
  return UINT32_MAX;
}

void BufferPool::push_free(Class& pool, uint32_t index) {
  pool.reference_counts[index] = 0;
  pool.free_stack[pool.free_depth++] = index;
}

BufferPool::Class& BufferPool::class_holding(BufferId id) {
  Class& pool = classes_[class_of(id)];
  CHECK(index_of(id) < pool.untouched);
  return pool;
}

const BufferPool::Class& BufferPool::class_holding(BufferId id) const {
  const Class& pool = classes_[class_of(id)];
  CHECK(index_of(id) < pool.untouched);
  return pool;
}

BufferId BufferPool::take(std::size_t bytes) {
  for (uint32_t i = 0; i < kSizeClassCount; ++i) {
    if (kSizeClassBytes[i] < bytes) continue;
    Class& pool = classes_[i];
    const uint32_t index = pop_free(pool);
    if (index == UINT32_MAX) continue;
    pool.reference_counts[index] = 1;
    ++pool.held;
    unpoison(pool.base + std::size_t{index} * pool.bytes, pool.bytes);
    return make_id(i, index);
  }
  return kNoBuffer;
}

void BufferPool::add_reference(BufferId id) {
  uint16_t& count = class_holding(id).reference_counts[index_of(id)];
  CHECK(count > 0 && count < kReferencesMax);
  ++count;
}

void BufferPool::release(BufferId id) {
  Class& pool = class_holding(id);
  const uint32_t index = index_of(id);
  uint16_t& count = pool.reference_counts[index];
  CHECK(count > 0 && count != kLent);
  if (--count > 0) return;
  poison(pool.base + std::size_t{index} * pool.bytes, pool.bytes);
  push_free(pool, index);
  --pool.held;
}

uint32_t BufferPool::references(BufferId id) const {
  const uint16_t count = class_holding(id).reference_counts[index_of(id)];
  return count == kLent ? 0 : count;
}

std::span<std::byte> BufferPool::bytes(BufferId id) {
  Class& pool = class_holding(id);
  return {pool.base + std::size_t{index_of(id)} * pool.bytes, pool.bytes};
}

BufferId BufferPool::lend() {
  Class& pool = classes_[kLendClass];
  const uint32_t index = pop_free(pool);
  if (index == UINT32_MAX) return kNoBuffer;
  pool.reference_counts[index] = kLent;
  ++pool.lent;
  return make_id(kLendClass, index);
}

void BufferPool::take_back(BufferId id) {
  CHECK(class_of(id) == kLendClass);
  Class& pool = class_holding(id);
  const uint32_t index = index_of(id);
  CHECK(pool.reference_counts[index] == kLent);
  pool.reference_counts[index] = 1;
  --pool.lent;
  ++pool.held;
  unpoison(pool.base + std::size_t{index} * pool.bytes, pool.bytes);
}

void BufferPool::return_unused(BufferId id) {
  CHECK(class_of(id) == kLendClass);
  Class& pool = class_holding(id);
  const uint32_t index = index_of(id);
  CHECK(pool.reference_counts[index] == kLent);
  --pool.lent;
  push_free(pool, index);
}

// Buffers below a page are left alone: four of them share one.
void BufferPool::trim(uint32_t count_max) {
  for (Class& pool : classes_) {
    if (pool.bytes < kPageBytes) continue;
    const uint32_t unneeded = pool.free_depth_least > kKeptWarm ? pool.free_depth_least - kKeptWarm : 0;
    for (; pool.trimmed < unneeded && count_max > 0; --count_max) {
      const uint32_t index = pool.free_stack[pool.trimmed++];
      madvise(pool.base + std::size_t{index} * pool.bytes, pool.bytes, MADV_DONTNEED);
    }
    pool.free_depth_least = pool.free_depth;
  }
}

bool BufferPool::has_cold() const {
  for (const Class& pool : classes_) {
    if (pool.bytes >= kPageBytes && pool.free_depth > pool.trimmed + kKeptWarm) return true;
  }
  return false;
}

void BufferPool::drop_pages(BufferId id) {
  Class& pool = class_holding(id);
  CHECK(pool.reference_counts[index_of(id)] == kLent);
  madvise(pool.base + std::size_t{index_of(id)} * pool.bytes, pool.bytes, MADV_DONTNEED);
}

uint32_t BufferPool::free_count(SizeClass size_class) const {
  const Class& pool = classes_[static_cast<uint32_t>(size_class)];
  return pool.free_depth + (pool.total - pool.untouched);
}

uint32_t BufferPool::held_count(SizeClass size_class) const {
  return classes_[static_cast<uint32_t>(size_class)].held;
}

uint32_t BufferPool::lent_count() const {
  return classes_[kLendClass].lent;
}

uint32_t BufferPool::total_count(SizeClass size_class) const {
  return classes_[static_cast<uint32_t>(size_class)].total;
}

uint64_t BufferPool::held_bytes() const {
  uint64_t bytes = 0;
  for (const Class& pool : classes_) bytes += uint64_t{pool.held} * pool.bytes;
  return bytes;
}

void BufferPool::check_invariants() const {
  for (uint32_t i = 0; i < kSizeClassCount; ++i) {
    const Class& pool = classes_[i];
    CHECK(pool.untouched <= pool.total);
    CHECK(free_count(static_cast<SizeClass>(i)) + pool.held + pool.lent == pool.total);
    CHECK(pool.lent == 0 || i == kLendClass);
  }
}

}  // namespace sluice::dataplane
