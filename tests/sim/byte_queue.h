// The bytes of one direction of a simulated connection: appended at the back, taken from the front.
#pragma once

#include <cstddef>
#include <cstring>
#include <string>

#include "schemas/base/check.h"

namespace sluice::sim {

class ByteQueue {
 public:
  std::size_t size() const { return bytes_.size() - start_; }
  const char* data() const { return bytes_.data() + start_; }
  void append(const void* bytes, std::size_t count) { bytes_.append(static_cast<const char*>(bytes), count); }
  void consume(std::size_t count) {
    CHECK(count <= size());
    start_ += count;
    if (start_ == bytes_.size()) {
      bytes_.clear();
      start_ = 0;
    } else if (start_ > 65536 && start_ > bytes_.size() / 2) {
      bytes_.erase(0, start_);
      start_ = 0;
    }
  }
  // Keeps the first `count` bytes only.
  void truncate(std::size_t count) {
    CHECK(count <= size());
    bytes_.resize(start_ + count);
  }

 private:
  std::string bytes_;
  std::size_t start_ = 0;
};

}  // namespace sluice::sim
