// When requests are due. Open loop: request k is due at a fixed time, whatever became of those before it, and
// its latency counts from there: a server that stalls for a second makes every request of that second late
// (no coordinated omission). Closed loop: a request is due when its connection is free.
#pragma once

#include <cstdint>

#include "schemas/base/units.h"

namespace sluice::load {

class Schedule {
 public:
  // `rate` requests a second from `start` on, rising from zero over `ramp`; 0: closed loop.
  Schedule(Instant start, double rate, Duration ramp) : start_(start), rate_(rate), ramp_(ramp) {}

  bool is_open() const { return rate_ > 0; }
  // The time request `number` (from 0) is due. Requires: is_open().
  Instant due(uint64_t number) const;
  // How many of `connections` may be used at `now`: they are opened one after the other over the ramp.
  uint32_t connections_at(Instant now, uint32_t connections) const;

 private:
  Instant start_;
  double rate_;
  Duration ramp_;
};

}  // namespace sluice::load
