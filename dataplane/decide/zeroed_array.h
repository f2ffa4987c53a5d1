// An array of zeroed memory straight from the kernel, in huge pages when it is large: a random look-up in
// a table of tens of MiB pays one cache miss instead of a cache miss and a page walk, and freeing it gives
// the memory back whatever malloc's thresholds are, so that resident memory stays flat over reloads.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <cstdint>
#include <limits>
#include <type_traits>
#include <utility>

namespace sluice::decide {

template <typename T>
class ZeroedArray {
  static_assert(std::is_trivially_destructible_v<T>);

 public:
  ZeroedArray() = default;
  ZeroedArray(ZeroedArray&& other) noexcept { swap(other); }
  ZeroedArray& operator=(ZeroedArray&& other) noexcept {
    swap(other);
    return *this;
  }
  ~ZeroedArray() {
    if (mapping_ != nullptr) munmap(mapping_, mapping_bytes_);
  }

  // Requires: still empty. False when the kernel has no memory for it. A count of 0 allocates nothing.
  bool allocate(uint64_t count) {
    if (count == 0) return true;
    constexpr uint64_t kPageBytes = 4096;
    constexpr uint64_t kHugePageBytes = 2 * 1024 * 1024;
    if (count > (std::numeric_limits<uint64_t>::max() >> 8) / sizeof(T)) return false;
    const uint64_t bytes = (count * sizeof(T) + kPageBytes - 1) / kPageBytes * kPageBytes;
    const bool is_large = bytes >= kHugePageBytes;
    const uint64_t mapping_bytes = is_large ? bytes + kHugePageBytes : bytes;
    void* mapping = mmap(nullptr, mapping_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED) return false;
    auto start = reinterpret_cast<uintptr_t>(mapping);
    if (is_large) {
      // The part before the first huge page boundary is never touched, so it costs address space only.
      start = (start + kHugePageBytes - 1) / kHugePageBytes * kHugePageBytes;
      (void)madvise(reinterpret_cast<void*>(start), bytes, MADV_HUGEPAGE);  // A hint; 4 KiB pages do too.
    }
    mapping_ = mapping;
    mapping_bytes_ = mapping_bytes;
    data_ = reinterpret_cast<T*>(start);
    count_ = count;
    return true;
  }

  uint64_t size() const { return count_; }
  uint64_t bytes() const { return count_ * sizeof(T); }
  T& operator[](uint64_t index) { return data_[index]; }
  const T& operator[](uint64_t index) const { return data_[index]; }

 private:
  void swap(ZeroedArray& other) {
    std::swap(mapping_, other.mapping_);
    std::swap(mapping_bytes_, other.mapping_bytes_);
    std::swap(data_, other.data_);
    std::swap(count_, other.count_);
  }

  void* mapping_ = nullptr;
  uint64_t mapping_bytes_ = 0;
  T* data_ = nullptr;
  uint64_t count_ = 0;
};

}  // namespace sluice::decide
