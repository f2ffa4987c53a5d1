#include "bench/load/schedule.h"

#include <algorithm>
#include <cmath>

namespace sluice::load {

// While the rate rises linearly to R over T seconds, R t^2 / (2 T) requests were due by t; R T / 2 at its
// end.
Instant Schedule::due(uint64_t number) const {
  const double ramp_seconds = static_cast<double>(ramp_.nanoseconds) / 1e9;
  const auto count = static_cast<double>(number);
  const double in_ramp = rate_ * ramp_seconds / 2;
  const double seconds = count < in_ramp ? std::sqrt(2 * ramp_seconds * count / rate_)
                                         : ramp_seconds + (count - in_ramp) / rate_;
  return start_ + Duration{static_cast<int64_t>(seconds * 1e9)};
}

uint32_t Schedule::connections_at(Instant now, uint32_t connections) const {
  if (ramp_.nanoseconds == 0 || now - start_ >= ramp_) return connections;
  const double share =
      static_cast<double>((now - start_).nanoseconds) / static_cast<double>(ramp_.nanoseconds);
  return std::clamp(static_cast<uint32_t>(share * connections) + 1, 1u, connections);
}

}  // namespace sluice::load
