#include "admin/compile/listener_policies.h"

namespace sluice::admin {
namespace {

constexpr uint64_t kTableBytes = 128;

}  // namespace

ListenerPolicies write_listener_policies(flatbuffers::FlatBufferBuilder& builder, const Config& config) {
  std::vector<flatbuffers::Offset<wire::ListenerPolicy>> policies;
  policies.reserve(config.listeners.size());
  for (const auto& listener : config.listeners) {
    const decide::PathPolicy path = path_policy_of(config, *listener);
    policies.push_back(
        wire::CreateListenerPolicy(builder, path.mode, path.encoded_slash, !path.merge_slashes));
  }
  return builder.CreateVector(policies);
}

uint64_t listener_policy_bytes(const Config& config) {
  return kTableBytes * (1 + config.listeners.size());
}

}  // namespace sluice::admin
