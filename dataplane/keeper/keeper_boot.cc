// Keeper, part 2: what a restarted data plane serves before (or without) any admin.
#include <algorithm>

#include "dataplane/keeper/clock.h"
#include "dataplane/keeper/keeper.h"
#include "schemas/base/log.h"

namespace sluice::dataplane {

// The applied snapshot first, then the newest stable one, then (should their files be damaged) what was
// applied one step earlier. One that crashed us twice is left out when the disk has another that was applied
// or stable.
void Keeper::choose_boot_candidates() {
  const LastGoodPointer& pointer = boot_files_.pointer();
  for (const StoredGeneration& stored : {pointer.applied, pointer.stable}) {
    if (stored.is_set() && std::ranges::find(boot_candidates_, stored) == boot_candidates_.end()) {
      boot_candidates_.push_back(stored);
    }
  }

  const std::optional<Generation> culprit = crash_guard_.culprit();
  const auto is_not_culprit = [&](const StoredGeneration& stored) { return stored.generation != *culprit; };
  if (culprit && std::ranges::any_of(boot_candidates_, is_not_culprit)) {
    log_line(
        LogLevel::error,
        "generation %llu/%llu crashed the data plane %u times within %lld s of being applied: it is refused "
        "until a higher generation comes",
        static_cast<unsigned long long>(culprit->incarnation),
        static_cast<unsigned long long>(culprit->number), CrashGuard::kCrashesMax,
        static_cast<long long>(CrashGuard::kSuspectTime.nanoseconds / 1'000'000'000));
    crash_guard_.refuse(*culprit);
  } else if (crash_guard_.crash_count() > 0) {
    log_line(LogLevel::warning, "the data plane before this one crashed; %u in a row",
             crash_guard_.crash_count());
  }
  if (boot_files_.previous().applied.is_set()) boot_candidates_.push_back(boot_files_.previous().applied);
  std::erase_if(boot_candidates_,
                [&](const StoredGeneration& stored) { return crash_guard_.refuses(stored.generation); });

  publisher_.set_floor(pointer.applied.generation, pointer.applied.hash);
  const std::optional<Generation> refused = crash_guard_.refused();
  if (refused && *refused > pointer.applied.generation) publisher_.set_floor(*refused, {});
}

void Keeper::serve_last_good() {
  if (phase_ != KeeperPhase::serving) enter(KeeperPhase::serving, "started");
  boot_failed_ = false;
  for (const StoredGeneration& stored : boot_candidates_) {
    if (serve_stored(stored) || boot_failed_) return;
  }
  log_line(LogLevel::info, "no usable snapshot on disk; waiting for admin to send one");
}

// True: published. boot_failed_ is set when trying again later may help.
bool Keeper::serve_stored(const StoredGeneration& stored) {
  const OfferMessage offer{.generation = stored.generation,
                           .revision = stored.revision,
                           .bytes = stored.bytes,
                           .hash = stored.hash,
                           .allow_empty = true};
  std::expected<MappedBytes, std::string> mapped = boot_files_.map(stored);
  if (!mapped) {
    log_line(LogLevel::error, "%s", mapped.error().c_str());
    return false;
  }
  auto snapshot = decide::Snapshot::load(mapped->bytes(), options_.snapshot_limits);
  if (!snapshot) {
    log_line(LogLevel::error, "the snapshot on disk is refused: %s %s: %s", snapshot.error().code.c_str(),
             snapshot.error().path.c_str(), snapshot.error().message.c_str());
    return false;
  }
  auto outcome =
      applier_.apply(offer, {std::move(*mapped), std::move(*snapshot)}, SnapshotApplier::Occasion::boot);
  if (!outcome) {
    if (boot_attempts_++ % 60 == 0) {
      log_line(LogLevel::error, "cannot serve the last good snapshot: %s: %s; trying again every second",
               outcome.error().path.c_str(), outcome.error().message.c_str());
    }
    boot_failed_ = true;
    return false;
  }
  pending_.push_back({.version = outcome->version,
                      .answer = {.kind = OfferKind::snapshot,
                                 .generation = stored.generation,
                                 .listeners_opened = outcome->listeners_opened,
                                 .listeners_closed = outcome->listeners_closed},
                      .arrived = now_,
                      .stored = stored});
  look_soon();
  return true;
}

}  // namespace sluice::dataplane
