#include "dataplane/decide/checks.h"

namespace sluice::decide {
namespace {

SnapshotError bad(uint32_t index, std::string_view field, std::string message) {
  return {"BAD_VALUE", place("listener_policies", index, field), std::move(message)};
}

Problem check_policy(const wire::ListenerPolicy& policy, uint32_t index) {
  if (static_cast<uint8_t>(policy.path_mode()) > static_cast<uint8_t>(wire::PathMode::MAX)) {
    return bad(index, ".path_mode", "is not a known mode; use normalize, reject or as_is");
  }
  if (static_cast<uint8_t>(policy.encoded_slash()) > static_cast<uint8_t>(wire::EncodedSlash::MAX)) {
    return bad(index, ".encoded_slash", "is not a known rule; use keep, reject or decode");
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
  for (uint32_t i = 0; i < count; ++i) {
    if (Problem problem = check_policy(arrays.listener_policies[i], i)) return problem;
  }
  return std::nullopt;
}

}  // namespace sluice::decide
