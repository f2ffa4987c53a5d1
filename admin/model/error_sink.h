// Collects what is wrong while a text is read, up to a limit, and hands it out in the order of the text.
// One per load; not shared between threads.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "admin/model/config.h"
#include "admin/model/config_error.h"

namespace sluice::admin {

class ErrorSink {
 public:
  ErrorSink(const std::vector<std::string>& files, uint32_t errors_max)
      : files_(files), errors_max_(errors_max) {}

  void add(Place place, std::string path, std::string message, std::string fix);
  bool is_empty() const { return errors_.empty(); }
  bool is_full() const { return errors_.size() >= errors_max_; }
  // False: the limit is reached, the error was only counted. Ask before work that is worth it only for an
  // error that will be shown: a removed pool of 100,000 routes is 100,000 errors.
  bool has_room() {
    if (!is_full()) return true;
    ++dropped_;
    return false;
  }

  // Sorted by place; says so when there were more than the limit.
  ConfigErrors take();

 private:
  struct Entry {
    Place place;
    size_t number;  // In the order of finding.
    ConfigError error;
  };
  const std::vector<std::string>& files_;  // The Config's, which outlives the sink.
  uint32_t errors_max_;
  uint64_t dropped_ = 0;
  std::vector<Entry> errors_;
};

}  // namespace sluice::admin
