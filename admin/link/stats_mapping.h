// The data plane's stats page, mapped read-only. The writer is another process of the same user that may
// have any version: size, seals, magic and layout are checked before anything is read, so that a page that
// shrinks or lies costs the metrics, never this process.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "admin/link/descriptor.h"
#include "schemas/stats_page.h"

namespace sluice::admin {

class StatsMapping {
 public:
  static std::expected<std::shared_ptr<const StatsMapping>, std::string> attach(const Descriptor& descriptor);
  StatsMapping(const StatsMapping&) = delete;
  ~StatsMapping();

  const StatsPage& page() const { return *page_; }
  // Checked against the size of the mapping once; the page's own field is not read again.
  uint32_t worker_count() const { return worker_count_; }

 private:
  StatsMapping(const StatsPage* page, std::size_t bytes, uint32_t worker_count)
      : page_(page), bytes_(bytes), worker_count_(worker_count) {}
  const StatsPage* page_;
  std::size_t bytes_;
  uint32_t worker_count_;
};

}  // namespace sluice::admin
