// The two clocks of the admin. Pure parts (LinkState, the store) get times passed in.
#pragma once

#include <time.h>

#include <cstdint>

#include "schemas/base/units.h"

namespace sluice::admin {

inline Instant monotonic_now() {
  timespec time{};
  clock_gettime(CLOCK_MONOTONIC, &time);
  return {int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec};
}

inline int64_t unix_milliseconds() {
  timespec time{};
  clock_gettime(CLOCK_REALTIME, &time);
  return int64_t{time.tv_sec} * 1'000 + time.tv_nsec / 1'000'000;
}

}  // namespace sluice::admin
