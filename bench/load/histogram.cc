#include "bench/load/histogram.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sluice::load {
namespace {

constexpr uint32_t kSubBits = 9;
constexpr uint32_t kSubCount = 1u << kSubBits;
constexpr uint32_t kBitsMax = 38;  // 2^38 ns are 275 s.
constexpr uint32_t kBuckets = (kBitsMax - kSubBits + 1) * kSubCount;

}  // namespace

Histogram::Histogram() : buckets_(kBuckets, 0) {}

// Below 512 a bucket each; from there the highest bit picks the group and the nine below it the bucket.
uint32_t Histogram::bucket_of(uint64_t nanoseconds) {
  if (nanoseconds < kSubCount) return static_cast<uint32_t>(nanoseconds);
  const auto exponent = static_cast<uint32_t>(std::bit_width(nanoseconds)) - 1;
  if (exponent >= kBitsMax) return kBuckets - 1;
  const uint32_t shift = exponent - kSubBits;
  return (shift + 1) * kSubCount + static_cast<uint32_t>((nanoseconds >> shift) & (kSubCount - 1));
}

uint64_t Histogram::middle_of(uint32_t bucket) {
  if (bucket < kSubCount) return bucket;
  const uint32_t shift = bucket / kSubCount - 1;
  const uint64_t start = static_cast<uint64_t>(kSubCount + bucket % kSubCount) << shift;
  return start + ((1ULL << shift) - 1) / 2;
}

void Histogram::record(Duration latency) {
  const int64_t nanoseconds = std::max<int64_t>(latency.nanoseconds, 0);
  ++buckets_[bucket_of(static_cast<uint64_t>(nanoseconds))];
  ++count_;
  min_ = std::min(min_, nanoseconds);
  max_ = std::max(max_, nanoseconds);
  sum_ += static_cast<long double>(nanoseconds);
}

void Histogram::merge(const Histogram& other) {
  for (uint32_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
  count_ += other.count_;
  min_ = std::min(min_, other.min_);
  max_ = std::max(max_, other.max_);
  sum_ += other.sum_;
}

Duration Histogram::percentile(double percent) const {
  if (count_ == 0) return {};
  const double exact = std::ceil(percent / 100.0 * static_cast<double>(count_));
  const auto wanted = std::clamp<uint64_t>(static_cast<uint64_t>(exact), 1, count_);
  uint64_t seen = 0;
  for (uint32_t bucket = 0; bucket < kBuckets; ++bucket) {
    seen += buckets_[bucket];
    if (seen >= wanted) return {std::clamp(static_cast<int64_t>(middle_of(bucket)), min_, max_)};
  }
  return {max_};
}

Duration Histogram::mean() const {
  if (count_ == 0) return {};
  return {static_cast<int64_t>(sum_ / static_cast<long double>(count_))};
}

}  // namespace sluice::load
