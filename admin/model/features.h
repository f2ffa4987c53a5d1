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

// A pool's signed cookie, which sends a client back to the member that served it.
enum class SameSite : uint8_t { lax, strict, none };
struct Sticky {
  std::string cookie;
  std::vector<std::string> keys;  // The first signs, all verify.
  uint32_t max_age_seconds = 0;   // 0: as long as the browser's session.
  std::string path = "/";
  std::string domain;  // Empty: the host alone.
  SameSite same_site = SameSite::lax;
  bool http_only = true;
  bool secure = false;
  bool operator==(const Sticky&) const = default;
};

}  // namespace sluice::admin
