// One worker: a thread, a ring, and everything it owns. Shared with nobody except the Shelf (read), its
// stats block and its access-log ring (written).
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>

#include "dataplane/ring/ring.h"
#include "dataplane/worker/access_log_ring.h"
#include "dataplane/worker/password_queue.h"
#include "dataplane/worker/published.h"
#include "schemas/stats_page.h"

namespace sluice::dataplane {

struct WorkerOptions {
  uint32_t index = 0;
  Shelf* shelf = nullptr;
  WorkerStats* stats = nullptr;
  AccessLogRing* access_log = nullptr;  // Null: no access log.
  PasswordQueue* passwords = nullptr;   // Null: routes with basic_auth answer 503.
  RingOptions ring;
  BufferPoolSizes buffers;
  uint32_t client_connections_max = 65536;  // Of all workers; any one may have them all.
  uint32_t origin_connections_max = 65536;
  uint32_t streams_max = 65536;
  uint64_t seed = 1;
};

class Worker {
 public:
  // Call on the thread that will run it. The error is one line for the operator.
  static std::expected<std::unique_ptr<Worker>, std::string> create(const WorkerOptions& options);
  ~Worker();
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;

  void run();       // Ticks until the phase is draining or stopping and no connection is left.
  bool run_tick();  // One tick (simulation); false when run() would return.
  void wake();      // Any thread: look at the shelf now.

  // Aborts unless slots, ops, buffers and pins add up (invariants D3, D4). Simulation, every tick.
  void check_invariants() const;

 private:
  Worker();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::dataplane
