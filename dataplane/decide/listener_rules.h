// What a listener does with everything that arrives through it, flat: derived once per snapshot from its
// ListenerPolicy, so that a request walks no FlatBuffer table for it. Views into the snapshot.
#pragma once

#include <span>

#include "dataplane/decide/path_normal.h"

namespace sluice::decide {

struct ListenerRules {
  PathPolicy path;
  std::span<const wire::Network> trusted_proxies;
  // What is written towards origins.
  bool x_forwarded = true;
  bool x_real_ip = true;
  bool forwarded = false;
  bool via = false;
  uint8_t loop_passes_max = 8;  // CDN-Loop; 0: neither written nor looked at.
  // PROXY protocol in.
  bool wants_proxy_header = false;
  bool serves_others = false;  // Peers outside of proxy_header_from, without a header.
  std::span<const wire::Network> proxy_header_from;
};

}  // namespace sluice::decide
