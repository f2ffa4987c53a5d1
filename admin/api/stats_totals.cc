#include "admin/api/stats_totals.h"

#include <algorithm>
#include <bit>
#include <cstring>

namespace sluice::admin {
namespace {

// The writer may be a newer or broken process: never reads past the field, never passes on control bytes.
std::string name_of(const StatsSlotName& slot, uint32_t index) {
  char text[sizeof(slot.name) + 1] = {};
  std::memcpy(text, slot.name, sizeof(slot.name));
  std::string name(text);
  std::replace_if(name.begin(), name.end(), [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '?');
  if (name.empty()) return index == 0 ? "other" : "slot " + std::to_string(index);
  return name;
}

uint32_t bound_of(uint32_t bucket) {
  const uint64_t start = histogram_bucket_start(bucket);
  if (start < (1u << kFirstBoundBits)) return 0;
  const auto bits = static_cast<uint32_t>(std::bit_width(start)) - 1;  // 2^bits <= start < 2^(bits+1)
  return std::min(bits - kFirstBoundBits + 1, kBounds);
}

void add(std::array<uint64_t, 6>& totals, const StatsCell (&cells)[6]) {
  for (size_t i = 0; i < totals.size(); ++i) totals[i] += cells[i].get();
}

template <typename Totals, typename Block, uint32_t count>
std::vector<Totals> collect(const StatsMapping& stats, const StatsSlotName (&names)[count],
                            const Block (WorkerStats::*blocks)[count], void (*sum)(Totals&, const Block&),
                            bool (*is_idle)(const Totals&)) {
  std::vector<Totals> collected;
  for (uint32_t slot = 0; slot < count; ++slot) {
    if (slot != 0 && names[slot].id.load(std::memory_order_acquire) == 0) continue;
    Totals totals{.name = name_of(names[slot], slot)};
    for (uint32_t worker = 0; worker < stats.worker_count(); ++worker) {
      sum(totals, (stats.page().workers[worker].*blocks)[slot]);
    }
    if (slot != 0 || !is_idle(totals)) collected.push_back(std::move(totals));
  }
  return collected;
}

void sum_listener(ListenerTotals& totals, const ListenerStats& stats) {
  totals.accepted += stats.connections_accepted.get();
  totals.open += stats.connections_open.get();
  totals.requests += stats.requests.get();
  totals.in_flight += stats.requests_in_flight.get();
  totals.bytes_received += stats.bytes_received.get();
  totals.bytes_sent += stats.bytes_sent.get();
  add(totals.responses, stats.responses);
  totals.latency.add(stats.latency);
}

void sum_pool(PoolTotals& totals, const PoolStats& stats) {
  totals.attempts += stats.attempts.get();
  totals.connects += stats.connects.get();
  totals.connect_failures += stats.connect_failures.get();
  totals.reused += stats.connections_reused.get();
  totals.retries += stats.retries.get();
  totals.in_flight += stats.in_flight.get();
  totals.outages += stats.outages.get();
  add(totals.responses, stats.responses);
  totals.latency.add(stats.latency);
}

}  // namespace

void HistogramTotals::add(const StatsHistogram& histogram) {
  for (uint32_t bucket = 0; bucket < kHistogramBuckets; ++bucket) {
    const uint32_t count = histogram.buckets[bucket].load(std::memory_order_relaxed);
    if (count != 0) counts[bound_of(bucket)] += count;
  }
  sum_microseconds += histogram.sum_microseconds.get();
}

std::vector<ListenerTotals> listener_totals(const StatsMapping& stats) {
  return collect<ListenerTotals>(stats, stats.page().listener_names, &WorkerStats::listeners, &sum_listener,
                                 [](const ListenerTotals& totals) { return totals.accepted == 0; });
}

std::vector<PoolTotals> pool_totals(const StatsMapping& stats) {
  return collect<PoolTotals>(
      stats, stats.page().pool_names, &WorkerStats::pools, &sum_pool,
      [](const PoolTotals& totals) { return totals.attempts == 0 && totals.outages == 0; });
}

std::array<uint64_t, kReasonCount> reason_totals(const StatsMapping& stats) {
  std::array<uint64_t, kReasonCount> totals{};
  for (uint32_t worker = 0; worker < stats.worker_count(); ++worker) {
    for (uint32_t reason = 0; reason < kReasonCount; ++reason) {
      totals[reason] += stats.page().workers[worker].reasons[reason].get();
    }
  }
  return totals;
}

}  // namespace sluice::admin
