#include "dataplane/decide/listener_rules.h"

#include "dataplane/decide/snapshot_index.h"

namespace sluice::decide {
namespace {

ListenerRules rules_of(const wire::ListenerPolicy& policy) {
  ListenerRules rules;
  rules.path = {policy.path_mode(), policy.encoded_slash(), !policy.keep_empty_segments()};
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
