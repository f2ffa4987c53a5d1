// The shedding ladder: how much of the memory for data in transit is in use, as steps with a distance between
// going up and coming down, so that a load that sits at an edge does not flutter. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace sluice::dataplane {

enum class MemoryLevel : uint8_t {
  normal,
  small_windows,  // From 70 %: a reader that is behind may hold a quarter of the usual.
  shed_idle,      // From 80 %: connections that wait for a request are closed, oldest first.
  pause_accept,   // From 90 %: no new connections, and the slowest readers are reset.
};
inline constexpr uint32_t kMemoryLevels = 4;
inline constexpr const char* kMemoryLevelNames[kMemoryLevels] = {"normal", "small_windows", "shed_idle",
                                                                 "pause_accept"};

inline constexpr uint32_t kLevelUpPermille[kMemoryLevels] = {0, 700, 800, 900};
inline constexpr uint32_t kLevelDistancePermille = 50;

// Up at once, as far as it takes; down only below the step by its distance.
constexpr MemoryLevel next_level(MemoryLevel current, uint32_t used_permille) {
  auto level = static_cast<uint32_t>(current);
  while (level + 1 < kMemoryLevels && used_permille >= kLevelUpPermille[level + 1]) ++level;
  while (level > 0 && used_permille + kLevelDistancePermille < kLevelUpPermille[level]) --level;
  return static_cast<MemoryLevel>(level);
}

constexpr uint32_t permille(uint64_t part, uint64_t whole) {
  if (whole == 0) return part == 0 ? 0 : 1000;
  return static_cast<uint32_t>(std::min<uint64_t>(part * 1000 / whole, 1000));
}

}  // namespace sluice::dataplane
