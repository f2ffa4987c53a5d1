#include "dataplane/decide/checks.h"
#include "dataplane/decide/text_rules.h"
#include "schemas/ip_address.h"

namespace sluice::decide {
namespace {

constexpr uint64_t kNetworksMax = 65'536;

SnapshotError bad(uint32_t index, std::string_view field, std::string message) {
  return {"BAD_VALUE", place("listener_policies", index, field), std::move(message)};
}

// Counted over all listeners, since crafted policies may share one long list.
Problem check_networks(const flatbuffers::Vector<const wire::Network*>* networks, uint32_t index,
                       std::string_view field, uint64_t& networks_left) {
  if (networks == nullptr) return std::nullopt;
  if (networks->size() > networks_left) {
    return SnapshotError{"LIMIT", place("listener_policies", index, field),
                         "brings the networks of all listeners above " + std::to_string(kNetworksMax) +
                             "; name larger networks"};
  }
  networks_left -= networks->size();
  for (const wire::Network* network : *networks) {
    if (!is_valid_network(*network)) {
      return bad(index, field, "has an entry that is no network, or one with bits behind its prefix");
    }
  }
  return std::nullopt;
}

Problem check_policy(const wire::ListenerPolicy& policy, uint32_t index, uint64_t& networks_left) {
  if (static_cast<uint8_t>(policy.path_mode()) > static_cast<uint8_t>(wire::PathMode::MAX)) {
    return bad(index, ".path_mode", "is not a known mode; use normalize, reject or as_is");
  }
  if (static_cast<uint8_t>(policy.encoded_slash()) > static_cast<uint8_t>(wire::EncodedSlash::MAX)) {
    return bad(index, ".encoded_slash", "is not a known rule; use keep, reject or decode");
  }
  if (Problem problem = check_networks(policy.trusted_proxies(), index, ".trusted_proxies", networks_left)) {
    return problem;
  }
  const wire::ProxyProtocolIn* proxy = policy.proxy_protocol();
  if (proxy == nullptr) return std::nullopt;
  if (proxy->from() == nullptr || proxy->from()->size() == 0) {
    return bad(index, ".proxy_protocol.from", "is empty; name the proxies that send the header");
  }
  return check_networks(proxy->from(), index, ".proxy_protocol.from", networks_left);
}

// It stands in Via and CDN-Loop.
Problem check_gateway_name(const Arrays& arrays) {
  const std::string_view name = view(arrays.root->gateway_name());
  if (name.empty() || is_token(name)) return std::nullopt;
  return SnapshotError{"BAD_VALUE", "gateway_name", "is not a token; use letters, digits, '.', '_' and '-'"};
}

Problem check_pool_headers(const Arrays& arrays) {
  const auto* versions = arrays.root->send_proxy_protocol();
  if (versions == nullptr || versions->size() == 0) return std::nullopt;
  if (versions->size() != arrays.pools.size()) {
    return SnapshotError{"BAD_VALUE", "send_proxy_protocol",
                         "has " + std::to_string(versions->size()) + " entries for " +
                             std::to_string(arrays.pools.size()) + " pools; compile the snapshot again"};
  }
  for (uint32_t i = 0; i < versions->size(); ++i) {
    if (static_cast<uint8_t>(versions->Get(i)) > static_cast<uint8_t>(wire::ProxyProtocol::MAX)) {
      return SnapshotError{"BAD_VALUE", place("send_proxy_protocol", i),
                           "is not a known version; use v1 or v2"};
    }
  }
  return std::nullopt;
}

}  // namespace

Problem check_listener_policies(const Arrays& arrays) {
  const uint32_t count = arrays.listener_policies.size();
  if (count != 0 && count != arrays.listeners.size()) {
    return SnapshotError{"BAD_VALUE", "listener_policies",
                         "has " + std::to_string(count) + " entries for " +
                             std::to_string(arrays.listeners.size()) +
                             " listeners; compile the snapshot again"};
  }
  uint64_t networks_left = kNetworksMax;
  for (uint32_t i = 0; i < count; ++i) {
    if (Problem problem = check_policy(arrays.listener_policies[i], i, networks_left)) return problem;
  }
  if (Problem problem = check_gateway_name(arrays)) return problem;
  return check_pool_headers(arrays);
}

}  // namespace sluice::decide
