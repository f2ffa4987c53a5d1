// A read-only mapping with an owner: the bytes of a snapshot, from a sealed memfd or from a file of ours.
#pragma once

#include <sys/mman.h>

#include <cstddef>
#include <expected>
#include <span>
#include <utility>

namespace sluice::dataplane {

class MappedBytes {
 public:
  MappedBytes() = default;
  // `size` > 0. The descriptor may be closed afterwards. The error is an errno.
  static std::expected<MappedBytes, int> map(int descriptor, std::size_t size);
  MappedBytes(MappedBytes&& other) noexcept
      : start_(std::exchange(other.start_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  MappedBytes& operator=(MappedBytes&& other) noexcept {
    std::swap(start_, other.start_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~MappedBytes() {
    if (start_ != nullptr) munmap(start_, size_);
  }

  std::span<const std::byte> bytes() const { return {static_cast<const std::byte*>(start_), size_}; }

 private:
  void* start_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace sluice::dataplane
