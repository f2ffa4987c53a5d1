// Keeps the data plane and the admin process running, and passes signals on. Works as PID 1: it reaps
// processes it never started. Refuses to serve or decide anything else: it holds no configuration.
//
// 1. At most one process of each kind lives; both are started at once, so that nothing waits in line.
// 2. A child that exits 1 or 2 at its first start has a configuration or environment problem that a restart
//    cannot cure: the other is stopped and the code is passed on. Every other death is followed by a restart.
// 3. The admin process outlives the data plane while stopping, so that a drain can be watched.
#pragma once

#include <cstdint>
#include <string>

#include "schemas/base/units.h"
#include "tools/cli/child.h"
#include "tools/cli/readiness.h"

namespace sluice::cli {

struct SupervisorOptions {
  std::string binary_folder;  // Where sluice-dataplane and sluice-admin are.
  std::string config_path;
  std::string data_dir;
  std::string workers;  // "auto" or a number.
  std::string admin_address;
  std::string traffic_summary;  // "http://0.0.0.0:8080", for the line that says we are serving.
  Duration drain_timeout;
};

class Supervisor {
 public:
  explicit Supervisor(const SupervisorOptions& options);
  int run();  // The exit code of the command.

 private:
  enum class Phase : uint8_t {
    running,   // Children are restarted when they die.
    draining,  // The data plane finishes what it has; the admin still answers.
    stopping,  // The data plane is gone; the admin is on its way out.
  };

  void start_due_children(Instant now);
  void take_signals(int signal_descriptor, Instant now);
  void on_stop_signal(int number, Instant now);
  void reap(Instant now);
  void on_death(Child& child, int wait_status, Instant now);
  void begin_drain(Instant now);
  void stop_at_once(Instant now);
  void enforce_deadline(Instant now);
  void wait(int signal_descriptor, Instant now);
  bool is_over() const;

  SupervisorOptions options_;
  Child data_plane_;
  Child admin_;
  Readiness readiness_;
  Phase phase_ = Phase::running;
  bool hurried_ = false;
  uint32_t interrupts_ = 0;
  Instant kill_due_ = Instant::never();
  Instant second_interrupt_due_ = Instant::never();
  int exit_code_ = 0;
};

}  // namespace sluice::cli
