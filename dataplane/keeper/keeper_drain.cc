// Keeper, part 5: the end. Draining lets what runs finish; stopping closes it.
#include "dataplane/keeper/clock.h"
#include "dataplane/keeper/keeper.h"
#include "schemas/base/log.h"

namespace sluice::dataplane {
namespace {

constexpr Duration kDrainDefault = Duration::seconds(30);  // As the configuration's default.
// Closing everything takes a worker one walk over its connections; a worker that needs longer hangs.
constexpr Duration kStopTime = Duration::seconds(5);

}  // namespace

void Keeper::begin_drain(const char* why) {
  if (phase_ == KeeperPhase::draining || phase_ == KeeperPhase::stopping) return;
  const Published* served = publisher_.current();
  const wire::Limits* limits = served == nullptr ? nullptr : served->snapshot->root().limits();
  const Duration time =
      limits == nullptr ? kDrainDefault : Duration::milliseconds(limits->drain_milliseconds());
  enter(KeeperPhase::draining, why);
  wait_until_ = Instant::never();
  drain_until_ = now_ + time;
  stats_.page().draining.set(1);
  shelf_.phase.store(Phase::draining, std::memory_order_release);
  publisher_.wake_all();
  listeners_.stop_listening();
  send_status();
  look_soon();
}

void Keeper::begin_stop(const char* why) {
  enter(KeeperPhase::stopping, why);
  drain_until_ = now_ + kStopTime;
  shelf_.phase.store(Phase::stopping, std::memory_order_release);
  publisher_.wake_all();
  look_soon();
}

bool Keeper::all_drained() const {
  for (uint32_t i = 0; i < options_.worker_count; ++i) {
    if (!shelf_.workers[i].drained.load(std::memory_order_acquire)) return false;
  }
  return true;
}

void Keeper::watch_drain() {
  if (phase_ != KeeperPhase::draining && phase_ != KeeperPhase::stopping) return;
  if (all_drained()) {
    drain_until_ = Instant::never();
    return enter(KeeperPhase::stopped, "every worker is empty");
  }
  if (now_ < drain_until_) return;
  if (phase_ == KeeperPhase::draining) return begin_stop("the drain time is over");
  drain_until_ = Instant::never();
  exit_code_ = 1;
  enter(KeeperPhase::stopped, "a worker did not stop in 5 s");
}

}  // namespace sluice::dataplane
