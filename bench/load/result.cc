#include "bench/load/result.h"

#include <algorithm>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <numeric>

namespace sluice::load {
namespace {

constexpr double kPercentiles[] = {50, 75, 90, 95, 99, 99.9, 99.99};

std::string format(const char* pattern, auto... values) {
  char text[256];
  std::snprintf(text, sizeof(text), pattern, values...);
  return text;
}

std::string percentile_name(double percent) {
  std::string name = format("p%g", percent);
  return name;
}

double microseconds(Duration duration) {
  return static_cast<double>(duration.nanoseconds) / 1000;
}

}  // namespace

uint64_t Result::failed() const {
  return std::accumulate(outcomes.begin(), outcomes.end(), uint64_t{0}) - answered();
}

void Result::merge(const Result& other) {
  latency.merge(other.latency);
  for (uint32_t i = 0; i < kOutcomes; ++i) outcomes[i] += other.outcomes[i];
  for (const auto& [status, count] : other.statuses) statuses[status] += count;
  for (const auto& [name, count] : other.answered_by) answered_by[name] += count;
  stale_retries += other.stale_retries;
  connects += other.connects;
  body_bytes += other.body_bytes;
  seconds = std::max(seconds, other.seconds);
  for (LedgerEntry entry : other.ledger) {
    const std::string& name = other.names[entry.answered_by];
    const auto known = std::find(names.begin(), names.end(), name);
    entry.answered_by = static_cast<uint16_t>(known - names.begin());
    if (known == names.end()) names.push_back(name);
    ledger.push_back(entry);
  }
}

std::string to_text(const Result& result, const Options& options) {
  std::string text = format("%s  %u connections, ", options.url.c_str(), options.connections);
  text += options.rate > 0 ? format("open loop at %g/s", options.rate) : std::string("closed loop");
  text += format(", %.1f s measured\n", result.seconds);
  text += format("  answered  %10lu  %.1f/s, %.1f MB/s of bodies\n",
                 static_cast<unsigned long>(result.answered()),
                 static_cast<double>(result.answered()) / result.seconds,
                 static_cast<double>(result.body_bytes) / result.seconds / 1e6);
  for (uint32_t i = 1; i < kOutcomes; ++i) {
    if (result.outcomes[i] == 0) continue;
    text += format("  %-14s %5lu\n", std::string(name_of(static_cast<Outcome>(i))).c_str(),
                   static_cast<unsigned long>(result.outcomes[i]));
  }
  text += format("  connects  %10lu  stale retries %lu\n", static_cast<unsigned long>(result.connects),
                 static_cast<unsigned long>(result.stale_retries));
  for (const auto& [status, count] : result.statuses)
    text += format("  status %u  %9lu\n", status, static_cast<unsigned long>(count));
  for (const auto& [name, count] : result.answered_by)
    text += format("  from %-20.60s %lu\n", name.c_str(), static_cast<unsigned long>(count));
  text += options.rate > 0 ? "  latency from the time due, us\n" : "  latency, us\n";
  for (const double percent : kPercentiles)
    text += format("    %-7s %12.1f\n", percentile_name(percent).c_str(),
                   microseconds(result.latency.percentile(percent)));
  text += format("    mean    %12.1f\n    max     %12.1f\n", microseconds(result.latency.mean()),
                 microseconds(result.latency.max()));
  return text;
}

std::string to_json(const Result& result, const Options& options) {
  nlohmann::ordered_json json;
  json["url"] = options.url;
  json["connections"] = options.connections;
  json["threads"] = options.threads;
  json["rate"] = options.rate;
  json["seconds"] = result.seconds;
  json["answered"] = result.answered();
  json["answered_per_second"] = static_cast<double>(result.answered()) / result.seconds;
  json["body_bytes"] = result.body_bytes;
  json["failed"] = result.failed();
  for (uint32_t i = 1; i < kOutcomes; ++i)
    json["failures"][std::string(name_of(static_cast<Outcome>(i)))] = result.outcomes[i];
  json["stale_retries"] = result.stale_retries;
  json["connects"] = result.connects;
  json["statuses"] = nlohmann::ordered_json::object();
  for (const auto& [status, count] : result.statuses) json["statuses"][std::to_string(status)] = count;
  json["answered_by"] = nlohmann::ordered_json::object();
  for (const auto& [name, count] : result.answered_by) json["answered_by"][name] = count;
  auto& latency = json["latency_us"];
  for (const double percent : kPercentiles)
    latency[percentile_name(percent)] = microseconds(result.latency.percentile(percent));
  latency["min"] = microseconds(result.latency.min());
  latency["mean"] = microseconds(result.latency.mean());
  latency["max"] = microseconds(result.latency.max());
  return json.dump(2) + "\n";
}

}  // namespace sluice::load
