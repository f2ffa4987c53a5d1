// Keeper, part 3: offers and their answers. VERIFIED: the content is right. APPLIED: every worker serves it.
// REJECTED: nothing changed.
#include <fcntl.h>
#include <malloc.h>

#include <algorithm>

#include "dataplane/keeper/clock.h"
#include "dataplane/keeper/keeper.h"
#include "schemas/base/log.h"

namespace sluice::dataplane {
namespace {

// What this build reads; snapshots of a later schema are refused by the loader.
constexpr uint32_t kSchemaVersionMax = 1;

LogLimit rejection_lines(5);
LogLimit applied_lines(5);

const char* describe(OfferKind kind) {
  return kind == OfferKind::snapshot ? "snapshot" : "placement";
}

}  // namespace

void Keeper::take_offer(const OfferMessage& offer, Descriptor memfd) {
  if (phase_ == KeeperPhase::draining || phase_ == KeeperPhase::stopping) {
    return answer_rejected(reject(offer, "BUSY", "", "the data plane is draining"));
  }
  if (offer.kind == OfferKind::placement) return take_placement(offer, memfd.get());
  take_snapshot(offer, std::move(memfd));
  // An offer that was refused does not keep what is on disk from being served.
  if (phase_ == KeeperPhase::waiting_for_admin && offer.mode == OfferMode::apply) {
    wait_until_ = Instant::never();
    if (publisher_.current() == nullptr) return serve_last_good();
    enter(KeeperPhase::serving, "the first offer was applied");
  }
}

void Keeper::take_snapshot(const OfferMessage& offer, Descriptor memfd) {
  const Instant arrived = monotonic_now();
  const bool is_check = offer.mode == OfferMode::check;
  if (!is_check) {
    if (auto refusal = applier_.refuse_by_order(offer)) return answer_rejected(*refusal);
    if (publisher_.order_of(offer.generation, offer.hash) == OfferOrder::same) {
      // Admin did not see the first answer (it restarted, or we were slow): the same answer again.
      pending_.push_back({.version = publisher_.current()->version,
                          .answer = {.kind = OfferKind::snapshot, .generation = offer.generation},
                          .arrived = arrived,
                          .connection_number = link_.connection_number(),
                          .stored = {}});
      return look_soon();
    }
  }
  auto checked = check_snapshot_offer(offer, memfd.get(), options_.snapshot_limits);
  if (!checked) return answer_rejected(checked.error());
  if (is_check) {
    if (auto fits = applier_.rehearse(offer, *checked); !fits) return answer_rejected(fits.error());
  }
  link_.send(encode_verified(
      {.kind = offer.kind,
       .mode = offer.mode,
       .generation = offer.generation,
       .verify_microseconds = static_cast<uint64_t>((monotonic_now() - arrived).in_microseconds())}));
  if (is_check) return;

  auto outcome = applier_.apply(offer, std::move(*checked), SnapshotApplier::Occasion::offer);
  if (!outcome) return answer_rejected(outcome.error());
  boot_failed_ = false;
  pending_.push_back({.version = outcome->version,
                      .answer = {.kind = OfferKind::snapshot,
                                 .generation = offer.generation,
                                 .listeners_opened = outcome->listeners_opened,
                                 .listeners_closed = outcome->listeners_closed},
                      .arrived = arrived,
                      .connection_number = link_.connection_number(),
                      .stored = {offer.generation, offer.hash, offer.bytes, offer.revision},
                      .memfd = std::move(memfd)});
  look_soon();
}

void Keeper::take_placement(const OfferMessage& offer, int memfd) {
  const Instant arrived = monotonic_now();
  const auto pend = [&](uint64_t version) {
    pending_.push_back({.version = version,
                        .answer = {.kind = OfferKind::placement, .generation = offer.generation},
                        .arrived = arrived,
                        .connection_number = link_.connection_number(),
                        .stored = {}});
    look_soon();
  };
  const OfferOrder order = publisher_.placement_order_of(offer.generation, offer.hash);
  const bool is_check = offer.mode == OfferMode::check;
  if (!is_check) {
    if (order == OfferOrder::same) {
      return pend(shelf_.placement.load(std::memory_order_relaxed)->version);
    }
    if (order == OfferOrder::conflict) {
      log_line(LogLevel::error,
               "ALARM: two different placements claim generation %llu/%llu; the served one stays",
               static_cast<unsigned long long>(offer.generation.incarnation),
               static_cast<unsigned long long>(offer.generation.number));
    }
    if (order != OfferOrder::newer) {
      return answer_rejected(reject(offer, "STALE_GENERATION", "",
                                    order == OfferOrder::stale
                                        ? "a newer placement is served"
                                        : "this generation is served with other content"));
    }
  }
  auto placement = check_placement_offer(offer, memfd);
  if (!placement) return answer_rejected(placement.error());
  link_.send(encode_verified(
      {.kind = offer.kind,
       .mode = offer.mode,
       .generation = offer.generation,
       .verify_microseconds = static_cast<uint64_t>((monotonic_now() - arrived).in_microseconds())}));
  if (is_check) return;
  pend(publisher_.publish_placement(offer.generation, offer.hash, std::move(*placement)));
}

void Keeper::answer_rejected(const RejectedMessage& rejection) {
  log_limited(rejection_lines, LogLevel::warning, "rejected %s %llu/%llu: %s %s%s%s",
              describe(rejection.kind), static_cast<unsigned long long>(rejection.generation.incarnation),
              static_cast<unsigned long long>(rejection.generation.number), rejection.code.c_str(),
              rejection.path.c_str(), rejection.path.empty() ? "" : ": ", rejection.message.c_str());
  link_.send(encode_rejected(rejection));
}

void Keeper::watch_adoption() {
  std::vector<Pending> waiting;
  std::vector<Pending> done;
  for (Pending& pending : pending_) {
    const bool is_adopted = pending.answer.kind == OfferKind::snapshot
                                ? publisher_.is_adopted(pending.version)
                                : publisher_.is_placement_adopted(pending.version);
    (is_adopted ? done : waiting).push_back(std::move(pending));
  }
  pending_ = std::move(waiting);
  for (Pending& pending : done) adopted(std::move(pending));
  listeners_.close_settled(publisher_.listeners_settled_by_all());
  // What a retired snapshot held goes back to the system, so that a storm of reloads leaves no trace.
  if (publisher_.free_retired() > 0) malloc_trim(0);
}

void Keeper::adopted(Pending pending) {
  AppliedMessage& answer = pending.answer;
  answer.apply_microseconds = static_cast<uint64_t>((now_ - pending.arrived).in_microseconds());
  if (pending.connection_number != 0 && pending.connection_number == link_.connection_number()) {
    link_.send(encode_applied(answer));
  }
  if (answer.kind == OfferKind::placement || !pending.stored.is_set()) return;
  log_limited(applied_lines, LogLevel::info,
              "applied snapshot %llu/%llu (revision %llu) in %llu us: listeners %u opened, %u closed",
              static_cast<unsigned long long>(answer.generation.incarnation),
              static_cast<unsigned long long>(answer.generation.number),
              static_cast<unsigned long long>(pending.stored.revision),
              static_cast<unsigned long long>(answer.apply_microseconds), answer.listeners_opened,
              answer.listeners_closed);
  if (publisher_.applied() != answer.generation) return;  // Superseded while the workers adopted it.
  stats_.page().applied_generation.set(answer.generation.number);
  bake_ = {.stored = pending.stored,
           .suspect_until = now_ + CrashGuard::kSuspectTime,
           .stable_at = now_ + options_.stable_after,
           .memfd = std::move(pending.memfd),
           .on_disk = disk_.applied == pending.stored};
  store_again_at_ = Instant::never();
  store_served();
  send_status();
}

void Keeper::send_hello() {
  HelloMessage hello{.boot_id = options_.boot_id,
                     .pid = getpid(),
                     .version = SLUICE_VERSION,
                     .schema_max = kSchemaVersionMax,
                     .workers = options_.worker_count,
                     .applied = publisher_.applied(),
                     .applied_hash = publisher_.applied_hash(),
                     .applied_revision = publisher_.applied_revision(),
                     .stable = disk_.stable.generation,
                     .placement = publisher_.placement(),
                     .crash_count = crash_guard_.crash_count(),
                     .ring_caps = options_.ring_caps};
  if (const std::optional<Generation> refused = crash_guard_.refused()) hello.refused.push_back(*refused);
  link_.send(encode_hello(hello), stats_.descriptor());
}

void Keeper::send_status() {
  if (link_.connection_descriptor() < 0) return;
  StatusMessage status{.applied = publisher_.applied(),
                       .stable = disk_.stable.generation,
                       .placement = publisher_.placement(),
                       .draining = phase_ == KeeperPhase::draining || phase_ == KeeperPhase::stopping,
                       .pinned_generations = publisher_.retired_generations()};
  const StatsPage& page = stats_.page();
  for (uint32_t i = 0; i < options_.worker_count; ++i) {
    status.connections += page.workers[i].client_connections.get();
    status.streams += page.workers[i].streams_open.get();
  }
  link_.send(encode_status(status));
}

}  // namespace sluice::dataplane
