// The configuration as a value: parsed, checked, defaults filled in. Objects are immutable and shared, so
// that copying a Config of 100,000 routes and replacing one costs a vector of pointers (about 1 ms).
// A Config that came out of load_config() or edit.h has no dangling reference and no duplicate name.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "admin/model/address.h"
#include "admin/model/features.h"
#include "admin/model/listener_rules.h"
#include "admin/model/place.h"
#include "schemas/snapshot_generated.h"

namespace sluice::admin {

// 0 = not set here (an override) or unlimited only where documented; the defaults have all of them.
enum class TimeoutKind : uint8_t {
  client_header,
  client_body,
  client_idle,
  connect,
  response,
  origin_idle,
  tunnel_idle,
  client_write,
  request_total
};
inline constexpr uint32_t kTimeoutKinds = 9;
inline constexpr uint32_t kTimeoutOff = UINT32_MAX;  // request_total only: no limit.
struct Timeouts {
  std::array<uint32_t, kTimeoutKinds> milliseconds{};
  uint32_t get(TimeoutKind kind) const { return milliseconds[static_cast<size_t>(kind)]; }
  bool operator==(const Timeouts&) const = default;
};
inline constexpr Timeouts kDefaultTimeouts{
    {10'000, 30'000, 60'000, 3'000, 60'000, 50'000, 3'600'000, 30'000, kTimeoutOff}};

// A token bucket of requests, by client address or for a whole route.
struct RateLimit {
  uint32_t requests_per_minute = 0;  // 0 = no limit.
  uint32_t burst = 0;
  wire::RateKey key = wire::RateKey::ip;
  bool operator==(const RateLimit&) const = default;
};
// How slow a request body may be, on average after the grace.
struct BodyRate {
  uint32_t bytes_per_second = 240;  // 0 = no limit; then the grace is 0 too.
  uint32_t grace_milliseconds = 5'000;
  bool operator==(const BodyRate&) const = default;
};

inline constexpr uint64_t kUnlimited = UINT64_MAX;
struct Limits {
  uint32_t header_bytes = 32 * 1024;
  uint32_t header_fields = 128;
  uint32_t uri_bytes = 8 * 1024;
  uint64_t body_bytes = kUnlimited;
  uint32_t connections = 0;            // 0 = auto: from the descriptor limit.
  uint32_t connections_per_ip = 1024;  // 0 = unlimited.
  RateLimit rate_limit_per_ip;
  BodyRate body_rate;
  uint64_t memory_bytes = 0;  // For data in transit; 0 = auto: as the data plane planned.
  bool operator==(const Limits&) const = default;
};

struct AccessLog {
  wire::LogFormat format = wire::LogFormat::combined;
  std::string path = "stdout";
  std::string template_text;  // format custom only.
  bool operator==(const AccessLog&) const = default;
};

struct Retries {
  uint32_t attempts = 2;         // Further tries after the first; 0 = never.
  uint32_t budget_percent = 20;  // Of the requests in flight.
  bool operator==(const Retries&) const = default;
};

struct Gateway {
  std::string name = "gateway";
  std::string zone;
  std::vector<std::string> groups;
  bool operator==(const Gateway&) const = default;
};

struct Admin {
  Endpoint listen{"127.0.0.1", 9180, IpAddress{{127, 0, 0, 1}, 4}};
  std::string store = "sqlite";
  bool operator==(const Admin&) const = default;
};

struct Listener {
  uint64_t id = 0;  // stable_hash(object_name, name), as in every named object below.
  std::string name;
  Endpoint address;
  wire::Protocol protocol = wire::Protocol::http;
  Timeouts timeouts;  // client_header and client_idle only.
  ListenerRules rules;
  Access access;
  Place place;
  bool operator==(const Listener&) const = default;
};

enum class PeerType : uint8_t { endpoint, gateway };
struct Peer {
  uint64_t id = 0;  // Of the name; the snapshot's peer id is of the resolved address.
  std::string name;
  Endpoint address;
  uint16_t weight = 1;
  PeerType peer_type = PeerType::endpoint;
  Place place;
  bool operator==(const Peer&) const = default;
};

struct Member {
  std::string peer;
  uint16_t weight = 0;  // 0 = the peer's own.
  Place place;
  bool operator==(const Member&) const = default;
};

struct Pool {
  uint64_t id = 0;
  std::string name;
  wire::PoolMode mode = wire::PoolMode::load_balancing;
  wire::BalancePolicy policy = wire::BalancePolicy::round_robin;  // load_balancing only.
  std::vector<Member> members;                                    // Order is priority.
  std::optional<Response> outage;
  wire::ProxyProtocol send_proxy_protocol = wire::ProxyProtocol::off;
  std::optional<Sticky> sticky;  // load_balancing only.
  Timeouts timeouts;             // connect, response, origin_idle and tunnel_idle only.
  Place place;
  bool operator==(const Pool&) const = default;
};

struct HeaderMatch {
  std::string name;  // Lower case.
  wire::HeaderMatchKind kind = wire::HeaderMatchKind::exact;
  std::string value;
  bool operator==(const HeaderMatch&) const = default;
};

struct RouteMatch {
  std::vector<std::string> hosts;  // Lower case; empty: any. "*.example.com" is a wildcard.
  wire::PathKind path_kind = wire::PathKind::prefix;
  std::string path = "/";
  std::vector<std::string> methods;
  std::vector<HeaderMatch> headers;
  bool operator==(const RouteMatch&) const = default;
};

struct HeaderOp {
  wire::HeaderOpKind kind = wire::HeaderOpKind::set;
  std::string name;
  std::string value;
  bool operator==(const HeaderOp&) const = default;
};

struct Redirect {
  uint16_t status = 302;
  std::string location;  // {scheme} {host} {path} {query} are replaced.
  bool operator==(const Redirect&) const = default;
};
struct ToPool {
  std::string pool;
  bool operator==(const ToPool&) const = default;
};
struct ToPeer {
  std::string peer;
  bool operator==(const ToPeer&) const = default;
};
struct ToAddresses {
  std::vector<Endpoint> addresses;
  bool operator==(const ToAddresses&) const = default;
};
using RouteTarget = std::variant<ToPool, ToPeer, ToAddresses, Response, Redirect, ToSplit>;

// What few routes set; null in Route when none is.
struct RouteOptions {
  std::string strip_prefix;
  std::string replace_path;
  std::string add_prefix;
  std::string request_host;               // Host towards the origin.
  std::vector<HeaderOp> request_headers;  // Order: remove, set, add.
  std::vector<HeaderOp> response_headers;
  Timeouts timeouts;  // Those of kRouteTimeouts only.
  std::optional<uint64_t> body_bytes;
  std::optional<uint32_t> retry_attempts;
  RateLimit rate_limit;
  std::optional<BodyRate> body_rate;
  Access access;
  std::optional<Maintenance> maintenance;
  ErrorPages error_pages;
  std::optional<BasicAuth> basic_auth;
  bool operator==(const RouteOptions&) const = default;
};

struct Route {
  uint64_t id = 0;
  std::string name;
  std::vector<std::string> listeners;  // Empty: every http listener.
  RouteMatch match;
  int32_t priority = 0;
  RouteTarget target;
  std::shared_ptr<const RouteOptions> options;
  Place place;
  Place listeners_place;
  Place target_place;
  bool operator==(const Route& other) const;  // Compares what options point to.
};

struct Config {
  uint32_t workers = 0;  // 0 = auto.
  std::string data_dir = "/var/lib/sluice";
  Admin admin;
  Timeouts timeouts = kDefaultTimeouts;
  uint32_t drain_milliseconds = 30'000;
  Limits limits;
  AccessLog access_log;
  Retries retries;
  Gateway gateway;
  decide::PathPolicy path_policy;
  ErrorPages error_pages;
  std::vector<Network> trusted_proxies;
  ForwardedHeaders forwarded_headers = kDefaultForwardedHeaders;  // All set.
  std::vector<std::shared_ptr<const Listener>> listeners;
  std::vector<std::shared_ptr<const Peer>> peers;
  std::vector<std::shared_ptr<const Pool>> pools;
  std::vector<std::shared_ptr<const Route>> routes;
  std::vector<std::string> files;  // What Place.file means. Not part of equality.

  // Null when there is none. Linear in the number of objects (about 1 ms at 100,000).
  const Listener* find_listener(const std::string& name) const;
  const Peer* find_peer(const std::string& name) const;
  const Pool* find_pool(const std::string& name) const;
  const Route* find_route(const std::string& name) const;

  bool operator==(const Config& other) const;  // Compares what the pointers point to.
};

}  // namespace sluice::admin
