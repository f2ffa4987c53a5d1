// What the workers gave up since the last look, for the log: one line per worker and second at most. The
// workers count, the keeper writes; a level that came and went between two looks is still named.
#include "dataplane/keeper/keeper.h"
#include "schemas/base/log.h"

namespace sluice::dataplane {

void Keeper::watch_pressure() {
  pressure_seen_.resize(options_.worker_count);
  for (uint32_t i = 0; i < options_.worker_count; ++i) {
    const WorkerStats& stats = stats_.page().workers[i];
    PressureSeen& seen = pressure_seen_[i];
    uint32_t highest = 0;
    bool has_moved = false;
    for (uint32_t level = 0; level < kMemoryLevels; ++level) {
      const uint64_t entered = stats.memory_level_entered[level].get();
      if (entered == seen.entered[level]) continue;
      seen.entered[level] = entered;
      has_moved = true;
      highest = level;
    }
    if (has_moved) {
      const auto now = static_cast<uint32_t>(stats.memory_level.get());
      log_line(highest == 0 ? LogLevel::info : LogLevel::warning,
               "worker %u: memory level %s, reached %s: %llu of %llu KiB held for data in transit", i,
               kMemoryLevelNames[now % kMemoryLevels], kMemoryLevelNames[highest],
               static_cast<unsigned long long>(stats.buffers_held_bytes.get() >> 10),
               static_cast<unsigned long long>(stats.memory_limit_bytes.get() >> 10));
    }
    const uint64_t shortages = stats.descriptor_shortages.get();
    if (shortages == seen.shortages) continue;
    log_line(LogLevel::warning,
             "worker %u: out of descriptors %llu times: waiting connections are closed and accepting pauses; "
             "raise the limit of open files",
             i, static_cast<unsigned long long>(shortages - seen.shortages));
    seen.shortages = shortages;
  }
}

}  // namespace sluice::dataplane
