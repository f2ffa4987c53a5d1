#include "tests/sim/swarm.h"

#include "schemas/base/check.h"
#include "tests/sim/report.h"
#include "tests/sim/swarm_plans.h"

namespace sluice::sim {
namespace {

uint64_t count_responses(const WorkerStats& stats, uint32_t listener) {
  uint64_t sum = 0;
  for (uint32_t status_class = 2; status_class < 6; ++status_class) {
    sum += stats.listeners[listener].responses[status_class].get();
  }
  return sum;
}

class SwarmRun {
 public:
  SwarmRun(const SwarmParameters& parameters, SimWorld& world)
      : parameters_(parameters), world_(world), rng_(parameters.seed ^ 0x736c75696365ULL) {}

  SwarmResult run() {
    add_origins();
    world_.publish(draw_snapshot(rng_, parameters_));
    world_.start();
    add_clients();
    schedule_keeper();
    if (parameters_.drains_early) {
      world_.run_for(parameters_.busy_time / 2);
      world_.drain(3_s);
      world_.abandon_clients();  // The gateway is gone; nobody answers what still waits in its queue.
    } else {
      world_.run_clients();
    }
    world_.finish();
    return judge();
  }

 private:
  void add_origins() {
    for (uint32_t i = 0; i < parameters_.origins; ++i) {
      world_.add_origin(static_cast<uint8_t>(kFirstWebOrigin + i), draw_origin(rng_, parameters_));
    }
    const bool is_told = parameters_.send_proxy_protocol != wire::ProxyProtocol::off;
    world_.add_tunnel_origin(kFirstTunnelOrigin, is_told);
    world_.add_tunnel_origin(kFirstTunnelOrigin + 1, is_told);
  }

  Duration draw_start() {
    return {static_cast<int64_t>(rng_.below(static_cast<uint64_t>(parameters_.busy_time.nanoseconds)))};
  }

  void add_clients() {
    for (uint32_t i = 0; i < parameters_.clients; ++i) {
      std::vector<uint32_t> requests;
      const uint64_t count = 1 + rng_.below(parameters_.requests_per_client);
      for (uint64_t j = 0; j < count; ++j) {
        RequestPlan& plan = world_.ledger().add();
        draw_request(rng_, parameters_, plan, j + 1 == count);
        requests.push_back(plan.id);
      }
      world_.add_client(std::move(requests), draw_client(rng_, parameters_), draw_start());
    }
    for (uint32_t i = 0; i < parameters_.tunnels; ++i) {
      TunnelPlan& plan = world_.add_tunnel_plan();
      draw_tunnel(rng_, parameters_, plan);
      world_.add_tunnel_client(plan, draw_start());
    }
  }

  void schedule_keeper() {
    SimKernel& kernel = world_.kernel();
    for (uint32_t i = 0; i < parameters_.swaps; ++i) {
      kernel.call_at(kernel.now() + draw_start(),
                     [this] { world_.publish(draw_snapshot(rng_, parameters_)); });
    }
    for (uint32_t i = 0; i < parameters_.placements; ++i) {
      kernel.call_at(kernel.now() + draw_start(),
                     [this] { world_.place(draw_placement(rng_, parameters_)); });
    }
  }

  SwarmResult judge() {
    SwarmResult result;
    Ledger& ledger = world_.ledger();
    for (uint32_t id = 1; id <= ledger.count(); ++id) {
      const RequestPlan& plan = ledger.plan(id);
      const RequestFacts& facts = ledger.facts(id);
      if (!facts.has_ended) fail("request %u never ended", id);
      ++result.requests;
      result.completed += facts.was_completed;
      result.by_proxy += facts.was_completed && facts.by_proxy;
      if (!parameters_.is_calm) continue;
      if (!plan.local_path.empty()) {
        if (!facts.was_completed || facts.status != plan.status) {
          fail("calm: request %u for %s was sent %d, answered %d with %u, logged as %s", id,
               plan.local_path.c_str(), facts.was_sent, facts.was_answered, facts.status,
               facts.logged_reason.c_str());
        }
        continue;
      }
      if (!facts.was_completed || facts.by_proxy) {
        fail("calm: request %u (%s) was not answered by its origin: %s, status %u, logged as %s", id,
             plan.method.c_str(),
             facts.was_completed  ? "the proxy answered"
             : facts.was_answered ? "the answer broke off"
                                  : "no answer",
             facts.status, facts.logged_reason.c_str());
      }
      if (!facts.body_complete) fail("calm: request %u was answered without its body", id);
    }
    for (const TunnelPlan& plan : world_.tunnels()) {
      result.tunnels_completed += plan.client_got_all && plan.origin_got_all;
      if (parameters_.is_calm && !(plan.client_got_all && plan.origin_got_all)) {
        fail("calm: tunnel %u: client got all %d, origin got all %d", plan.id, plan.client_got_all,
             plan.origin_got_all);
      }
    }
    judge_books(result);
    return result;
  }

  void judge_books(const SwarmResult& result) {
    const WorkerStats& stats = world_.stats();
    const uint64_t requests = stats.listeners[1].requests.get();
    if (stats.listeners[1].responses[1].get() + count_responses(stats, 1) +
            stats.listeners[1].responses[0].get() <
        result.completed) {
      fail("stats: fewer responses counted than clients completed");
    }
    if (!parameters_.is_calm) return;
    if (requests != result.requests) {
      fail("stats: %llu requests counted, clients sent %llu", static_cast<unsigned long long>(requests),
           static_cast<unsigned long long>(result.requests));
    }
    uint64_t seen[6] = {};
    for (uint32_t id = 1; id <= world_.ledger().count(); ++id) ++seen[world_.ledger().facts(id).status / 100];
    for (uint32_t status_class = 2; status_class < 6; ++status_class) {
      const uint64_t counted = stats.listeners[1].responses[status_class].get();
      if (counted != seen[status_class]) {
        fail("stats: %llu answers of class %u counted, clients saw %llu",
             static_cast<unsigned long long>(counted), status_class,
             static_cast<unsigned long long>(seen[status_class]));
      }
    }
    if (world_.access_records() + stats.access_log_dropped.get() != result.requests + parameters_.tunnels) {
      fail("access log: %llu records for %llu requests and %u tunnels",
           static_cast<unsigned long long>(world_.access_records()),
           static_cast<unsigned long long>(result.requests), parameters_.tunnels);
    }
  }

  const SwarmParameters& parameters_;
  SimWorld& world_;
  Rng rng_;
};

WorldOptions world_options(const SwarmParameters& parameters) {
  WorldOptions options;
  options.seed = parameters.seed;
  options.faults = parameters.faults;
  if (parameters.memory_is_tiny) {
    Rng rng(parameters.seed + 1);
    options.buffers = {{static_cast<uint32_t>(8 + rng.below(64)), static_cast<uint32_t>(4 + rng.below(32)),
                        static_cast<uint32_t>(2 + rng.below(16)), static_cast<uint32_t>(4 + rng.below(24))}};
    options.lent_buffers_min = 2;
    options.lent_buffers_max = static_cast<uint32_t>(2ULL << rng.below(4));
    options.client_connections_max = static_cast<uint32_t>(2 + rng.below(20));
    options.origin_connections_max = static_cast<uint32_t>(2 + rng.below(20));
    options.streams_max = static_cast<uint32_t>(2 + rng.below(20));
  }
  return options;
}

}  // namespace

SwarmParameters draw_parameters(uint64_t seed) {
  Rng rng(seed * 2 + 1);
  SwarmParameters parameters;
  parameters.seed = seed;
  parameters.is_calm = rng.chance(1, 3);
  parameters.faults = draw_faults(rng, parameters.is_calm || rng.chance(1, 6));
  parameters.scripts_misbehave = !parameters.is_calm && rng.chance(1, 2);
  parameters.memory_is_tiny = !parameters.is_calm && rng.chance(1, 6);
  parameters.limits_are_tight = !parameters.is_calm && rng.chance(1, 3);
  parameters.drains_early = !parameters.is_calm && rng.chance(1, 8);
  parameters.tunnels_may_idle = !parameters.is_calm && rng.chance(1, 2);
  parameters.clients = static_cast<uint32_t>(1 + rng.below(12));
  parameters.requests_per_client = static_cast<uint32_t>(1 + rng.below(8));
  parameters.tunnels = static_cast<uint32_t>(rng.below(4));
  parameters.origins = static_cast<uint32_t>(1 + rng.below(4));
  parameters.swaps = rng.chance(1, 2) ? static_cast<uint32_t>(rng.below(8)) : 0;
  parameters.placements = rng.chance(1, 3) ? static_cast<uint32_t>(rng.below(6)) : 0;
  parameters.retry_attempts = static_cast<uint32_t>(rng.below(4));
  parameters.body_bytes_max = 1ULL << (8 + rng.below(11));
  // Without descriptors, whoever has waited a second is closed (worker/pressure.cc); on a long path the
  // request of a calm client may still be on its way by then.
  if (parameters.is_calm && parameters.faults[Fault::path_delay] > 0) {
    parameters.faults[Fault::accept_fails] = 0;
  }
  // Byte by byte, a large body takes too long to be worth it.
  const FaultConfig& faults = parameters.faults;
  if (faults[Fault::small_window] > 4096 || faults[Fault::one_byte_receive] > 4096 ||
      faults[Fault::one_byte_send] > 4096 ||
      (faults[Fault::path_delay] > 4096 && faults.window_bytes <= 4096)) {
    parameters.body_bytes_max = std::min<uint64_t>(parameters.body_bytes_max, 2048);
  }
  parameters.busy_time = Duration::milliseconds(static_cast<int64_t>(1 + rng.below(1000)));
  parameters.clients_are_proxied = rng.chance(1, 4);
  if (rng.chance(1, 4)) parameters.send_proxy_protocol = static_cast<wire::ProxyProtocol>(1 + rng.below(2));
  return parameters;
}

std::string describe(const SwarmParameters& parameters) {
  std::string text =
      "seed " + std::to_string(parameters.seed) + (parameters.is_calm ? " (calm)" : "") +
      (parameters.scripts_misbehave ? ", scripts misbehave" : "") +
      (parameters.memory_is_tiny ? ", tiny memory" : "") +
      (parameters.limits_are_tight ? ", tight limits" : "") +
      (parameters.drains_early ? ", drains while busy" : "") +
      (parameters.clients_are_proxied ? ", PROXY headers in" : "") +
      (parameters.send_proxy_protocol != wire::ProxyProtocol::off ? ", PROXY headers out" : "") + "\n";
  text += "  " + std::to_string(parameters.clients) + " clients with up to " +
          std::to_string(parameters.requests_per_client) + " requests, " +
          std::to_string(parameters.tunnels) + " tunnels, " + std::to_string(parameters.origins) +
          " origins, " + std::to_string(parameters.swaps) + " swaps, " +
          std::to_string(parameters.placements) + " placements, " +
          std::to_string(parameters.retry_attempts) + " retries, bodies up to " +
          std::to_string(parameters.body_bytes_max) + " bytes, starts within " +
          std::to_string(parameters.busy_time.in_milliseconds()) + " ms\n";
  return text + describe(parameters.faults);
}

SwarmResult run_seed(const SwarmParameters& parameters) {
  SimWorld world(world_options(parameters));
  world.kernel().trace().set_loud(is_loud());
  ReportScope scope(parameters, world.kernel());
  return SwarmRun(parameters, world).run();
}

}  // namespace sluice::sim
