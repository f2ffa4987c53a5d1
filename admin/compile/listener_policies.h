// The snapshot's listener policies: what the configuration says for all listeners, with each listener's own.
#pragma once

#include "admin/model/config.h"

namespace sluice::admin {

using ListenerPolicies = flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<wire::ListenerPolicy>>>;

// One per listener, in their order.
ListenerPolicies write_listener_policies(flatbuffers::FlatBufferBuilder& builder, const Config& config);
// An upper bound of what they take.
uint64_t listener_policy_bytes(const Config& config);

}  // namespace sluice::admin
