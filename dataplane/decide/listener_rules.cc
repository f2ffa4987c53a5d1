#include "dataplane/decide/listener_rules.h"

#include "dataplane/decide/snapshot_index.h"

namespace sluice::decide {
namespace {

std::span<const wire::Network> span_of(const flatbuffers::Vector<const wire::Network*>* networks) {
  if (networks == nullptr) return {};
  return {reinterpret_cast<const wire::Network*>(networks->Data()), networks->size()};
}

ListenerRules rules_of(const wire::ListenerPolicy& policy) {
  ListenerRules rules;
  rules.path = {policy.path_mode(), policy.encoded_slash(), !policy.keep_empty_segments()};
  rules.trusted_proxies = span_of(policy.trusted_proxies());
  rules.x_forwarded = !policy.omit_x_forwarded();
  rules.x_real_ip = !policy.omit_x_real_ip();
  rules.forwarded = policy.add_forwarded();
  rules.via = policy.add_via();
  rules.loop_passes_max = policy.loop_passes_max();
  if (const wire::ProxyProtocolIn* proxy = policy.proxy_protocol()) {
    rules.wants_proxy_header = true;
    rules.serves_others = proxy->allow_others();
    rules.proxy_header_from = span_of(proxy->from());
  }
  return rules;
}

}  // namespace

std::vector<ListenerRules> make_listener_rules(const Arrays& arrays) {
  std::vector<ListenerRules> rules(arrays.listeners.size());
  for (uint32_t i = 0; i < arrays.listener_policies.size(); ++i)
    rules[i] = rules_of(arrays.listener_policies[i]);
  return rules;
}

}  // namespace sluice::decide
