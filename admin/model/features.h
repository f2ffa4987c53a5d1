// What routes, pools and listeners may ask for beyond forwarding, as values. config.h includes it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "admin/model/place.h"

namespace sluice::admin {

// A route's requests shared out between pools by weight.
struct SplitPart {
  std::string pool;
  uint32_t weight = 1;  // 0: takes nothing.
  Place place;
  bool operator==(const SplitPart&) const = default;
};
struct ToSplit {
  std::vector<SplitPart> parts;
  bool by_client = false;  // One client address always goes to the same pool.
  bool operator==(const ToSplit&) const = default;
};

}  // namespace sluice::admin
