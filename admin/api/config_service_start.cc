// The parts of ConfigService that run by themselves: bringing up what was active, and following what the
// data plane says later than anybody waits for.
#include <malloc.h>
#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

#include "admin/api/config_service.h"
#include "admin/api/revision_content.h"
#include "admin/link/clock.h"

namespace sluice::admin {
namespace {

// A turn takes at most the seconds of one verdict.
constexpr auto kForEver = std::chrono::hours(1);
// How often names that did not resolve are asked again.
constexpr auto kRetryEvery = std::chrono::seconds(1);
// Changes follow each other closely or not at all. Giving memory back after each would cost the next one
// its page faults (a third of its time at 100,000 routes).
constexpr int64_t kIdleMilliseconds = 5'000;

}  // namespace

ConfigService::Result ConfigService::restore(const Revision& revision) {
  auto config = config_of(revision.id);
  if (!config) return std::unexpected(std::move(config.error()));
  return compile_active(revision, std::move(*config));
}

ConfigService::Result ConfigService::compile_active(const Revision& revision, Config config) {
  auto offer = build(config, revision.id);
  auto shared = std::make_shared<const Config>(std::move(config));
  if (!offer) {
    // It was good when it was applied. The data plane goes on with what it has; retry_build() asks again.
    spdlog::error("revision {} cannot be compiled now, the data plane keeps what it serves: {}", revision.id,
                  offer.error().message);
    return std::make_shared<const ActiveConfig>(revision, std::move(shared), SnapshotOffer{});
  }
  offer->generation = revision.generation;
  offer->allow_empty = revision.allow_empty;
  return std::make_shared<const ActiveConfig>(revision, std::move(shared), std::move(*offer));
}

std::expected<void, ApplyError> ConfigService::start(const Config* file, const ApplyRequest& request) {
  {
    const Turns::Turn turn(writers_, kForEver);
    if (auto done = restore_or_apply(file, request); !done) return done;
  }
  reconciler_ = std::thread([this] { reconcile_for_ever(); });
  link_.start([this](const LinkEvent& event) {
    const std::lock_guard lock(events_mutex_);
    events_.push_back(event);
    events_changed_.notify_all();
  });
  return {};
}

std::expected<void, ApplyError> ConfigService::restore_or_apply(const Config* file,
                                                                const ApplyRequest& request) {
  const auto stored = store_.active();
  if (!stored) {
    return std::unexpected(ApplyError{.failure = ApplyFailure::storage, .message = stored.error().message});
  }
  if (stored->has_value()) {
    const Revision& revision = **stored;
    const bool is_file_known =
        file != nullptr && request.file_hash && revision.file_hash == *request.file_hash;
    // The usual restart: the active revision is the file itself, parsed a moment ago.
    Result restored = is_file_known && revision.content_hash == *request.file_hash
                          ? compile_active(revision, *file)
                          : restore(revision);
    if (restored) {
      become(std::move(*restored));
      if (file == nullptr || is_file_known) return {};
    } else if (file == nullptr) {
      return std::unexpected(std::move(restored.error()));
    } else {
      spdlog::error("revision {} cannot be read: {}; the file is applied instead", revision.id,
                    restored.error().message);
    }
  } else if (file == nullptr) {
    return std::unexpected(
        ApplyError{.failure = ApplyFailure::not_found, .message = "there is no configuration"});
  }
  const Instant began = monotonic_now();
  const auto applied = finish(apply(*file, {}, request), began);
  if (applied) {
    spdlog::info("revision {} made from the file", applied->revision.id);
    return {};
  }
  if (!active()) return std::unexpected(applied.error());
  spdlog::error("the file is not applied, revision {} stays: {}", active()->revision.id,
                applied.error().message);
  return {};
}

void ConfigService::stop() {
  {
    const std::lock_guard lock(events_mutex_);
    stopping_ = true;
  }
  events_changed_.notify_all();
  link_.stop();
  if (reconciler_.joinable()) reconciler_.join();
}

void ConfigService::reconcile_for_ever() {
  std::unique_lock lock(events_mutex_);
  while (!stopping_) {
    events_changed_.wait_for(lock, kRetryEvery, [&] { return stopping_ || !events_.empty(); });
    std::deque<LinkEvent> events = std::exchange(events_, {});
    lock.unlock();
    for (const LinkEvent& event : events) handle(event);
    if (events.empty()) {
      retry_build();
      trim_memory();
    }
    lock.lock();
  }
}

// Most verdicts were dealt with by the change that waited for them; then the generation is another one by
// the time the turn comes, and nothing is left to do.
void ConfigService::handle(const LinkEvent& event) {
  using Kind = LinkEvent::Kind;
  if (event.kind == Kind::stable) {
    spdlog::info("generation {}/{} is stable", event.generation.incarnation, event.generation.number);
  }
  if (event.kind == Kind::applied) {
    const DataPlaneView view = link_.view();
    spdlog::info("every worker serves revision {}, generation {}/{}, {} us after its offer",
                 view.applied_revision, view.applied.incarnation, view.applied.number,
                 view.last_applied.apply_microseconds);
  }
  if (event.kind != Kind::rejected && event.kind != Kind::conflict) return;
  const Turns::Turn turn(writers_, kForEver);
  const auto current = active();
  const Generation meant = event.kind == Kind::rejected ? event.generation : event.wanted;
  const RejectedMessage& rejected = event.rejection.rejected;
  const Rejection why{rejected.code, rejected.path, rejected.message};
  if (!current || current->offer.generation != meant) {
    if (event.kind == Kind::rejected) record_late_verdict(event.rejection.revision, why);
    return;
  }
  if (event.kind == Kind::conflict) {
    if (auto done = resolve_conflict(event.generation, event.hash); !done)
      spdlog::error("{}", done.error().message);
    return;
  }
  if (current->revision.verdict == Verdict::rejected) return;  // Offered again after a restart; said before.
  const ApplyError error = take_back(nullptr, why);
  note_failure(error.message);
}

// A newer revision replaced it before its verdict came; the history should still say what it was.
void ConfigService::record_late_verdict(uint64_t revision, const Rejection& why) {
  const auto known = store_.find(revision);
  if (!known || known->verdict == Verdict::rejected) return;
  if (auto recorded = store_.reject(revision, why); !recorded) spdlog::error("{}", recorded.error().message);
}

void ConfigService::trim_memory() {
  const int64_t last = reload_report().last_milliseconds;
  if (last == trimmed_after_ || unix_milliseconds() - last < kIdleMilliseconds) return;
  trimmed_after_ = last;
  malloc_trim(0);
}

void ConfigService::retry_build() {
  const Turns::Turn turn(writers_, std::chrono::milliseconds(0));
  if (!turn.is_mine()) return;
  const auto current = active();
  if (!current || current->offer.memory) return;
  Config config = *current->config;
  auto offer = build(config, current->revision.id);
  if (!offer) return;
  offer->generation = current->revision.generation;
  offer->allow_empty = current->revision.allow_empty;
  spdlog::info("revision {} could be compiled at last", current->revision.id);
  become(std::make_shared<const ActiveConfig>(
      current->revision, std::make_shared<const Config>(std::move(config)), std::move(*offer)));
}

}  // namespace sluice::admin
