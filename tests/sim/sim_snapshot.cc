#include "tests/sim/sim_snapshot.h"

#include <algorithm>
#include <string>

#include "schemas/base/check.h"
#include "schemas/stable_hash.h"
#include "tests/sim/plan.h"

namespace sluice::sim {
namespace {

std::string address_text(uint8_t last_octet) {
  const bool is_tunnel = last_octet >= kFirstTunnelOrigin && last_octet < kFirstDeadOrigin;
  return "10.0.0." + std::to_string(last_octet) + ":" + std::to_string(is_tunnel ? kTcpPort : kWebOriginPort);
}

wire::Address address_of(uint8_t last_octet, uint16_t port) {
  const std::array<uint8_t, 16> ip = {10, 0, 0, last_octet};
  return wire::Address(flatbuffers::make_span(ip), port, 4);
}

class Builder {
 public:
  explicit Builder(const SnapshotSpec& spec) : spec_(spec) {}

  std::vector<std::byte> build() {
    add_pool("web", spec_.web_members, spec_.weights, spec_.mode, spec_.policy);
    add_pool("tunnel", spec_.tunnel_members, {}, wire::PoolMode::failover, wire::BalancePolicy::round_robin);
    add_pool("dead", {kFirstDeadOrigin}, {}, wire::PoolMode::failover, wire::BalancePolicy::round_robin);
    if (spec_.has_features) add_pool("web-b", spec_.web_members, {}, spec_.mode, spec_.policy);
    add_route("web", wire::ActionKind::forward, 0, spec_.has_features ? 1 : 0);
    add_route("tunnel", wire::ActionKind::forward, 1);
    add_route("dead", wire::ActionKind::forward, 2);
    add_route("fixed", wire::ActionKind::respond, 0);
    add_route("moved", wire::ActionKind::redirect, 0);
    add_rule("/", wire::PathKind::prefix, 0);
    add_rule("/dead", wire::PathKind::prefix, 2);
    add_rule("/fixed", wire::PathKind::exact, 3);
    add_rule("/moved", wire::PathKind::prefix, 4);
    add_listener("http", kHttpPort, wire::Protocol::http, decide::kNone);
    if (spec_.has_tcp_listener) add_listener("tcp", kTcpPort, wire::Protocol::tcp, 1);
    hosts_.emplace_back(text(""), wire::HostKind::any, 0, static_cast<uint32_t>(rules_.size()));
    return serialise();
  }

 private:
  wire::Text text(const std::string& value) {
    const wire::Text range(static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(value.size()));
    text_ += value;
    return range;
  }
  void add_pool(const std::string& name, const std::vector<uint8_t>& octets,
                const std::vector<uint16_t>& weights, wire::PoolMode mode, wire::BalancePolicy policy) {
    const auto first = static_cast<uint32_t>(members_.size());
    for (std::size_t i = 0; i < octets.size(); ++i) {
      members_.emplace_back(peer(octets[i]), i < weights.size() ? weights[i] : 1);
    }
    pools_.emplace_back(stable_hash(HashUse::object_name, "pool." + name), text(name), first,
                        static_cast<uint32_t>(octets.size()), decide::kNone, mode, policy);
  }
  uint32_t peer(uint8_t octet) {
    const uint64_t id = peer_id_of(octet);
    for (std::size_t i = 0; i < peers_.size(); ++i) {
      if (peers_[i].id() == id) return static_cast<uint32_t>(i);
    }
    const bool is_tunnel = octet >= kFirstTunnelOrigin && octet < kFirstDeadOrigin;
    peers_.emplace_back(id, text(address_text(octet)),
                        address_of(octet, is_tunnel ? kTcpPort : kWebOriginPort));
    return static_cast<uint32_t>(peers_.size() - 1);
  }
  void add_route(const std::string& name, wire::ActionKind action, uint32_t target, uint32_t policy = 0) {
    routes_.emplace_back(stable_hash(HashUse::object_name, "route." + name), text(name), target, policy,
                         action);
  }
  flatbuffers::Offset<wire::RouteFeatures> write_route_features(flatbuffers::FlatBufferBuilder& out) const {
    if (!spec_.has_features) return 0;
    const std::vector<wire::SplitPart> parts = {{0, 0, 3}, {3, 0, 1}};
    const auto split = out.CreateVectorOfStructs(parts);
    wire::RouteFeaturesBuilder features(out);
    features.add_split(split);
    features.add_access(0);
    return features.Finish();
  }
  flatbuffers::Offset<wire::SnapshotFeatures> write_features(flatbuffers::FlatBufferBuilder& out) const {
    if (!spec_.has_features) return 0;
    const std::vector<wire::SecretKey> keys(1);
    const auto attributes = out.CreateString("; Path=/");
    const auto cookie = out.CreateString("SIM");
    std::vector<flatbuffers::Offset<wire::Sticky>> stickies;
    for (const uint32_t pool : {0u, 3u}) {
      stickies.push_back(
          wire::CreateSticky(out, pool, cookie, attributes, 60, out.CreateVectorOfStructs(keys)));
    }
    const std::vector<wire::AddressStep4> v4 = {{0, true}};
    const std::vector<wire::AddressStep6> v6(1);
    const auto list =
        wire::CreateAccessList(out, out.CreateVectorOfStructs(v4), out.CreateVectorOfStructs(v6));
    const auto lists = out.CreateVector(&list, 1);
    const auto listener_access = out.CreateVector(std::vector<uint32_t>(listeners_.size(), 0));
    const auto sticky_tables = out.CreateVector(stickies);
    wire::SnapshotFeaturesBuilder features(out);
    features.add_stickies(sticky_tables);
    features.add_access_lists(lists);
    features.add_listener_access(listener_access);
    return features.Finish();
  }
  void add_rule(const std::string& path, wire::PathKind kind, uint32_t route) {
    rules_.emplace_back(text(path), route, decide::kNone, 0, kind);
  }
  void add_listener(const std::string& name, uint16_t port, wire::Protocol protocol, uint32_t route) {
    listeners_.emplace_back(stable_hash(HashUse::object_name, name), text(name),
                            address_of(kProxyOctet, port), protocol, route, 0);
  }

  std::vector<std::byte> serialise() {
    flatbuffers::FlatBufferBuilder out;
    // Rules lie in match order: exact before prefix, longer before shorter.
    std::stable_sort(rules_.begin(), rules_.end(), [](const wire::Rule& left, const wire::Rule& right) {
      if (left.path_kind() != right.path_kind()) return left.path_kind() < right.path_kind();
      return left.path().length() > right.path().length();
    });
    wire::PolicyBuilder policy_builder(out);
    policy_builder.add_retry_attempts(spec_.retry_attempts);
    const LimitsSpec& drawn = spec_.limits;
    const wire::BodyRate body_rate(drawn.body_bytes_per_second, drawn.body_grace_milliseconds);
    const wire::RateLimit route_rate(drawn.route_requests_per_minute, drawn.burst, wire::RateKey::route);
    const wire::RateLimit address_rate(drawn.address_requests_per_minute, drawn.burst, wire::RateKey::ip);
    policy_builder.add_client_write(drawn.client_write_milliseconds > 0 ? drawn.client_write_milliseconds
                                                                        : spec_.timeouts.client_body());
    policy_builder.add_request_total(drawn.request_total_milliseconds);
    if (drawn.body_bytes_per_second > 0) policy_builder.add_body_rate(&body_rate);
    if (drawn.route_requests_per_minute > 0) policy_builder.add_rate_limit(&route_rate);
    const auto policy = policy_builder.Finish();
    const auto redirect = wire::CreateRedirectDirect(out, 302, "{scheme}://{host}/elsewhere{query}");
    const auto response = wire::CreateResponseDirect(out, 200, "text/plain", "fixed\n", 0);
    const auto log = wire::CreateAccessLogDirect(out, wire::LogFormat::off, "", "");
    const wire::Limits limits(UINT64_MAX, drawn.header_bytes, drawn.header_fields, drawn.uri_bytes,
                              spec_.connections_max, drawn.connections_per_ip, 10'000,
                              spec_.retry_budget_percent);
    const auto protection = wire::CreateProtection(
        out, drawn.address_requests_per_minute > 0 ? &address_rate : nullptr, drawn.memory_bytes);
    const auto name = out.CreateString("sim");
    const auto blob = out.CreateVector(reinterpret_cast<const uint8_t*>(text_.data()), text_.size());
    const auto listeners = out.CreateVectorOfStructs(listeners_);
    const auto hosts = out.CreateVectorOfStructs(hosts_);
    const auto rules = out.CreateVectorOfStructs(rules_);
    const auto routes = out.CreateVectorOfStructs(routes_);
    const auto pools = out.CreateVectorOfStructs(pools_);
    const auto members = out.CreateVectorOfStructs(members_);
    const auto peers = out.CreateVectorOfStructs(peers_);
    const auto timeouts = out.CreateVectorOfStructs(&spec_.timeouts, 1);
    const auto conditions = out.CreateVector(std::vector<flatbuffers::Offset<wire::Condition>>{});
    const auto route_features = write_route_features(out);
    wire::PolicyBuilder featured_builder(out);
    featured_builder.add_retry_attempts(spec_.retry_attempts);
    featured_builder.add_client_write(spec_.timeouts.client_body());
    featured_builder.add_features(route_features);
    const std::vector<flatbuffers::Offset<wire::Policy>> policy_tables = {policy, featured_builder.Finish()};
    const auto policies = out.CreateVector(policy_tables);
    const auto features = write_features(out);
    const auto redirects = out.CreateVector(&redirect, 1);
    const auto responses = out.CreateVector(&response, 1);
    const auto root =
        wire::CreateSnapshot(out, 1, spec_.revision, name, blob, listeners, hosts, rules, routes, pools,
                             members, peers, timeouts, conditions, policies, redirects, responses, &limits,
                             log, features, write_policies(out), write_proxy_protocols(out), protection);
    wire::FinishSnapshotBuffer(out, root);
    const auto* bytes = reinterpret_cast<const std::byte*>(out.GetBufferPointer());
    return {bytes, bytes + out.GetSize()};
  }

  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<wire::ListenerPolicy>>> write_policies(
      flatbuffers::FlatBufferBuilder& out) const {
    if (!spec_.wants_proxy_header) return 0;
    const std::array<uint8_t, 16> any{};
    const std::vector<wire::Network> networks = {{flatbuffers::make_span(any), 0, 4}};
    std::vector<flatbuffers::Offset<wire::ListenerPolicy>> policies;
    for (std::size_t i = 0; i < listeners_.size(); ++i) {
      const auto proxy = wire::CreateProxyProtocolIn(out, out.CreateVectorOfStructs(networks), false);
      wire::ListenerPolicyBuilder policy(out);
      policy.add_proxy_protocol(proxy);
      policies.push_back(policy.Finish());
    }
    return out.CreateVector(policies);
  }
  flatbuffers::Offset<flatbuffers::Vector<wire::ProxyProtocol>> write_proxy_protocols(
      flatbuffers::FlatBufferBuilder& out) const {
    return out.CreateVector(std::vector<wire::ProxyProtocol>(pools_.size(), spec_.send_proxy_protocol));
  }

  const SnapshotSpec& spec_;
  std::string text_;
  std::vector<wire::Listener> listeners_;
  std::vector<wire::Host> hosts_;
  std::vector<wire::Rule> rules_;
  std::vector<wire::Route> routes_;
  std::vector<wire::Pool> pools_;
  std::vector<wire::Member> members_;
  std::vector<wire::Peer> peers_;
};

}  // namespace

uint64_t peer_id_of(uint8_t last_octet) {
  return stable_hash(HashUse::peer_address, address_text(last_octet));
}

BuiltSnapshot build_snapshot(const SnapshotSpec& spec) {
  BuiltSnapshot built;
  built.bytes = Builder(spec).build();
  auto loaded = decide::Snapshot::load(built.bytes, decide::SnapshotLimits{});
  if (!loaded)
    fail("snapshot refused: %s at %s: %s", loaded.error().code.c_str(), loaded.error().path.c_str(),
         loaded.error().message.c_str());
  built.snapshot = std::move(*loaded);
  return built;
}

std::unique_ptr<decide::Placement> build_placement(uint64_t epoch, const std::vector<PeerUseSpec>& peers) {
  flatbuffers::FlatBufferBuilder out;
  std::vector<wire::PeerPlacement> entries;
  for (const PeerUseSpec& peer : peers) {
    entries.emplace_back(peer_id_of(peer.last_octet), peer.stand_in == 0 ? 0 : peer_id_of(peer.stand_in),
                         peer.weight_percent, peer.use);
  }
  std::ranges::sort(entries, {}, [](const wire::PeerPlacement& entry) { return entry.peer(); });
  wire::FinishPlacementBuffer(out, wire::CreatePlacement(out, 1, epoch, out.CreateVectorOfStructs(entries)));
  auto loaded =
      decide::Placement::load({reinterpret_cast<const std::byte*>(out.GetBufferPointer()), out.GetSize()});
  if (!loaded) fail("placement refused: %s", loaded.error().message.c_str());
  return std::move(*loaded);
}

}  // namespace sluice::sim
