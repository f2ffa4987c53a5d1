// The stats page summed over its workers, by name: what /metrics, /health and /api/v1/status show. A copy;
// the page goes on changing.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "admin/link/stats_mapping.h"

namespace sluice::admin {

// Powers of two of microseconds: edges of the page's own buckets, so that folding loses nothing.
inline constexpr uint32_t kFirstBoundBits = 7;  // 128 us
inline constexpr uint32_t kLastBoundBits = 26;  // 67 s
inline constexpr uint32_t kBounds = kLastBoundBits - kFirstBoundBits + 1;

struct HistogramTotals {
  std::array<uint64_t, kBounds + 1> counts{};  // Not cumulative; the last one is above every bound.
  uint64_t sum_microseconds = 0;
  void add(const StatsHistogram& histogram);
};

struct ListenerTotals {
  std::string name;
  uint64_t accepted = 0, open = 0, requests = 0, in_flight = 0, bytes_received = 0, bytes_sent = 0;
  std::array<uint64_t, 6> responses{};
  HistogramTotals latency;
};

struct PoolTotals {
  std::string name;
  uint64_t attempts = 0, connects = 0, connect_failures = 0, reused = 0, retries = 0, in_flight = 0,
           outages = 0;
  std::array<uint64_t, 6> responses{};
  HistogramTotals latency;
};

// Slots in use; slot 0 ("other") only once something was counted there.
std::vector<ListenerTotals> listener_totals(const StatsMapping& stats);
std::vector<PoolTotals> pool_totals(const StatsMapping& stats);
std::array<uint64_t, kReasonCount> reason_totals(const StatsMapping& stats);

}  // namespace sluice::admin
