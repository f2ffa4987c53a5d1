// The stats page's memory: one memfd, written by this process only. After creation it is sealed so that the
// descriptor admin gets can neither be resized nor mapped writable (F_SEAL_FUTURE_WRITE; our own mapping
// stays). Layout and rules: schemas/stats_page.h, ADR 0009.
#pragma once

#include <cstdint>
#include <expected>
#include <string>

#include "dataplane/keeper/descriptor.h"
#include "schemas/stats_page.h"

namespace sluice::dataplane {

class StatsMemory {
 public:
  static std::expected<StatsMemory, std::string> create(uint32_t worker_count, uint64_t boot_id);
  StatsMemory(StatsMemory&& other) noexcept
      : descriptor_(std::move(other.descriptor_)),
        page_(std::exchange(other.page_, nullptr)),
        bytes_(other.bytes_) {}
  ~StatsMemory();

  StatsPage& page() { return *page_; }
  const StatsPage& page() const { return *page_; }
  int descriptor() const { return descriptor_.get(); }

 private:
  StatsMemory() = default;
  Descriptor descriptor_;
  StatsPage* page_ = nullptr;
  uint64_t bytes_ = 0;
};

}  // namespace sluice::dataplane
