// GET /api/v1/status, /health and the probe pages: what this gateway is, what it should serve, what its
// data plane serves, and whether traffic should come here. Live, ready and the state of origins are kept
// apart: a dead origin never makes a gateway unready (K2-03, K2-05).
#pragma once

#include <map>
#include <mutex>
#include <string>

#include "admin/api/gateway_facts.h"
#include "admin/api/http_types.h"
#include "admin/api/stats_totals.h"

namespace sluice::admin {

ApiResponse status_page(const GatewayFacts& facts);
ApiResponse ready_page(const GatewayFacts& facts);

// Whether the origins behind each pool answer, as the traffic shows it: the newest thing that happened
// counts. A pool nobody used is unknown. Any thread.
class PoolWatch {
 public:
  enum class Reach : uint8_t { unknown, reachable, unreachable };
  std::map<std::string, Reach> look(const StatsMapping* stats);

 private:
  struct Seen {
    uint64_t answers = 0;
    uint64_t failures = 0;
    Reach reach = Reach::unknown;
  };
  std::mutex mutex_;
  std::map<std::string, Seen> seen_;
};

ApiResponse health_page(const GatewayFacts& facts, const std::map<std::string, PoolWatch::Reach>& pools);

}  // namespace sluice::admin
