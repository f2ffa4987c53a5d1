#include "admin/api/openmetrics_writer.h"

#include <cstdio>
#include <utility>

namespace sluice::admin {
namespace {

std::string escaped(std::string_view text) {
  std::string made;
  for (const char c : text) {
    if (c == '\\' || c == '"') made += '\\';
    if (c == '\n') {
      made += "\\n";
    } else {
      made += c;
    }
  }
  return made;
}

std::string decimal(double value) {
  char text[48];
  std::snprintf(text, sizeof(text), "%.9f", value);
  std::string made(text);
  while (made.back() == '0') made.pop_back();
  if (made.back() == '.') made += '0';
  return made;
}

}  // namespace

void OpenMetricsWriter::family(std::string_view name, std::string_view type, std::string_view help) {
  name_ = "sluice_" + std::string(name);
  suffix_ = type == "counter" ? "_total" : type == "info" ? "_info" : "";
  text_ += "# TYPE " + name_ + " " + std::string(type) + "\n";
  for (const std::string_view unit : {"seconds", "bytes"}) {
    if (name.ends_with("_" + std::string(unit))) text_ += "# UNIT " + name_ + " " + std::string(unit) + "\n";
  }
  text_ += "# HELP " + name_ + " " + escaped(help) + "\n";
}

void OpenMetricsWriter::sample(std::string_view suffix, Labels labels, std::string_view value,
                               std::string_view bound) {
  text_ += name_;
  text_ += suffix;
  char separator = '{';
  const auto put = [&](std::string_view label, std::string_view text) {
    text_ += separator;
    text_ += label;
    text_ += "=\"" + escaped(text) + "\"";
    separator = ',';
  };
  for (const auto& [label, text] : labels) put(label, text);
  if (!bound.empty()) put("le", bound);
  if (separator == ',') text_ += '}';
  text_ += ' ';
  text_ += value;
  text_ += '\n';
}

void OpenMetricsWriter::add(uint64_t value, Labels labels) {
  sample(suffix_, labels, std::to_string(value));
}

void OpenMetricsWriter::add_seconds(double value, Labels labels) {
  sample(suffix_, labels, decimal(value));
}

void OpenMetricsWriter::add(const HistogramTotals& totals, Labels labels) {
  uint64_t below = 0;
  for (uint32_t i = 0; i < kBounds; ++i) {
    below += totals.counts[i];
    const double bound = static_cast<double>(1ULL << (kFirstBoundBits + i)) / 1e6;
    sample("_bucket", labels, std::to_string(below), decimal(bound));
  }
  below += totals.counts[kBounds];
  sample("_bucket", labels, std::to_string(below), "+Inf");
  sample("_count", labels, std::to_string(below));
  sample("_sum", labels, decimal(static_cast<double>(totals.sum_microseconds) / 1e6));
}

std::string OpenMetricsWriter::finish() {
  text_ += "# EOF\n";
  return std::exchange(text_, {});
}

}  // namespace sluice::admin
