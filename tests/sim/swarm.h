// One seed of the swarm: draws faults, sizes, configuration and scripts, runs the world, and checks at the
// end what only the whole run shows. In a calm seed (hostile in timing and portions only, everybody well
// behaved) every request has to succeed and the books have to agree exactly.
#pragma once

#include <cstdint>
#include <string>

#include "tests/sim/sim_world.h"

namespace sluice::sim {

struct SwarmParameters {
  uint64_t seed = 0;
  FaultConfig faults;
  bool is_calm = false;
  bool scripts_misbehave = false;
  bool memory_is_tiny = false;
  uint32_t clients = 0;
  uint32_t requests_per_client = 0;
  uint32_t tunnels = 0;
  uint32_t origins = 0;
  uint32_t swaps = 0;  // Snapshot publications while clients are busy.
  uint32_t placements = 0;
  uint32_t retry_attempts = 0;
  uint64_t body_bytes_max = 0;
  Duration busy_time;                // Clients start within it.
  bool limits_are_tight = false;     // Rates, deadlines, counts and sizes that some requests run into.
  bool drains_early = false;         // While clients are busy.
  bool clients_are_proxied = false;  // Connections begin with a PROXY header.
  wire::ProxyProtocol send_proxy_protocol = wire::ProxyProtocol::off;
  bool tunnels_may_idle = false;  // The idle timeout is short enough to cut a busy tunnel that was delayed.
};

struct SwarmResult {
  uint64_t requests = 0;
  uint64_t completed = 0;
  uint64_t by_proxy = 0;
  uint64_t tunnels_completed = 0;
};

SwarmParameters draw_parameters(uint64_t seed);
std::string describe(const SwarmParameters& parameters);

// Aborts on the first violation, after a report (see install_report()).
SwarmResult run_seed(const SwarmParameters& parameters);

// From now on abort() and sanitizer reports print the running seed's parameters and its latest trace.
void install_report();
// Replays with every trace line as it happens.
void set_loud(bool loud);

}  // namespace sluice::sim
