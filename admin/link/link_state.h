// What the admin knows of one data plane and what to send it next: the rules of the push protocol
// (control-plane notes 3.3) without sockets, threads or clocks. DataPlaneLink drives it.
// Rules: at most one offer in flight; only the newest wanted snapshot is ever offered; what the data plane
// already serves (equal generation and hash) is never offered; a refused one is not offered again on the
// same connection; a data plane that is ahead of us is reported as a conflict, never overwritten.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/link/sealed_memory.h"
#include "admin/link/stats_mapping.h"
#include "schemas/base/units.h"
#include "schemas/control_frame.h"

namespace sluice::admin {

struct SnapshotOffer {
  Generation generation;
  uint64_t revision = 0;
  ContentHash hash;
  std::shared_ptr<const SealedMemory> memory;
  bool allow_empty = false;
};

struct RejectionReport {
  RejectedMessage rejected;
  uint64_t revision = 0;
  int64_t at_milliseconds = 0;  // Unix time.
};

// A copy for readers; consistent in itself.
struct DataPlaneView {
  bool connected = false;
  std::string trouble;  // Why not connected, as a sentence.
  HelloMessage hello;   // Of the present or last connection.
  StatusMessage status;
  Generation applied;
  ContentHash applied_hash;
  uint64_t applied_revision = 0;
  Generation stable;
  AppliedMessage last_applied;  // Since this admin runs; generation number 0: none yet.
  std::optional<RejectionReport> last_rejection;
  Generation conflict;       // A wanted generation that is not above what is applied.
  Generation conflict_seen;  // What that must be above.
  uint64_t offers_sent = 0;
  uint64_t rejections = 0;
  uint64_t connections_made = 0;
  int64_t heard_milliseconds = 0;             // Unix time of the last message.
  std::shared_ptr<const StatsMapping> stats;  // Null without a connection or a usable page.
};

struct LinkEvent {
  enum class Kind : uint8_t { connected, disconnected, applied, rejected, stable, conflict };
  Kind kind = Kind::connected;
  Generation generation;      // applied, rejected, stable: which. conflict: what the data plane has.
  ContentHash hash;           // conflict: of what the data plane has.
  Generation wanted;          // conflict: what we would have offered.
  RejectionReport rejection;  // rejected.
};

struct CheckVerdict {
  bool answered = false;  // False: no data plane, or it went away.
  std::optional<RejectedMessage> rejected;
  uint64_t verify_microseconds = 0;
};
// A dry run that somebody waits for.
struct CheckRequest {
  SnapshotOffer offer;
  bool is_done = false;
  CheckVerdict verdict;
};

// One offer to send now.
struct OutgoingOffer {
  OfferMessage message;
  std::shared_ptr<const SealedMemory> memory;
};

class LinkState {
 public:
  const DataPlaneView& view() const { return view_; }

  void want(SnapshotOffer offer);
  void ask(std::shared_ptr<CheckRequest> request);
  void forget(const std::shared_ptr<CheckRequest>& request);  // Nobody waits any more.

  void connected(HelloMessage hello, std::shared_ptr<const StatsMapping> stats, int64_t now_milliseconds);
  void disconnected(std::string trouble);
  // False: a message that a data plane never sends at this point; close the connection.
  bool received(const ControlMessage& message, Instant now, int64_t now_milliseconds);

  // The offer that is due, which is in flight from now on.
  std::optional<OutgoingOffer> next_offer(Instant now);
  // When next_offer() should be asked again although nothing happens.
  Instant retry_at() const { return retry_at_; }
  std::vector<LinkEvent> take_events();

 private:
  struct InFlight {
    OfferMode mode = OfferMode::apply;
    SnapshotOffer offer;
    std::shared_ptr<CheckRequest> check;
  };
  bool is_due(const SnapshotOffer& offer);
  OutgoingOffer launch(OfferMode mode, SnapshotOffer offer, std::shared_ptr<CheckRequest> check);
  bool on_verified(const VerifiedMessage& verified);
  bool on_rejected(const RejectedMessage& rejected, Instant now, int64_t now_milliseconds);
  bool on_applied(const AppliedMessage& applied);
  void note_conflict(Generation seen);
  static void finish(CheckRequest& request, CheckVerdict verdict);

  DataPlaneView view_;
  std::optional<SnapshotOffer> wanted_;
  std::optional<InFlight> in_flight_;
  std::deque<std::shared_ptr<CheckRequest>> checks_;
  Generation refused_;           // On this connection.
  uint32_t stale_verdicts_ = 0;  // On this connection.
  Instant retry_at_ = Instant::never();
  std::vector<LinkEvent> events_;
};

}  // namespace sluice::admin
