// The shared-memory page the data plane writes and admin reads: /metrics and /api/v1/status. One memfd,
// created by the data plane, handed to admin read-only with HELLO. Layout rules (ADR 0009):
// 1. Every block has one writer thread; values are relaxed atomics, a plain load and store on x86.
// 2. Any change of size, order or meaning raises kStatsLayoutVersion; a reader that finds another
//    version or magic refuses to attach.
// 3. Slots are handed out by stable id and kept across reloads, so counters never jump back; slot 0 of
//    listeners and pools is "other", used when the table is full.
#pragma once

#include <atomic>
#include <bit>
#include <cstdint>

#include "schemas/reason.h"

namespace sluice {

inline constexpr uint64_t kStatsMagic = 0x31534c4543495553ULL;
inline constexpr uint32_t kStatsLayoutVersion = 2;
inline constexpr uint32_t kStatsWorkersMax = 256;
inline constexpr uint32_t kStatsListenersMax = 64;
inline constexpr uint32_t kStatsPoolsMax = 256;
inline constexpr uint32_t kStatsReasonsMax = 128;
static_assert(kReasonCount <= kStatsReasonsMax);

// A counter or gauge with one writer.
class StatsCell {
 public:
  void add(uint64_t amount) {
    value_.store(value_.load(std::memory_order_relaxed) + amount, std::memory_order_relaxed);
  }
  void subtract(uint64_t amount) {
    value_.store(value_.load(std::memory_order_relaxed) - amount, std::memory_order_relaxed);
  }
  void set(uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  uint64_t get() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<uint64_t> value_{0};
};

// Log-linear: 16 buckets per power of two (6 % wide), 1 us to 2^32 us (71 minutes).
inline constexpr uint32_t kHistogramSubBits = 4;
inline constexpr uint32_t kHistogramBuckets = (32 - kHistogramSubBits + 1) << kHistogramSubBits;

constexpr uint32_t histogram_bucket(uint64_t microseconds) {
  const uint32_t value = microseconds > UINT32_MAX ? UINT32_MAX : static_cast<uint32_t>(microseconds);
  if (value < (1u << kHistogramSubBits)) return value;
  const uint32_t exponent = 31 - static_cast<uint32_t>(std::countl_zero(value));
  const uint32_t shift = exponent - kHistogramSubBits;
  return ((shift + 1) << kHistogramSubBits) + ((value >> shift) & ((1u << kHistogramSubBits) - 1));
}
// The smallest value of a bucket, in microseconds; the bucket ends where the next begins.
constexpr uint64_t histogram_bucket_start(uint32_t bucket) {
  if (bucket < (1u << kHistogramSubBits)) return bucket;
  const uint32_t shift = (bucket >> kHistogramSubBits) - 1;
  return static_cast<uint64_t>((1u << kHistogramSubBits) + (bucket & ((1u << kHistogramSubBits) - 1)))
         << shift;
}

struct StatsHistogram {
  StatsCell count;
  StatsCell sum_microseconds;
  std::atomic<uint32_t> buckets[kHistogramBuckets];
  void record(uint64_t microseconds) {
    count.add(1);
    sum_microseconds.add(microseconds);
    std::atomic<uint32_t>& bucket = buckets[histogram_bucket(microseconds)];
    bucket.store(bucket.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  }
};

struct ListenerStats {
  StatsCell connections_accepted;
  StatsCell connections_open;  // Gauge.
  StatsCell requests;
  StatsCell requests_in_flight;  // Gauge.
  StatsCell responses[6];        // By class: [1] 1xx … [5] 5xx; [0] none sent.
  StatsCell bytes_received;
  StatsCell bytes_sent;
  StatsHistogram latency;  // First byte of the request to last byte of the answer.
};

struct PoolStats {
  StatsCell attempts;
  StatsCell connects;
  StatsCell connect_failures;
  StatsCell connections_reused;
  StatsCell retries;
  StatsCell responses[6];
  StatsCell in_flight;     // Gauge.
  StatsCell outages;       // Requests that found no usable member.
  StatsHistogram latency;  // Request sent to response head received.
};

struct alignas(4096) WorkerStats {
  StatsCell ticks;
  StatsCell busy_nanoseconds;  // Time between waits.
  StatsCell tick_nanoseconds_max;
  StatsCell system_calls;
  StatsCell completion_overflows;
  StatsCell buffers_held_bytes;
  StatsCell streams_open;
  StatsCell client_connections;
  StatsCell origin_connections;
  StatsCell origin_connections_idle;
  StatsCell snapshot_generation;  // The one this worker serves new streams with.
  StatsCell access_log_dropped;
  StatsCell origin_unasked;  // Origin connections closed because more came than was asked for.
  StatsCell accept_errors;
  StatsCell stale_completions;  // Must stay 0 (a bug metric).
  StatsCell soft_failures;
  StatsCell memory_level;             // Gauge: dataplane/conn/memory_level.h.
  StatsCell memory_level_entered[4];  // How often, by level.
  StatsCell memory_limit_bytes;       // Gauge: what buffers_held_bytes is measured against.
  StatsCell descriptor_shortages;     // Sockets that could not be had (EMFILE, ENFILE).
  StatsCell reasons[kStatsReasonsMax];
  ListenerStats listeners[kStatsListenersMax];
  PoolStats pools[kStatsPoolsMax];
};

// Which id a slot counts for. Written by the keeper before any worker uses the slot.
struct StatsSlotName {
  std::atomic<uint64_t> id;  // 0: free.
  char name[56];             // NUL-terminated, cut when longer.
};

struct StatsPage {
  std::atomic<uint64_t> magic;  // Written last.
  uint32_t layout_version;
  uint32_t worker_count;
  uint64_t boot_id;
  StatsCell heartbeat_nanoseconds;  // Monotonic clock of the keeper.
  StatsCell applied_generation;
  StatsCell stable_generation;
  StatsCell draining;         // 0 or 1.
  StatsCell access_log_lost;  // Lines the sink did not take, as of the last heartbeat.
  StatsSlotName listener_names[kStatsListenersMax];
  StatsSlotName pool_names[kStatsPoolsMax];
  WorkerStats workers[];  // worker_count of them.
};

constexpr uint64_t stats_page_bytes(uint32_t worker_count) {
  return ((sizeof(StatsPage) + 4095) & ~4095ULL) + static_cast<uint64_t>(worker_count) * sizeof(WorkerStats);
}

}  // namespace sluice
