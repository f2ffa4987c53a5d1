// The one path on which the active configuration changes, whoever asks: a file, the API, a rollback, a
// verdict of the data plane. Writers take turns through the whole of it (check, compile, commit, offer,
// verdict), so that a refused revision is taken back before the next one is built on it. Readers get an
// immutable copy and never wait. Any thread. The data plane's own rules decide what runs; this class only
// ever replaces what it wants to run.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

#include "admin/api/turns.h"
#include "admin/link/data_plane_link.h"
#include "admin/model/config.h"
#include "admin/model/config_error.h"
#include "admin/model/resolve.h"
#include "admin/store/store.h"

namespace sluice::admin {

struct ActiveConfig {
  Revision revision;
  std::shared_ptr<const Config> config;
  // What the data plane should serve. No memory: it could not be compiled yet (a name does not resolve).
  SnapshotOffer offer;
};

struct ApplyRequest {
  RevisionSource source = RevisionSource::api;
  std::string author;
  std::string comment;
  std::optional<uint64_t> if_match;      // The revision the caller saw.
  std::optional<ContentHash> file_hash;  // source file.
  bool allow_empty = false;
  Duration wait = 5_s;  // For the data plane's verdict.
};

enum class ApplyFailure : uint8_t {
  invalid,     // errors
  stale,       // current_revision
  not_found,   // message
  needs_flag,  // message: empty or sharply shrunk
  rejected,    // rejection, of revision `rejected_revision`; current_revision is active
  busy,        // Another change takes long.
  storage,     // message
  internal,    // message
};
struct ApplyError {
  ApplyFailure failure = ApplyFailure::internal;
  std::string message;
  ConfigErrors errors;
  uint64_t current_revision = 0;
  uint64_t rejected_revision = 0;
  Rejection rejection;
};

struct Applied {
  Revision revision;
  bool is_new = true;  // False: it was active already, nothing was written.
  Outcome outcome;     // applied, not_connected or timed_out.
  Duration taken;      // The whole of it.
};
using ApplyResult = std::expected<Applied, ApplyError>;

struct DryRun {
  CheckVerdict verdict;  // Of the data plane.
};

// How the last attempt to change the configuration ended; for metrics and health.
struct ReloadReport {
  uint64_t succeeded = 0;
  uint64_t failed = 0;
  bool last_succeeded = true;
  std::string last_error;         // One line.
  int64_t last_milliseconds = 0;  // Unix time; 0: none yet.
  Duration last_taken;
};

class ConfigService {
 public:
  // All three outlive this.
  ConfigService(Store& store, DataPlaneLink& link, Resolver resolver);
  ~ConfigService();  // Stops.

  // Brings up what should run: the active revision, or `file` when its content is not the last file
  // applied. `file` null: there is none or it is broken. Starts the link's events. Call once.
  std::expected<void, ApplyError> start(const Config* file, const ApplyRequest& request);
  void stop();

  ApplyResult apply_config(Config config, const ApplyRequest& request);
  ApplyResult put_route(std::shared_ptr<const Route> route, const ApplyRequest& request);
  ApplyResult remove_route(const std::string& name, const ApplyRequest& request);
  ApplyResult activate(uint64_t revision, const ApplyRequest& request);
  // Everything but the change itself, with the data plane's opinion when it is connected.
  std::expected<DryRun, ApplyError> check(Config config, const ApplyRequest& request);

  // Names resolve and it compiles; the data plane is not asked.
  std::expected<void, ApplyError> validate(Config config) const;

  std::shared_ptr<const ActiveConfig> active() const;  // Null before the first.
  std::expected<Config, ApplyError> config_of(uint64_t revision);
  ReloadReport reload_report() const;
  // A change that failed before it reached this class (a file that does not parse).
  void note_failure(const std::string& message);

 private:
  using Result = std::expected<std::shared_ptr<const ActiveConfig>, ApplyError>;

  ApplyResult apply(Config config, NewRevision write, const ApplyRequest& request);
  ApplyResult finish(ApplyResult result, Instant began);
  std::optional<ApplyError> refuse_before(const Config& config, const ApplyRequest& request) const;
  static void warn_about_restart(const Config& before, const Config& after);
  bool is_unchanged(Config& config) const;
  // Resolves and compiles; the offer carries no generation yet.
  std::expected<SnapshotOffer, ApplyError> build(Config& config, uint64_t revision) const;
  ApplyResult settle(const std::shared_ptr<const ActiveConfig>& previous, Duration wait);
  std::expected<void, ApplyError> resolve_conflict(Generation seen, ContentHash seen_hash);
  ApplyError take_back(const std::shared_ptr<const ActiveConfig>& previous, const Rejection& rejection);
  Result restore(const Revision& revision);
  Result compile_active(const Revision& revision, Config config);
  std::expected<void, ApplyError> restore_or_apply(const Config* file, const ApplyRequest& request);
  void become(std::shared_ptr<const ActiveConfig> active);

  void reconcile_for_ever();
  void handle(const LinkEvent& event);
  void record_late_verdict(uint64_t revision, const Rejection& why);
  void retry_build();
  void trim_memory();

  Store& store_;
  DataPlaneLink& link_;
  const Resolver resolver_;

  Turns writers_;  // Held through a whole change. Taken before the other two.

  mutable std::mutex mutex_;  // The copies that readers take.
  std::shared_ptr<const ActiveConfig> active_;
  ReloadReport report_;

  std::mutex events_mutex_;
  std::condition_variable events_changed_;
  std::deque<LinkEvent> events_;
  bool stopping_ = false;
  std::thread reconciler_;
  int64_t trimmed_after_ = 0;  // The reconciler's own: which change's memory went back already.
};

}  // namespace sluice::admin
