#include "bench/load/histogram.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

#include "schemas/base/rng.h"

namespace sluice::load {
namespace {

TEST(LoadHistogram, EmptyAnswersZero) {
  const Histogram histogram;
  EXPECT_EQ(histogram.count(), 0U);
  EXPECT_EQ(histogram.percentile(99).nanoseconds, 0);
  EXPECT_EQ(histogram.min().nanoseconds, 0);
  EXPECT_EQ(histogram.mean().nanoseconds, 0);
}

TEST(LoadHistogram, SmallValuesAreExact) {
  Histogram histogram;
  for (int i = 1; i <= 100; ++i) histogram.record({i});
  EXPECT_EQ(histogram.percentile(50).nanoseconds, 50);
  EXPECT_EQ(histogram.percentile(99).nanoseconds, 99);
  EXPECT_EQ(histogram.percentile(99.9).nanoseconds, 100);
  EXPECT_EQ(histogram.percentile(0).nanoseconds, 1);
  EXPECT_EQ(histogram.mean().nanoseconds, 50);
  EXPECT_EQ(histogram.min().nanoseconds, 1);
  EXPECT_EQ(histogram.max().nanoseconds, 100);
}

// Against sorted values, over nine powers of ten.
TEST(LoadHistogram, PercentilesAreWithinAFifthOfAPercent) {
  Rng rng(5);
  Histogram first;
  Histogram second;
  std::vector<int64_t> all;
  for (int i = 0; i < 200'000; ++i) {
    const auto exponent = static_cast<double>(rng.below(9'000)) / 1'000;
    const auto value = static_cast<int64_t>(std::pow(10.0, exponent) * 100);
    all.push_back(value);
    (i % 3 == 0 ? first : second).record({value});
  }
  first.merge(second);
  std::sort(all.begin(), all.end());
  EXPECT_EQ(first.count(), all.size());
  for (const double percent : {1.0, 10.0, 50.0, 90.0, 99.0, 99.9, 99.99}) {
    const auto rank = static_cast<size_t>(std::ceil(percent / 100 * static_cast<double>(all.size())));
    const auto exact = static_cast<double>(all[rank - 1]);
    EXPECT_NEAR(static_cast<double>(first.percentile(percent).nanoseconds), exact, exact * 0.002) << percent;
  }
  EXPECT_EQ(first.max().nanoseconds, all.back());
}

TEST(LoadHistogram, WhatIsLongerThanItsRangeStillCounts) {
  Histogram histogram;
  histogram.record(Duration::seconds(3600));
  EXPECT_EQ(histogram.count(), 1U);
  EXPECT_EQ(histogram.max(), Duration::seconds(3600));
  histogram.record({-5});  // A clock that stood still.
  EXPECT_EQ(histogram.min().nanoseconds, 0);
}

}  // namespace
}  // namespace sluice::load
