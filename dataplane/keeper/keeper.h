// The control thread of the data plane: takes offers from admin, boots from the last good snapshot, watches
// what the workers adopted, drains on signals. It is never on the request path: every worker goes on while
// the keeper verifies, binds, or waits.
//
// One thread; its only shared memory is the Shelf, the stats page's header and the access-log writer's
// orders.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/conn/memory_level.h"
#include "dataplane/decide/snapshot.h"
#include "dataplane/keeper/access_log_writer.h"
#include "dataplane/keeper/control_link.h"
#include "dataplane/keeper/crash_guard.h"
#include "dataplane/keeper/last_good_writer.h"
#include "dataplane/keeper/listener_set.h"
#include "dataplane/keeper/shelf_publisher.h"
#include "dataplane/keeper/snapshot_applier.h"
#include "dataplane/keeper/stats_memory.h"
#include "dataplane/keeper/stats_slots.h"
#include "schemas/base/units.h"

namespace sluice::dataplane {

enum class KeeperPhase : uint8_t {
  starting,           // Workers run, nothing is served; the last good snapshot is about to be tried.
  waiting_for_admin,  // The same, but an offer may come first (--wait-for-admin).
  serving,            // Offers are taken; what was applied last is served (nothing, before the first).
  draining,           // A signal or admin asked to end: no offers, workers finish what runs.
  stopping,           // The drain time is over or a second signal came: workers close everything.
  stopped,            // Every worker is empty; run() returns.
};

struct KeeperOptions {
  std::string data_dir;
  std::string control_socket;
  uint32_t worker_count = 1;
  uint64_t boot_id = 0;
  std::string ring_caps;
  int signal_descriptor = -1;  // A signalfd: TERM, QUIT, INT, USR1.
  Duration wait_for_admin{0};
  Duration stable_after = Duration::seconds(300);
  decide::SnapshotLimits snapshot_limits;
};

class Keeper {
 public:
  // The error is one line for the operator. Nothing runs yet.
  static std::expected<std::unique_ptr<Keeper>, std::string> create(const KeeperOptions& options,
                                                                    Shelf& shelf, StatsMemory& stats,
                                                                    AccessLogWriter& access_log,
                                                                    WorkerWaker waker);
  ~Keeper();  // Requires: the workers have ended.

  // Boots, serves, drains. Returns the process's exit code; 1 when a worker did not stop.
  int run();

 private:
  // An apply that not every worker has adopted yet.
  struct Pending {
    uint64_t version = 0;
    AppliedMessage answer;
    Instant arrived;
    uint64_t connection_number = 0;  // 0: the boot, nobody waits for an answer.
    StoredGeneration stored;
    Descriptor memfd;  // Kept until the bytes are handed to the last-good writer.
  };
  struct Bake {  // What was applied last, on its way to stable.
    StoredGeneration stored;
    Instant suspect_until;
    Instant stable_at;
    Descriptor memfd;  // Until it is on disk.
    bool survived = false;
    bool on_disk = false;
    bool stable_asked = false;
  };

  Keeper(const KeeperOptions& options, Shelf& shelf, StatsMemory& stats, AccessLogWriter& access_log,
         WorkerWaker waker, ControlLink link, CrashGuard guard, LastGood boot_files, LastGood files);

  void enter(KeeperPhase phase, const char* why);
  Instant next_deadline() const;
  void wait(Instant deadline);
  void read_signals();
  void read_control();
  void advance();

  // keeper_boot.cc
  void choose_boot_candidates();
  void serve_last_good();
  bool serve_stored(const StoredGeneration& stored);

  // keeper_offers.cc
  void take_offer(const OfferMessage& offer, Descriptor memfd);
  void take_snapshot(const OfferMessage& offer, Descriptor memfd);
  void take_placement(const OfferMessage& offer, int memfd);
  void answer_rejected(const RejectedMessage& rejection);
  void watch_adoption();
  void adopted(Pending pending);
  void send_hello();
  void send_status();

  // keeper_bake.cc
  void store_served();
  void take_disk_results();
  void watch_bake();
  void watch_pressure();

  // keeper_drain.cc
  void begin_drain(const char* why);
  void begin_stop(const char* why);
  void watch_drain();
  bool all_drained() const;

  const KeeperOptions options_;
  Shelf& shelf_;
  StatsMemory& stats_;
  struct PressureSeen {
    std::array<uint64_t, kMemoryLevels> entered{};
    uint64_t shortages = 0;
  };
  std::vector<PressureSeen> pressure_seen_;  // By worker.
  AccessLogWriter& access_log_;
  ControlLink link_;
  CrashGuard crash_guard_;
  const LastGood boot_files_;  // As they were when this process started; only read.
  LastGoodPointer disk_;       // As the writer last reported it.
  LastGoodWriter writer_;
  ListenerSet listeners_;
  ShelfPublisher publisher_;
  StatsSlots listener_slots_;
  StatsSlots pool_slots_;
  SnapshotApplier applier_;

  KeeperPhase phase_ = KeeperPhase::starting;
  Instant now_;
  Instant next_second_;
  Instant next_look_ = Instant::never();  // At the workers' slots; see look_soon().
  Duration look_pause_{0};
  Instant wait_until_ = Instant::never();   // waiting_for_admin.
  Instant drain_until_ = Instant::never();  // draining, stopping.
  Instant store_again_at_ = Instant::never();
  std::vector<Pending> pending_;
  Bake bake_;
  std::vector<StoredGeneration> boot_candidates_;  // In the order they are tried.
  bool boot_failed_ = false;  // A port of the last good snapshot is taken; tried again every second.
  uint32_t boot_attempts_ = 0;
  int exit_code_ = 0;

  // Workers do not call the keeper: after a change their slots are looked at in growing steps, 100 us to
  // 1 s (5 ms while somebody waits for an answer).
  void look_soon();
  void schedule_next_look();
};

}  // namespace sluice::dataplane
