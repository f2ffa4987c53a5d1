// The one place where a checked snapshot becomes the served one, for offers and at boot. Everything that can
// fail (order, shrinkage, access log, binding new listeners) happens first and leaves no trace; then come
// steps that cannot fail, ending with the pointer swap. Keeper thread.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "dataplane/keeper/access_log_writer.h"
#include "dataplane/keeper/crash_guard.h"
#include "dataplane/keeper/listener_set.h"
#include "dataplane/keeper/offer_check.h"
#include "dataplane/keeper/shelf_publisher.h"
#include "dataplane/keeper/stats_slots.h"

namespace sluice::dataplane {

class SnapshotApplier {
 public:
  // All of them outlive the applier.
  struct Parts {
    ShelfPublisher& publisher;
    ListenerSet& listeners;
    StatsSlots& listener_slots;
    StatsSlots& pool_slots;
    AccessLogWriter& access_log;
    CrashGuard& crash_guard;
  };
  explicit SnapshotApplier(const Parts& parts) : parts_(parts) {}

  struct Outcome {
    uint64_t version = 0;
    uint32_t listeners_opened = 0;
    uint32_t listeners_closed = 0;
  };
  // An access log that cannot be opened refuses an offer; at boot serving is worth more than logging, and it
  // costs a line.
  enum class Occasion : uint8_t { offer, boot };
  std::expected<Outcome, RejectedMessage> apply(const OfferMessage& offer, CheckedSnapshot checked,
                                                Occasion occasion);

  // mode=check: says what apply() would refuse, except for order (what is only asked has no number yet).
  // Binds new addresses for a moment and lets go of them.
  std::expected<void, RejectedMessage> rehearse(const OfferMessage& offer, const CheckedSnapshot& checked);

  // Refuses what must not be served whatever it contains; null: go on. Cheap, so it is also asked before the
  // content is read.
  std::optional<RejectedMessage> refuse_by_order(const OfferMessage& offer) const;

 private:
  struct AccessLogChange {
    AccessLogFormat format;
    std::optional<AccessLogSink> sink;
    std::string key;  // Equal keys are the same configuration.
  };
  // Null: nothing changes.
  std::expected<std::optional<AccessLogChange>, RejectedMessage> prepare_access_log(
      const OfferMessage& offer, const decide::Snapshot& snapshot, bool open_it) const;
  std::expected<ListenerSet::Plan, RejectedMessage> prepare_listeners(const OfferMessage& offer,
                                                                      const decide::Snapshot& snapshot);

  Parts parts_;
  std::string access_log_key_ = "off";
};

}  // namespace sluice::dataplane
