// Allow and deny lists as the data plane reads them: for every address range one verdict.
#pragma once

#include <vector>

#include "admin/model/features.h"
#include "schemas/snapshot_generated.h"

namespace sluice::admin {

struct AccessSteps {
  std::vector<wire::AddressStep4> v4;
  std::vector<wire::AddressStep6> v6;
};

// The narrowest network that holds an address decides; in none it is refused when there is an `allow`.
// Neighbours with one verdict are one step. n log n of the networks.
AccessSteps access_steps(const Access& access);

}  // namespace sluice::admin
