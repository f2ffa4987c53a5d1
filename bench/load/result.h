// What a run measured; one per thread, merged at the end.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "bench/load/histogram.h"
#include "bench/load/ledger.h"
#include "bench/load/options.h"

namespace sluice::load {

struct Result {
  Histogram latency;                           // Of whole answers, from the time due.
  std::array<uint64_t, kOutcomes> outcomes{};  // After the warm-up, by the time due.
  std::map<uint16_t, uint64_t> statuses;
  std::map<std::string, uint64_t> answered_by;
  uint64_t stale_retries = 0;
  uint64_t connects = 0;
  uint64_t body_bytes = 0;
  double seconds = 0;  // That were measured.
  std::vector<LedgerEntry> ledger;
  std::vector<std::string> names{""};  // What LedgerEntry.answered_by means.

  uint64_t answered() const { return outcomes[static_cast<uint32_t>(Outcome::answered)]; }
  uint64_t failed() const;  // Every outcome but answered.
  void merge(const Result& other);
};

std::string to_text(const Result& result, const Options& options);
std::string to_json(const Result& result, const Options& options);

}  // namespace sluice::load
