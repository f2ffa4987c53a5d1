// When a child that died is started again. Pure: time is passed in.
#pragma once

#include <algorithm>

#include "schemas/base/units.h"

namespace sluice::cli {

// The pause before the next start doubles from 100 ms to 5 s while starts keep failing, and begins anew once
// a child has lived for a minute: a crash now and then costs 100 ms, a crash loop costs no processor time.
class RestartPolicy {
 public:
  static constexpr Duration kPauseMin = 100_ms;
  static constexpr Duration kPauseMax = 5_s;
  static constexpr Duration kHealthyAfter = 60_s;

  // Call when the child died after living for `lifetime`; returns the pause before its next start.
  Duration on_death(Duration lifetime) {
    if (lifetime >= kHealthyAfter) pause_ = kPauseMin;
    is_fresh_ = false;
    const Duration pause = pause_;
    pause_ = std::min(pause_ * 2, kPauseMax);
    return pause;
  }
  bool is_fresh() const { return is_fresh_; }  // Never died so far.

 private:
  bool is_fresh_ = true;
  Duration pause_ = kPauseMin;
};

}  // namespace sluice::cli
