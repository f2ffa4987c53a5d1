#include "admin/link/link_state.h"

#include <algorithm>
#include <utility>

namespace sluice::admin {
namespace {

// The data plane was busy with another snapshot; its build takes milliseconds to a second.
constexpr Duration kBusyRetry = 50_ms;

}  // namespace

void LinkState::want(SnapshotOffer offer) {
  wanted_ = std::move(offer);
}

void LinkState::ask(std::shared_ptr<CheckRequest> request) {
  if (!view_.connected) {
    finish(*request, {});
    return;
  }
  checks_.push_back(std::move(request));
}

void LinkState::forget(const std::shared_ptr<CheckRequest>& request) {
  std::erase(checks_, request);
}

void LinkState::finish(CheckRequest& request, CheckVerdict verdict) {
  request.verdict = std::move(verdict);
  request.is_done = true;
}

void LinkState::connected(HelloMessage hello, std::shared_ptr<const StatsMapping> stats,
                          int64_t now_milliseconds) {
  view_.connected = true;
  view_.trouble.clear();
  view_.applied = hello.applied;
  view_.applied_hash = hello.applied_hash;
  view_.applied_revision = hello.applied_revision;
  view_.stable = hello.stable;
  view_.status = {.applied = hello.applied, .stable = hello.stable, .placement = hello.placement};
  view_.hello = std::move(hello);
  view_.stats = std::move(stats);
  view_.heard_milliseconds = now_milliseconds;
  ++view_.connections_made;
  refused_ = {};
  view_.conflict = {};
  stale_verdicts_ = 0;
  events_.push_back(
      {.kind = LinkEvent::Kind::connected, .generation = view_.applied, .hash = view_.applied_hash});
}

void LinkState::disconnected(std::string trouble) {
  const bool was_connected = std::exchange(view_.connected, false);
  view_.trouble = std::move(trouble);
  view_.stats = nullptr;
  view_.status.draining = false;
  retry_at_ = Instant::never();
  if (in_flight_ && in_flight_->check) finish(*in_flight_->check, {});
  in_flight_.reset();
  for (const auto& check : checks_) finish(*check, {});
  checks_.clear();
  if (was_connected) events_.push_back({.kind = LinkEvent::Kind::disconnected});
}

bool LinkState::received(const ControlMessage& message, Instant now, int64_t now_milliseconds) {
  view_.heard_milliseconds = now_milliseconds;
  if (const auto* status = std::get_if<StatusMessage>(&message)) {
    view_.status = *status;
    view_.stable = status->stable;
    return true;
  }
  if (const auto* stable = std::get_if<StableMessage>(&message)) {
    view_.stable = stable->generation;
    events_.push_back({.kind = LinkEvent::Kind::stable, .generation = stable->generation});
    return true;
  }
  if (const auto* verified = std::get_if<VerifiedMessage>(&message)) return on_verified(*verified);
  if (const auto* rejected = std::get_if<RejectedMessage>(&message)) {
    return on_rejected(*rejected, now, now_milliseconds);
  }
  if (const auto* applied = std::get_if<AppliedMessage>(&message)) return on_applied(*applied);
  return false;  // A second HELLO, or a message that only we send.
}

bool LinkState::on_verified(const VerifiedMessage& verified) {
  if (!in_flight_ || in_flight_->offer.generation != verified.generation) return false;
  if (in_flight_->mode == OfferMode::apply) return true;  // APPLIED or REJECTED follows.
  finish(*in_flight_->check, {.answered = true, .verify_microseconds = verified.verify_microseconds});
  in_flight_.reset();
  return true;
}

bool LinkState::on_rejected(const RejectedMessage& rejected, Instant now, int64_t now_milliseconds) {
  if (!in_flight_ || in_flight_->offer.generation != rejected.generation) return false;
  const InFlight ended = *std::exchange(in_flight_, std::nullopt);
  if (ended.mode == OfferMode::check) {
    finish(*ended.check, {.answered = true, .rejected = rejected});
    return true;
  }
  if (rejected.code == "BUSY") {
    retry_at_ = now + kBusyRetry;
    return true;
  }
  refused_ = rejected.generation;
  if (rejected.code == "STALE_GENERATION") {
    // It remembers a generation it does not serve (a crash sent it back). The next number is usually above
    // that; when it was not, only a new incarnation surely is.
    const bool is_first = stale_verdicts_++ == 0;
    note_conflict(is_first ? view_.applied : Generation{rejected.generation.incarnation, UINT64_MAX});
    return true;
  }
  ++view_.rejections;
  view_.last_rejection = RejectionReport{rejected, ended.offer.revision, now_milliseconds};
  events_.push_back({.kind = LinkEvent::Kind::rejected,
                     .generation = rejected.generation,
                     .rejection = *view_.last_rejection});
  return true;
}

bool LinkState::on_applied(const AppliedMessage& applied) {
  if (!in_flight_ || in_flight_->mode != OfferMode::apply) return false;
  if (in_flight_->offer.generation != applied.generation) return false;
  const InFlight ended = *std::exchange(in_flight_, std::nullopt);
  view_.applied = applied.generation;
  view_.applied_hash = ended.offer.hash;
  view_.applied_revision = ended.offer.revision;
  view_.last_applied = applied;
  events_.push_back({.kind = LinkEvent::Kind::applied, .generation = applied.generation});
  return true;
}

void LinkState::note_conflict(Generation seen) {
  if (!wanted_ || view_.conflict == wanted_->generation) return;
  view_.conflict = wanted_->generation;
  view_.conflict_seen = seen;
  events_.push_back({.kind = LinkEvent::Kind::conflict,
                     .generation = seen,
                     .hash = seen == view_.applied ? view_.applied_hash : ContentHash{},
                     .wanted = wanted_->generation});
}

bool LinkState::is_due(const SnapshotOffer& offer) {
  if (view_.applied == offer.generation && view_.applied_hash == offer.hash) return false;
  if (refused_ == offer.generation) return false;
  if (view_.applied >= offer.generation) {
    note_conflict(view_.applied);
    return false;
  }
  return true;
}

OutgoingOffer LinkState::launch(OfferMode mode, SnapshotOffer offer, std::shared_ptr<CheckRequest> check) {
  OutgoingOffer outgoing{.message = {.mode = mode,
                                     .generation = offer.generation,
                                     .revision = offer.revision,
                                     .bytes = offer.memory->size(),
                                     .hash = offer.hash,
                                     .allow_empty = offer.allow_empty},
                         .memory = offer.memory};
  ++view_.offers_sent;
  in_flight_ = InFlight{mode, std::move(offer), std::move(check)};
  return outgoing;
}

std::optional<OutgoingOffer> LinkState::next_offer(Instant now) {
  if (!view_.connected || in_flight_) return std::nullopt;
  if (!retry_at_.is_never() && now < retry_at_) return std::nullopt;
  retry_at_ = Instant::never();
  // While it drains it takes nothing; what is wanted goes to the one that starts after it.
  if (view_.status.draining) return std::nullopt;
  if (wanted_ && is_due(*wanted_)) return launch(OfferMode::apply, *wanted_, nullptr);
  if (checks_.empty()) return std::nullopt;
  std::shared_ptr<CheckRequest> check = std::move(checks_.front());
  checks_.pop_front();
  // A dry run takes no number from the store: one above everything known, forgotten right after.
  check->offer.generation = std::max(view_.applied, wanted_ ? wanted_->generation : Generation{});
  ++check->offer.generation.number;
  SnapshotOffer offer = check->offer;
  return launch(OfferMode::check, std::move(offer), std::move(check));
}

std::vector<LinkEvent> LinkState::take_events() {
  return std::exchange(events_, {});
}

}  // namespace sluice::admin
