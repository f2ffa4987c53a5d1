#include "admin/api/config_service.h"

#include <spdlog/spdlog.h>

#include <chrono>
#include <utility>

#include "admin/api/revision_content.h"
#include "admin/api/shrink_rule.h"
#include "admin/compile/compile.h"
#include "admin/link/clock.h"
#include "admin/model/edit.h"
#include "admin/model/print.h"

namespace sluice::admin {
namespace {

// A writer waits this long for its turn. One turn takes at most the five seconds of the data plane's verdict.
constexpr auto kTurnPatience = std::chrono::seconds(10);

ApplyError storage_error(const StoreError& error) {
  const bool is_missing = error.kind == StoreErrorKind::not_found;
  return {.failure = is_missing ? ApplyFailure::not_found : ApplyFailure::storage, .message = error.message};
}

ApplyError invalid(ConfigErrors errors) {
  std::string message = errors.empty() ? "the configuration is invalid" : to_text(errors.front());
  return {.failure = ApplyFailure::invalid, .message = std::move(message), .errors = std::move(errors)};
}

// Says nothing about the configuration; nobody should be woken up by a writer who came second.
bool is_callers_mistake(ApplyFailure failure) {
  return failure == ApplyFailure::stale || failure == ApplyFailure::not_found ||
         failure == ApplyFailure::busy;
}

Rejection rejection_of(const RejectedMessage& message) {
  return {message.code, message.path, message.message};
}

}  // namespace

ConfigService::ConfigService(Store& store, DataPlaneLink& link, Resolver resolver)
    : store_(store), link_(link), resolver_(std::move(resolver)) {}

ConfigService::~ConfigService() {
  stop();
}

std::shared_ptr<const ActiveConfig> ConfigService::active() const {
  const std::lock_guard lock(mutex_);
  return active_;
}

ReloadReport ConfigService::reload_report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

void ConfigService::note_failure(const std::string& message) {
  const std::lock_guard lock(mutex_);
  ++report_.failed;
  report_.last_succeeded = false;
  report_.last_error = message;
  report_.last_milliseconds = unix_milliseconds();
}

void ConfigService::become(std::shared_ptr<const ActiveConfig> active) {
  if (active->offer.memory) link_.want(active->offer);
  const std::lock_guard lock(mutex_);
  active_ = std::move(active);
}

std::expected<Config, ApplyError> ConfigService::config_of(uint64_t revision) {
  const auto content = store_.content(revision);
  if (!content) return std::unexpected(storage_error(content.error()));
  auto config = admin::config_of(*content);
  if (!config) return std::unexpected(invalid(std::move(config.error())));
  return std::move(*config);
}

// ---- changes

ApplyResult ConfigService::apply_config(Config config, const ApplyRequest& request) {
  const Instant began = monotonic_now();
  const Turns::Turn turn(writers_, kTurnPatience);
  if (!turn.is_mine()) return finish(std::unexpected(ApplyError{.failure = ApplyFailure::busy}), began);
  return finish(apply(std::move(config), {}, request), began);
}

ApplyResult ConfigService::put_route(std::shared_ptr<const Route> route, const ApplyRequest& request) {
  const Instant began = monotonic_now();
  const Turns::Turn turn(writers_, kTurnPatience);
  if (!turn.is_mine()) return finish(std::unexpected(ApplyError{.failure = ApplyFailure::busy}), began);
  const auto before = active();
  if (!before) {
    return finish(std::unexpected(ApplyError{.failure = ApplyFailure::not_found,
                                             .message = "no configuration is active yet; put one first"}),
                  began);
  }
  auto edited = admin::put_route(*before->config, route);
  if (!edited) return finish(std::unexpected(invalid(std::move(edited.error()))), began);
  return finish(apply(std::move(*edited), {.patch = patch_of(*route)}, request), began);
}

ApplyResult ConfigService::remove_route(const std::string& name, const ApplyRequest& request) {
  const Instant began = monotonic_now();
  const Turns::Turn turn(writers_, kTurnPatience);
  if (!turn.is_mine()) return finish(std::unexpected(ApplyError{.failure = ApplyFailure::busy}), began);
  const auto before = active();
  if (!before || before->config->find_route(name) == nullptr) {
    return std::unexpected(
        ApplyError{.failure = ApplyFailure::not_found, .message = "there is no route \"" + name + "\""});
  }
  auto edited = admin::remove_route(*before->config, name);
  if (!edited) return finish(std::unexpected(invalid(std::move(edited.error()))), began);
  return finish(apply(std::move(*edited), {.patch = patch_of_removal(name)}, request), began);
}

ApplyResult ConfigService::activate(uint64_t revision, const ApplyRequest& request) {
  const Instant began = monotonic_now();
  const Turns::Turn turn(writers_, kTurnPatience);
  if (!turn.is_mine()) return finish(std::unexpected(ApplyError{.failure = ApplyFailure::busy}), began);
  auto config = config_of(revision);
  if (!config) return finish(std::unexpected(std::move(config.error())), began);
  return finish(apply(std::move(*config), {.rollback_of = revision}, request), began);
}

ApplyResult ConfigService::finish(ApplyResult result, Instant began) {
  const Duration taken = monotonic_now() - began;
  if (result) {
    result->taken = taken;
  } else if (result.error().failure == ApplyFailure::busy) {
    result.error().message = "another change is being applied; try again";
  }
  if (!result && is_callers_mistake(result.error().failure)) return result;
  const std::lock_guard lock(mutex_);
  ++(result ? report_.succeeded : report_.failed);
  report_.last_succeeded = result.has_value();
  report_.last_error = result ? "" : result.error().message;
  report_.last_milliseconds = unix_milliseconds();
  report_.last_taken = taken;
  return result;
}

std::optional<ApplyError> ConfigService::refuse_before(const Config& config,
                                                       const ApplyRequest& request) const {
  const auto before = active();
  const uint64_t current = before ? before->revision.id : 0;
  if (request.if_match && *request.if_match != current) {
    return ApplyError{.failure = ApplyFailure::stale,
                      .message = "revision " + std::to_string(*request.if_match) +
                                 " is no longer active, revision " + std::to_string(current) +
                                 " is; read it and make the change on it",
                      .current_revision = current};
  }
  if (request.allow_empty) return std::nullopt;
  auto refused = refuse_shrink(before ? before->config.get() : nullptr, config);
  if (!refused) return std::nullopt;
  return ApplyError{.failure = ApplyFailure::needs_flag, .message = *refused, .current_revision = current};
}

std::expected<SnapshotOffer, ApplyError> ConfigService::build(Config& config, uint64_t revision) const {
  if (ConfigErrors errors = resolve_addresses(config, resolver_); !errors.empty()) {
    return std::unexpected(invalid(std::move(errors)));
  }
  const auto bytes = compile(config, revision);
  if (!bytes) return std::unexpected(invalid(bytes.error()));
  auto memory = SealedMemory::create(*bytes);
  if (!memory)
    return std::unexpected(ApplyError{.failure = ApplyFailure::internal, .message = memory.error()});
  return SnapshotOffer{.revision = revision, .hash = content_hash(*bytes), .memory = std::move(*memory)};
}

// Equal text is not enough: names may resolve to other addresses than when it was applied.
bool ConfigService::is_unchanged(Config& config) const {
  const auto before = active();
  if (!before || !before->offer.memory || before->revision.verdict == Verdict::rejected) return false;
  if (!(config == *before->config)) return false;
  const auto same = build(config, before->revision.id);
  return same && same->hash == before->offer.hash;
}

// Some keys are read once by their process.
void ConfigService::warn_about_restart(const Config& before, const Config& after) {
  const auto warn = [](const char* key) {
    spdlog::warn("{} changed; it takes effect when the gateway starts again", key);
  };
  if (!(before.admin == after.admin)) warn("admin");
  if (before.workers != after.workers) warn("workers");
  if (before.data_dir != after.data_dir) warn("data_dir");
}

ApplyResult ConfigService::apply(Config config, NewRevision write, const ApplyRequest& request) {
  if (auto refused = refuse_before(config, request)) return std::unexpected(std::move(*refused));
  const auto previous = active();
  if (is_unchanged(config)) {
    const Outcome outcome = link_.wait(previous->offer.generation, request.wait);
    return Applied{.revision = previous->revision, .is_new = false, .outcome = outcome};
  }
  const auto next_id = store_.next_id();
  if (!next_id) return std::unexpected(storage_error(next_id.error()));
  auto offer = build(config, *next_id);
  if (!offer) return std::unexpected(std::move(offer.error()));

  write.source = write.rollback_of != 0 ? RevisionSource::rollback : request.source;
  write.author = request.author;
  write.comment = request.comment;
  write.file_hash = request.file_hash;
  write.allow_empty = request.allow_empty;
  write.now_milliseconds = unix_milliseconds();
  write.document = [&config] { return to_json(config); };
  const auto revision = store_.activate(write);
  if (!revision) return std::unexpected(storage_error(revision.error()));
  if (revision->id != *next_id) {  // Only a second writer could do this, and the data directory is locked.
    return std::unexpected(ApplyError{.failure = ApplyFailure::internal,
                                      .message = "another process writes this database; stop it"});
  }
  if (previous) warn_about_restart(*previous->config, config);
  offer->generation = revision->generation;
  offer->allow_empty = revision->allow_empty;
  become(std::make_shared<const ActiveConfig>(*revision, std::make_shared<const Config>(std::move(config)),
                                              std::move(*offer)));
  return settle(previous, request.wait);
}

// ---- the data plane's verdict

ApplyResult ConfigService::settle(const std::shared_ptr<const ActiveConfig>& previous, Duration wait) {
  for (;;) {
    const auto current = active();
    const Outcome outcome = link_.wait(current->offer.generation, wait);
    if (outcome.kind == OutcomeKind::rejected) {
      return std::unexpected(take_back(previous, rejection_of(outcome.rejected)));
    }
    if (outcome.kind != OutcomeKind::conflict)
      return Applied{.revision = current->revision, .outcome = outcome};
    if (auto raised = resolve_conflict(outcome.seen, outcome.seen_hash); !raised) {
      return std::unexpected(std::move(raised.error()));
    }
  }
}

std::expected<void, ApplyError> ConfigService::resolve_conflict(Generation seen, ContentHash seen_hash) {
  const auto current = active();
  const bool is_ours = seen_hash == current->offer.hash;
  const auto moved = is_ours ? store_.adopt_generation(seen) : store_.raise_generation(seen);
  if (!moved) return std::unexpected(storage_error(moved.error()));
  if (is_ours) {
    spdlog::info("the data plane serves revision {} already, under generation {}/{}; continuing from there",
                 current->revision.id, seen.incarnation, seen.number);
  } else {
    spdlog::warn(
        "the data plane has generation {}/{}, which this database does not know (was it lost or restored?); "
        "revision {} is offered under {}/{}",
        seen.incarnation, seen.number, moved->id, moved->generation.incarnation, moved->generation.number);
  }
  auto offer = current->offer;
  offer.generation = moved->generation;
  become(std::make_shared<const ActiveConfig>(*moved, current->config, std::move(offer)));
  return {};
}

ApplyError ConfigService::take_back(const std::shared_ptr<const ActiveConfig>& previous,
                                    const Rejection& rejection) {
  const auto refused = active();
  ApplyError error{.failure = ApplyFailure::rejected,
                   .message = "the data plane refused revision " + std::to_string(refused->revision.id) +
                              ": " + rejection.code +
                              (rejection.path.empty() ? "" : " at " + rejection.path) + ": " +
                              rejection.message,
                   .rejected_revision = refused->revision.id,
                   .rejection = rejection};
  const auto back = store_.reject(refused->revision.id, rejection);
  if (!back) return storage_error(back.error());
  error.current_revision = back->id;
  spdlog::error("{}; revision {} is active", error.message, back->id);
  if (back->id == refused->revision.id) {  // Nothing older to go back to: it stays wanted, and says so.
    become(std::make_shared<const ActiveConfig>(*back, refused->config, refused->offer));
    return error;
  }
  if (previous && previous->revision.id == back->id && previous->offer.memory) {
    become(std::make_shared<const ActiveConfig>(*back, previous->config, previous->offer));
  } else if (auto restored = restore(*back); restored) {
    become(std::move(*restored));
  } else {
    spdlog::error("revision {} cannot be brought back: {}", back->id, restored.error().message);
  }
  return error;
}

std::expected<void, ApplyError> ConfigService::validate(Config config) const {
  const auto offer = build(config, 1);
  if (!offer) return std::unexpected(offer.error());
  return {};
}

std::expected<DryRun, ApplyError> ConfigService::check(Config config, const ApplyRequest& request) {
  if (auto refused = refuse_before(config, request)) return std::unexpected(std::move(*refused));
  const auto next_id = store_.next_id();
  if (!next_id) return std::unexpected(storage_error(next_id.error()));
  auto offer = build(config, *next_id);
  if (!offer) return std::unexpected(std::move(offer.error()));
  offer->allow_empty = request.allow_empty;
  return DryRun{link_.check(std::move(*offer), request.wait)};
}

}  // namespace sluice::admin
