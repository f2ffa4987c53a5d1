// Keeper, part 4: from applied to stable. A snapshot that lived through its bake time and is on disk becomes
// the one that a crash loop falls back to.
#include <fcntl.h>

#include "dataplane/keeper/keeper.h"
#include "schemas/base/log.h"

namespace sluice::dataplane {
namespace {

constexpr Duration kStoreRetryPause = Duration::seconds(10);

}  // namespace

// Without a memfd the snapshot came from disk at boot, and only the pointer may have to move.
void Keeper::store_served() {
  if (bake_.on_disk) return;
  if (!bake_.memfd.is_open()) return writer_.point_at(bake_.stored);
  Descriptor copy(fcntl(bake_.memfd.get(), F_DUPFD_CLOEXEC, 3));
  if (copy.is_open()) return writer_.store(bake_.stored, std::move(copy));
  store_again_at_ = now_ + kStoreRetryPause;
}

void Keeper::take_disk_results() {
  for (const LastGoodWriter::Result& result : writer_.take_results()) {
    const bool is_current = result.stored == bake_.stored;
    if (!result.error.empty()) {
      log_line(LogLevel::error, "a restart would serve an older snapshot: %s; trying again in 10 s",
               result.error.c_str());
      store_again_at_ = now_ + kStoreRetryPause;
      if (is_current) bake_.stable_asked = false;
      continue;
    }
    if (result.kind == LastGoodWriter::Result::Kind::stored) {
      disk_.applied = result.stored;
      if (is_current) {
        bake_.on_disk = true;
        bake_.memfd.reset(-1);
      }
      continue;
    }
    disk_.stable = result.stored;
    stats_.page().stable_generation.set(result.stored.generation.number);
    log_line(LogLevel::info, "snapshot %llu/%llu is stable",
             static_cast<unsigned long long>(result.stored.generation.incarnation),
             static_cast<unsigned long long>(result.stored.generation.number));
    link_.send(encode_stable({.generation = result.stored.generation}));
    send_status();
  }
}

void Keeper::watch_bake() {
  if (!bake_.stored.is_set()) return;
  if (!bake_.survived && now_ >= bake_.suspect_until) {
    bake_.survived = true;
    crash_guard_.survived();
  }
  if (!bake_.on_disk && now_ >= store_again_at_) {
    store_again_at_ = Instant::never();
    store_served();
  }
  if (bake_.on_disk && !bake_.stable_asked && now_ >= bake_.stable_at && disk_.stable != bake_.stored) {
    bake_.stable_asked = true;
    writer_.mark_stable(bake_.stored.generation);
  }
}

}  // namespace sluice::dataplane
