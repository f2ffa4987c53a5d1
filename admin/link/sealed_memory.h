// Bytes in a memfd that nobody can change any more, ready to be handed to another process. The pages are
// shared with the receiver: offering nine megabytes costs them once on the machine.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>

#include "admin/link/descriptor.h"

namespace sluice::admin {

class SealedMemory {
 public:
  // Sealed against shrinking, growing, writing and further seals. Fails when memory is short.
  static std::expected<std::shared_ptr<const SealedMemory>, std::string> create(
      std::span<const std::byte> bytes);
  int fd() const { return descriptor_.get(); }
  uint64_t size() const { return size_; }

 private:
  SealedMemory(Descriptor descriptor, uint64_t size) : descriptor_(std::move(descriptor)), size_(size) {}
  Descriptor descriptor_;
  uint64_t size_;
};

}  // namespace sluice::admin
