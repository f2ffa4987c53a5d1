// What happened lately in a simulated run: a ring of fixed-size entries, cheap enough to be always on,
// printed when the run fails. Labels are string literals.
#pragma once

#include <array>
#include <cstdint>
#include <cstdio>

#include "schemas/base/units.h"

namespace sluice::sim {

class Trace {
 public:
  void add(Instant when, const char* label, int64_t first, int64_t second, int64_t third) {
    entries_[count_++ % kEntries] = {when, label, first, second, third};
    if (is_loud_) print(entries_[(count_ - 1) % kEntries], stderr);
  }
  void set_loud(bool loud) { is_loud_ = loud; }
  // Oldest first, at most `entries_max` of them.
  void print(std::FILE* out, uint64_t entries_max) const {
    uint64_t first = count_ > kEntries ? count_ - kEntries : 0;
    if (count_ - first > entries_max) first = count_ - entries_max;
    for (uint64_t i = first; i < count_; ++i) print(entries_[i % kEntries], out);
  }

 private:
  struct Entry {
    Instant when;
    const char* label;
    int64_t first;
    int64_t second;
    int64_t third;
  };
  static void print(const Entry& entry, std::FILE* out) {
    std::fprintf(out, "%14.6f ms  %-34s %8lld %8lld %8lld\n",
                 static_cast<double>(entry.when.nanoseconds) / 1e6, entry.label,
                 static_cast<long long>(entry.first), static_cast<long long>(entry.second),
                 static_cast<long long>(entry.third));
  }
  static constexpr uint64_t kEntries = 1 << 14;
  std::array<Entry, kEntries> entries_;
  uint64_t count_ = 0;
  bool is_loud_ = false;
};

}  // namespace sluice::sim
