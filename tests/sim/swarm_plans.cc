#include "tests/sim/swarm_plans.h"

#include <algorithm>

#include "tests/sim/preamble.h"

namespace sluice::sim {
namespace {

constexpr uint32_t kTunnelOrigins = 2;

// Up to `most`, every order of magnitude equally likely.
uint64_t draw_size(Rng& rng, uint64_t most) {
  const uint64_t magnitude = 1 + rng.below(20);
  return std::min(most, rng.below((1ULL << magnitude) + 1));
}

Pace draw_pace(Rng& rng) {
  if (rng.chance(3, 4)) return {};
  return {.piece_bytes_max = 1 + draw_size(rng, 4096),
          .pause = Duration::microseconds(static_cast<int64_t>(rng.below(2000)))};
}

Duration draw_delay(Rng& rng, int64_t milliseconds_max) {
  if (rng.chance(1, 2)) return {};
  return Duration::microseconds(
      static_cast<int64_t>(rng.below(static_cast<uint64_t>(milliseconds_max) * 1000)));
}

const char* draw_method(Rng& rng) {
  constexpr const char* kMethods[] = {"GET", "GET", "GET",  "GET",    "GET",     "POST", "POST",
                                      "PUT", "PUT", "HEAD", "DELETE", "OPTIONS", "PATCH"};
  return kMethods[rng.below(std::size(kMethods))];
}

void draw_request_side(Rng& rng, const SwarmParameters& parameters, RequestPlan& plan, bool is_last) {
  plan.method = draw_method(rng);
  plan.minor_version = rng.chance(1, 8) ? 0 : 1;
  plan.wants_close = rng.chance(1, 10);
  plan.filler_bytes = static_cast<uint32_t>(rng.chance(1, 2) ? 0 : draw_size(rng, 8000));
  const bool may_have_body = plan.method != "GET" && plan.method != "HEAD" && plan.method != "OPTIONS";
  if (may_have_body || rng.chance(1, 16)) {
    plan.request_framing = plan.minor_version == 1 && rng.chance(1, 2) ? Framing::chunked : Framing::length;
    plan.request_bytes = draw_size(rng, parameters.body_bytes_max);
    plan.expects_continue = plan.minor_version == 1 && plan.request_bytes > 0 && rng.chance(1, 6);
  }
  if (is_last && plan.minor_version == 1 && plan.method == "GET" && plan.request_framing == Framing::none &&
      rng.chance(1, 4)) {
    plan.wants_upgrade = true;
    plan.wants_close = false;
    plan.accepts_upgrade = rng.chance(3, 4);
    plan.tunnel_client_bytes = draw_size(rng, parameters.body_bytes_max);
    plan.tunnel_origin_bytes = draw_size(rng, parameters.body_bytes_max);
  }
}

void draw_response_side(Rng& rng, const SwarmParameters& parameters, RequestPlan& plan) {
  constexpr uint16_t kStatuses[] = {200, 200, 200, 200, 200, 201, 204, 304, 404, 500, 503};
  constexpr Framing kFramings[] = {Framing::length, Framing::length, Framing::chunked, Framing::chunked,
                                   Framing::until_end};
  plan.status = kStatuses[rng.below(std::size(kStatuses))];
  plan.response_framing = kFramings[rng.below(std::size(kFramings))];
  plan.response_bytes = draw_size(rng, parameters.body_bytes_max);
  plan.interim_count = rng.chance(1, 12) ? static_cast<uint32_t>(1 + rng.below(3)) : 0;
  plan.origin_closes = rng.chance(1, 10);
  plan.answer_delay = draw_delay(rng, 20);
  plan.answer_pace = draw_pace(rng);
}

// Requests the proxy answers by itself: its own pages, a fixed answer, a redirect, a pool nobody serves.
void draw_local(Rng& rng, RequestPlan& plan) {
  struct Local {
    const char* path;
    uint16_t status;
  };
  constexpr Local kLocals[] = {{"/fixed", 200},
                               {"/moved/away", 302},
                               {"/dead/end", 502},
                               {"/_sluice/live", 200},
                               {"/_sluice/ready", 200}};
  const Local& local = kLocals[rng.below(std::size(kLocals))];
  plan.local_path = local.path;
  plan.status = local.status;
  plan.method = rng.chance(1, 4) ? "HEAD" : "GET";
  plan.wants_close = rng.chance(1, 10);
}

}  // namespace

void draw_request(Rng& rng, const SwarmParameters& parameters, RequestPlan& plan, bool is_last) {
  if (rng.chance(1, 12)) return draw_local(rng, plan);
  draw_request_side(rng, parameters, plan, is_last);
  draw_response_side(rng, parameters, plan);
  if (!parameters.scripts_misbehave) return;
  if (rng.chance(1, 6)) {
    plan.origin_act = static_cast<OriginAct>(1 + rng.below(static_cast<uint64_t>(OriginAct::act_count) - 1));
    plan.origin_act_at = rng.next() >> 32;
    plan.act_only_first = rng.chance(1, 2);
  }
  if (rng.chance(1, 10)) {
    plan.client_act = static_cast<ClientAct>(1 + rng.below(static_cast<uint64_t>(ClientAct::act_count) - 1));
    plan.client_act_at = draw_size(rng, 100'000);
    plan.client_stop = Duration::milliseconds(static_cast<int64_t>(rng.below(2000)));
  }
}

void draw_tunnel(Rng& rng, const SwarmParameters& parameters, TunnelPlan& plan) {
  plan.client_bytes = draw_size(rng, parameters.body_bytes_max * 2);
  plan.origin_bytes = draw_size(rng, parameters.body_bytes_max * 2);
  plan.client_pace = draw_pace(rng);
  plan.origin_pace = draw_pace(rng);
  plan.origin_waits = rng.chance(1, 4);
  plan.reading_pause = draw_delay(rng, 500);
  plan.may_be_cut = parameters.tunnels_may_idle;
  if (parameters.clients_are_proxied) plan.preamble = draw_preamble(rng);
  if (!parameters.scripts_misbehave) return;
  if (rng.chance(1, 6)) plan.client_resets_at = draw_size(rng, plan.client_bytes + plan.origin_bytes);
  if (rng.chance(1, 6)) plan.origin_resets_at = draw_size(rng, plan.client_bytes + plan.origin_bytes);
}

ClientOptions draw_client(Rng& rng, const SwarmParameters& parameters) {
  ClientOptions options;
  options.pipelined_max = rng.chance(1, 4) ? static_cast<uint32_t>(1 + rng.below(8)) : 1;
  options.pace = draw_pace(rng);
  options.think_time = draw_delay(rng, 30);
  options.linger = draw_delay(rng, 2000);
  if (parameters.clients_are_proxied) options.preamble = draw_preamble(rng);
  options.half_closes = parameters.scripts_misbehave && rng.chance(1, 10);
  return options;
}

OriginOptions draw_origin(Rng& rng, const SwarmParameters& parameters) {
  OriginOptions options;
  options.heads_per_request_max = 1 + parameters.retry_attempts;
  options.expects_preamble = parameters.send_proxy_protocol != wire::ProxyProtocol::off;
  if (!parameters.scripts_misbehave) return options;
  if (rng.chance(1, 4)) options.requests_per_connection_max = static_cast<uint32_t>(1 + rng.below(5));
  if (rng.chance(1, 4))
    options.idle_timeout = Duration::milliseconds(static_cast<int64_t>(1 + rng.below(100)));
  return options;
}

// Each limit is tight in some snapshots only, so that reloads tighten and loosen them under way.
LimitsSpec draw_limits(Rng& rng) {
  LimitsSpec limits;
  const auto draw = [&rng](uint64_t most) {
    return static_cast<uint32_t>(1 + rng.below(1ULL << rng.below(most)));
  };
  if (rng.chance(1, 4)) limits.header_bytes = 512 + draw(13);
  if (rng.chance(1, 4)) limits.header_fields = 3 + draw(5);
  if (rng.chance(1, 4)) limits.uri_bytes = 64 + draw(10);
  if (rng.chance(1, 4)) limits.connections_per_ip = draw(5);
  if (rng.chance(1, 4)) limits.address_requests_per_minute = draw(18);
  if (rng.chance(1, 4)) limits.route_requests_per_minute = draw(18);
  limits.burst = draw(6);
  if (rng.chance(1, 4)) {
    limits.body_bytes_per_second = draw(20);
    limits.body_grace_milliseconds = draw(10);
  }
  if (rng.chance(1, 4)) limits.client_write_milliseconds = draw(12);
  if (rng.chance(1, 4)) limits.request_total_milliseconds = draw(12);
  if (rng.chance(1, 3)) limits.memory_bytes = (4ULL + draw(9)) << 16;
  return limits;
}

SnapshotSpec draw_snapshot(Rng& rng, const SwarmParameters& parameters) {
  SnapshotSpec spec;
  for (uint32_t i = 0; i < parameters.origins; ++i) {
    if (i > 0 && rng.chance(1, 4)) continue;  // Members come and go with reloads; the first stays.
    spec.web_members.push_back(static_cast<uint8_t>(kFirstWebOrigin + i));
    spec.weights.push_back(static_cast<uint16_t>(1 + rng.below(5)));
  }
  if (parameters.scripts_misbehave && rng.chance(1, 3)) {
    spec.web_members.push_back(kFirstDeadOrigin);
    spec.weights.push_back(1);
  }
  for (uint32_t i = 0; i < kTunnelOrigins; ++i) {
    spec.tunnel_members.push_back(static_cast<uint8_t>(kFirstTunnelOrigin + i));
  }
  spec.mode = rng.chance(1, 3) ? wire::PoolMode::failover : wire::PoolMode::load_balancing;
  spec.policy = static_cast<wire::BalancePolicy>(rng.below(5));
  spec.retry_attempts = parameters.retry_attempts;
  spec.wants_proxy_header = parameters.clients_are_proxied;
  spec.send_proxy_protocol = parameters.send_proxy_protocol;
  if (parameters.limits_are_tight) {
    spec.limits = draw_limits(rng);
    if (rng.chance(1, 4)) spec.connections_max = static_cast<uint32_t>(1 + rng.below(12));
  }
  // Calm seeds must not see a timeout; the others see all of them.
  const auto timeout = [&](uint32_t most) {
    return parameters.is_calm ? 3'600'000u
                              : static_cast<uint32_t>(50 + rng.below(1ULL << (6 + rng.below(most))));
  };
  spec.timeouts = wire::Timeouts(timeout(8), timeout(8), timeout(8), timeout(6), timeout(8), timeout(8),
                                 parameters.tunnels_may_idle ? timeout(8) : 300'000u);
  spec.has_features = rng.chance(1, 2);
  return spec;
}

std::vector<PeerUseSpec> draw_placement(Rng& rng, const SwarmParameters& parameters) {
  std::vector<PeerUseSpec> peers;
  // The first origin stays usable in calm seeds, so that nobody is turned away.
  for (uint32_t i = parameters.is_calm ? 1 : 0; i < parameters.origins; ++i) {
    if (rng.chance(1, 2)) continue;
    const auto octet = static_cast<uint8_t>(kFirstWebOrigin + i);
    const auto stand_in = static_cast<uint8_t>(rng.chance(1, 4) ? kFirstWebOrigin : 0);
    peers.push_back({octet, static_cast<wire::PeerUse>(rng.below(3)), static_cast<uint16_t>(rng.below(101)),
                     stand_in == octet ? uint8_t{0} : stand_in});
  }
  return peers;
}

}  // namespace sluice::sim
