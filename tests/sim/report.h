// What is printed when a simulated run fails, however it fails: a checker, a CHECK in the product, a
// sanitizer. The seed and every parameter first, then the latest trace.
#pragma once

#include <string>

#include "tests/sim/sim_kernel.h"
#include "tests/sim/swarm.h"

namespace sluice::sim {

// The run that is being watched. One at a time.
class ReportScope {
 public:
  ReportScope(const SwarmParameters& parameters, SimKernel& kernel);
  ~ReportScope();
  ReportScope(const ReportScope&) = delete;
  ReportScope& operator=(const ReportScope&) = delete;
};

bool is_loud();

}  // namespace sluice::sim
