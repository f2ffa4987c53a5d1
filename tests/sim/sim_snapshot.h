// Builds the snapshots and placements of a simulated run: one http listener and one tcp listener, pools of
// scripted origins (and of addresses where nobody listens), routes for every kind of action. The bytes are
// real FlatBuffers and go through decide::Snapshot::load() like any other.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "dataplane/decide/placement.h"
#include "dataplane/decide/snapshot.h"

namespace sluice::sim {

inline constexpr uint16_t kHttpPort = 80;
inline constexpr uint16_t kTcpPort = 9000;
inline constexpr uint8_t kProxyOctet = 1;
inline constexpr uint8_t kFirstWebOrigin = 10;     // 10.0.0.10:8080 and up.
inline constexpr uint8_t kFirstTunnelOrigin = 40;  // 10.0.0.40:9000 and up.
inline constexpr uint8_t kFirstDeadOrigin = 90;    // Nobody listens there.
inline constexpr uint16_t kWebOriginPort = 8080;

// Everything that turns somebody away; the defaults turn away nobody a script would notice.
struct LimitsSpec {
  uint32_t header_bytes = 32 * 1024;
  uint32_t header_fields = 128;
  uint32_t uri_bytes = 8 * 1024;
  uint32_t connections_per_ip = 0;
  uint32_t address_requests_per_minute = 0;  // 0: no limit, as below.
  uint32_t route_requests_per_minute = 0;
  uint32_t burst = 1;
  uint32_t body_bytes_per_second = 0;
  uint32_t body_grace_milliseconds = 0;
  uint32_t client_write_milliseconds = 0;  // 0: as the timeouts' client_body.
  uint32_t request_total_milliseconds = 0;
  uint64_t memory_bytes = 0;
};

struct SnapshotSpec {
  uint64_t revision = 1;
  std::vector<uint8_t> web_members;  // Last octets.
  std::vector<uint8_t> tunnel_members;
  std::vector<uint16_t> weights;  // Of web members; empty: all 1.
  wire::PoolMode mode = wire::PoolMode::load_balancing;
  wire::BalancePolicy policy = wire::BalancePolicy::round_robin;
  wire::Timeouts timeouts;
  uint32_t retry_attempts = 2;
  uint32_t retry_budget_percent = 100;
  uint32_t connections_max = 0;
  LimitsSpec limits;
  bool has_tcp_listener = true;
  bool wants_proxy_header = false;                                     // Both listeners, from anybody.
  wire::ProxyProtocol send_proxy_protocol = wire::ProxyProtocol::off;  // Every pool.
  bool has_features = false;  // The web route splits between two pools of the same members, both sticky,
                              // and every address is looked up in a list that lets it in.
};

uint64_t peer_id_of(uint8_t last_octet);

// The bytes and the snapshot read from them: keep both.
struct BuiltSnapshot {
  std::vector<std::byte> bytes;
  std::unique_ptr<decide::Snapshot> snapshot;
};
BuiltSnapshot build_snapshot(const SnapshotSpec& spec);

struct PeerUseSpec {
  uint8_t last_octet;
  wire::PeerUse use;
  uint16_t weight_percent;
  uint8_t stand_in;  // 0: none.
};
std::unique_ptr<decide::Placement> build_placement(uint64_t epoch, const std::vector<PeerUseSpec>& peers);

}  // namespace sluice::sim
