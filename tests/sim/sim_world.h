// One simulated gateway: a Worker on a SimKernel, a keeper's part (publishing snapshots and placements,
// phases), scripted clients and origins around it, and the checkers that run after every tick.
//
// After every tick: Worker::check_invariants() (D3, D4, pins), the published version a worker serves with
// never goes back, nobody waits longer than kHangLimit without progress, no completion was stale.
// At the end: every descriptor closed, every op ended, every gauge zero, no snapshot pinned.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "dataplane/worker/worker.h"
#include "tests/sim/sim_client.h"
#include "tests/sim/sim_origin.h"
#include "tests/sim/sim_snapshot.h"
#include "tests/sim/sim_tunnel.h"

namespace sluice::sim {

using dataplane::AccessLogRing;
using dataplane::Phase;
using dataplane::Published;
using dataplane::PublishedPlacement;
using dataplane::Shelf;
using dataplane::Worker;
using dataplane::WorkerOptions;

// Far above every timeout of a run: what makes no progress for that long never will.
inline constexpr Duration kHangLimit = Duration::seconds(600);

struct WorldOptions {
  uint64_t seed = 1;
  FaultConfig faults;
  dataplane::BufferPoolSizes buffers{{1024, 512, 256, 96}};
  uint32_t lent_buffers_min = 8;
  uint32_t lent_buffers_max = 32;
  uint32_t client_connections_max = 256;
  uint32_t origin_connections_max = 256;
  uint32_t streams_max = 256;
};

class SimWorld {
 public:
  explicit SimWorld(const WorldOptions& options);
  ~SimWorld();

  SimKernel& kernel() { return kernel_; }
  Ledger& ledger() { return ledger_; }
  WorkerStats& stats() { return *stats_; }
  uint64_t access_records() const { return access_records_; }
  uint64_t listeners_settled() const { return shelf_->workers[0].listeners_settled.load(); }
  uint64_t snapshots_in_use();                                 // As a keeper sees it; the others are freed.
  uint64_t held_bytes_max() const { return held_bytes_max_; }  // Of buffers, over all ticks so far.

  // ---- who is there
  SimOrigin& add_origin(uint8_t last_octet, const OriginOptions& options = {});
  TunnelOrigin& add_tunnel_origin(uint8_t last_octet, bool expects_preamble = false);
  SimClient& add_client(std::vector<uint32_t> requests, const ClientOptions& options, Duration start_after);
  TunnelPlan& add_tunnel_plan();
  TunnelClient& add_tunnel_client(TunnelPlan& plan, Duration start_after);

  // ---- the keeper's part
  void publish(const SnapshotSpec& spec);
  void place(const std::vector<PeerUseSpec>& peers);
  void set_phase(Phase phase);
  void start();  // Creates the worker; publish() may come before or after.

  // ---- running
  bool tick();  // False when the worker has returned.
  bool clients_are_done() const;
  void abandon_clients();       // Nobody waits any more.
  void run_clients();           // Until every client is done.
  bool run_for(Duration time);  // Or until the worker returns.
  void drain(Duration limit);   // Draining, after `limit` stopping, until the worker returns.
  void finish();                // drain(), then the checks of the end.

  const std::vector<std::unique_ptr<SimClient>>& clients() const { return clients_; }
  const std::deque<TunnelPlan>& tunnels() const { return tunnel_plans_; }
  Worker& worker() { return *worker_; }
  std::string describe_waiting() const;

 private:
  void check_tick();
  void check_end();
  void check_progress();
  void drop_unused_snapshots();
  void drain_access_log();

  SimKernel kernel_;
  WorldOptions options_;
  Ledger ledger_;
  std::deque<TunnelPlan> tunnel_plans_;
  std::vector<std::unique_ptr<SimOrigin>> origins_;
  std::vector<std::unique_ptr<TunnelOrigin>> tunnel_origins_;
  std::vector<std::unique_ptr<SimClient>> clients_;
  std::vector<std::unique_ptr<TunnelClient>> tunnel_clients_;

  struct Edition {
    BuiltSnapshot built;
    Published published;
  };
  std::deque<std::unique_ptr<Edition>> editions_;
  std::vector<std::unique_ptr<PublishedPlacement>> placements_;
  std::unique_ptr<Shelf> shelf_;
  WorkerStats* stats_;
  std::unique_ptr<AccessLogRing> access_log_;
  AccessLogRing::Scratch scratch_;
  uint64_t access_records_ = 0;
  uint64_t held_bytes_max_ = 0;
  std::unique_ptr<Worker> worker_;
  int http_listener_ = -1;
  int tcp_listener_ = -1;
  uint64_t versions_ = 0;
  uint64_t last_generation_ = 0;
  uint64_t ticks_ = 0;
  Instant last_tick_;
  bool has_returned_ = false;
};

}  // namespace sluice::sim
