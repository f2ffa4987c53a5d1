#include "admin/compile/listener_policies.h"

#include <algorithm>

namespace sluice::admin {
namespace {

using Builder = flatbuffers::FlatBufferBuilder;
using Networks = flatbuffers::Offset<flatbuffers::Vector<const wire::Network*>>;

constexpr uint64_t kTableBytes = 160;

Networks write_networks(Builder& builder, const std::vector<Network>& networks) {
  if (networks.empty()) return 0;
  std::vector<wire::Network> structs;
  structs.reserve(networks.size());
  for (const Network& network : networks) {
    structs.emplace_back(flatbuffers::span<const uint8_t, 16>(network.ip.bytes.data(), 16),
                         network.prefix_length, network.ip.family);
  }
  return builder.CreateVectorOfStructs(structs);
}

flatbuffers::Offset<wire::ListenerPolicy> write_policy(Builder& builder, const Config& config,
                                                       const Listener& listener) {
  const decide::PathPolicy path = path_policy_of(config, listener);
  const ForwardedHeaders headers = forwarded_headers_of(config, listener);
  const Networks trusted = write_networks(builder, trusted_proxies_of(config, listener));
  flatbuffers::Offset<wire::ProxyProtocolIn> proxy;
  if (const auto& rules = listener.rules.proxy_protocol) {
    const Networks from = write_networks(builder, rules->from);
    proxy = wire::CreateProxyProtocolIn(builder, from, rules->allow_others);
  }
  return wire::CreateListenerPolicy(builder, path.mode, path.encoded_slash, !path.merge_slashes, trusted,
                                    !*headers.x_forwarded, !*headers.x_real_ip, *headers.forwarded,
                                    *headers.via, *headers.loop_passes, proxy);
}

}  // namespace

ListenerPolicies write_listener_policies(Builder& builder, const Config& config) {
  std::vector<flatbuffers::Offset<wire::ListenerPolicy>> policies;
  policies.reserve(config.listeners.size());
  for (const auto& listener : config.listeners) policies.push_back(write_policy(builder, config, *listener));
  return builder.CreateVector(policies);
}

ProxyProtocols write_send_proxy_protocol(Builder& builder, const Config& config, size_t pool_count) {
  std::vector<wire::ProxyProtocol> versions(pool_count, wire::ProxyProtocol::off);
  for (size_t i = 0; i < config.pools.size(); ++i) versions[i] = config.pools[i]->send_proxy_protocol;
  const bool all_off = std::all_of(versions.begin(), versions.end(), [](wire::ProxyProtocol version) {
    return version == wire::ProxyProtocol::off;
  });
  return all_off ? ProxyProtocols() : builder.CreateVector(versions);
}

uint64_t listener_policy_bytes(const Config& config, size_t pool_count) {
  uint64_t bytes = kTableBytes + pool_count;
  for (const auto& listener : config.listeners) {
    const auto& proxy = listener->rules.proxy_protocol;
    const size_t networks = trusted_proxies_of(config, *listener).size() + (proxy ? proxy->from.size() : 0);
    bytes += kTableBytes + networks * sizeof(wire::Network);
  }
  return bytes;
}

}  // namespace sluice::admin
