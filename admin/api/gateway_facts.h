// Everything a page about this gateway is made of, gathered once per request.
#pragma once

#include <memory>
#include <string>

#include "admin/api/config_service.h"
#include "admin/link/link_state.h"

namespace sluice::admin {

struct GatewayFacts {
  std::string gateway_id;
  std::string version;
  int64_t now_milliseconds = 0;                // Unix time.
  int64_t started_milliseconds = 0;            // Of this process.
  std::shared_ptr<const ActiveConfig> active;  // May be null.
  ReloadReport reload;
  DataPlaneView data_plane;

  double uptime_seconds() const { return static_cast<double>(now_milliseconds - started_milliseconds) / 1e3; }
  // The data plane serves what should be served.
  bool is_converged() const {
    return active && data_plane.connected && data_plane.applied == active->offer.generation &&
           data_plane.applied_hash == active->offer.hash;
  }
};

// Why traffic should not be sent here, or null when it may (K2-03): the data plane is connected, serves
// something and is not draining.
const char* why_not_ready(const GatewayFacts& facts);

}  // namespace sluice::admin
