// All byte memory of one worker: four size classes carved from reserved address space, touched only
// when first used, handed out last-in first-out so that the working set stays in cache. Buffers of
// the largest class are the ones lent to the kernel for receiving.
//
// 1. A buffer is free, held (reference count > 0) or lent (the ring owns it until a completion
//    names it); free + held + lent = total for every class (invariant D4).
// 2. Free and lent buffers are poisoned under AddressSanitizer.
// 3. Reference counts are plain integers: one thread, the worker's.
// 4. When a class is exhausted take() returns kNoBuffer; the caller pauses or sheds, never aborts.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace sluice::dataplane {

// Names one buffer: size class in the top 2 bits, index below. kNoBuffer names none.
using BufferId = uint32_t;
inline constexpr BufferId kNoBuffer = UINT32_MAX;

enum class SizeClass : uint8_t { k1KiB, k4KiB, k16KiB, k64KiB };
inline constexpr uint32_t kSizeClassCount = 4;
inline constexpr uint32_t kSizeClassBytes[kSizeClassCount] = {1024, 4096, 16384, 65536};

// Received data starts this far into a lent buffer, so that a rewritten response head can be placed
// right before the body that came with it and leave as one contiguous send.
inline constexpr uint32_t kHeadroomBytes = 1024;
inline constexpr uint32_t kReceiveBytesMax = 65536 - kHeadroomBytes;

struct BufferPoolSizes {
  uint32_t count[kSizeClassCount] = {65536, 16384, 4096, 4096};  // 64 + 64 + 64 + 256 MiB reserved.
};

class BufferPool {
 public:
  // Reserves address space (no memory is touched). Aborts when the kernel refuses: start-up only.
  explicit BufferPool(const BufferPoolSizes& sizes);
  ~BufferPool();  // Requires: everything is home.
  BufferPool(const BufferPool&) = delete;
  BufferPool& operator=(const BufferPool&) = delete;

  // A buffer of the smallest class that holds `bytes` (larger classes are tried when that one is
  // exhausted), with one reference. kNoBuffer: nothing fits.
  BufferId take(std::size_t bytes);
  void add_reference(BufferId id);
  void release(BufferId id);  // Drops one reference; at zero the buffer is free again.
  uint32_t references(BufferId id) const;

  // The whole buffer. Stable for the buffer's life.
  std::span<std::byte> bytes(BufferId id);

  // For the ring only. lend(): a free 64 KiB buffer, now the kernel's (kNoBuffer: none free).
  // take_back(): a completion named it; it becomes held with one reference. return_unused(): the
  // ring gives it back without data.
  BufferId lend();
  void take_back(BufferId id);
  void return_unused(BufferId id);
  void drop_pages(BufferId id);  // Of a lent buffer: what it holds is lost.

  uint32_t free_count(SizeClass size_class) const;
  uint32_t held_count(SizeClass size_class) const;
  uint32_t lent_count() const;
  uint32_t total_count(SizeClass size_class) const;
  // Pages of free buffers go back to the system when they were not needed since the last call, at most
  // `count_max` buffers of them; the hottest are kept. has_cold(): another call may find some.
  void trim(uint32_t count_max);
  bool has_cold() const;

  uint64_t held_bytes() const;  // Sum over classes of held buffers times their size.
  // Aborts unless invariant 1 holds. O(classes); simulation calls it every tick.
  void check_invariants() const;

 private:
  struct Class {
    std::byte* base = nullptr;
    uint16_t* reference_counts = nullptr;  // 0: free; UINT16_MAX: lent.
    uint32_t* free_stack = nullptr;        // Indices; the top is the hottest.
    uint32_t free_depth = 0;               // Entries of free_stack.
    uint32_t free_depth_least = 0;         // Since the last trim().
    uint32_t trimmed = 0;                  // So many at the bottom of free_stack have no pages.
    uint32_t untouched = 0;                // Indices from here up were never handed out.
    uint32_t total = 0;
    uint32_t held = 0;
    uint32_t lent = 0;
    uint32_t bytes = 0;
  };
  static uint32_t pop_free(Class& pool);  // UINT32_MAX: none.
  static void push_free(Class& pool, uint32_t index);
  Class& class_holding(BufferId id);  // Aborts when `id` never was handed out.
  const Class& class_holding(BufferId id) const;

  Class classes_[kSizeClassCount];
};

}  // namespace sluice::dataplane
