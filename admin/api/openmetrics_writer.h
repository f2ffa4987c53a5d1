// OpenMetrics text: one family at a time, its samples together, "# EOF" at the end. Keeps the format's
// rules about suffixes and escaping so that callers only have names and numbers.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>

#include "admin/api/stats_totals.h"

namespace sluice::admin {

inline constexpr std::string_view kOpenMetricsType =
    "application/openmetrics-text; version=1.0.0; charset=utf-8";

class OpenMetricsWriter {
 public:
  using Labels = std::initializer_list<std::pair<std::string_view, std::string_view>>;

  // Starts a family; `name` without prefix and suffix. A name that ends in _seconds or _bytes gets its UNIT.
  void counter(std::string_view name, std::string_view help) { family(name, "counter", help); }
  void gauge(std::string_view name, std::string_view help) { family(name, "gauge", help); }
  void histogram(std::string_view name, std::string_view help) { family(name, "histogram", help); }
  void info(std::string_view name, std::string_view help) { family(name, "info", help); }

  // One sample of the present family.
  void add(uint64_t value, Labels labels = {});
  void add_seconds(double value, Labels labels = {});
  void add(const HistogramTotals& totals, Labels labels);

  std::string finish();  // The text; the writer is empty after.

 private:
  void family(std::string_view name, std::string_view type, std::string_view help);
  void sample(std::string_view suffix, Labels labels, std::string_view value, std::string_view bound = {});

  std::string text_;
  std::string name_;
  std::string_view suffix_;  // Of counters and infos.
};

}  // namespace sluice::admin
