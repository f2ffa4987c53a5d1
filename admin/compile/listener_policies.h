// The snapshot's listener policies: what the configuration says for all listeners, with each listener's own.
// And which pools' connections begin with a PROXY header.
#pragma once

#include "admin/model/config.h"

namespace sluice::admin {

using ListenerPolicies = flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<wire::ListenerPolicy>>>;

// One per listener, in their order.
ListenerPolicies write_listener_policies(flatbuffers::FlatBufferBuilder& builder, const Config& config);
// `pool_count` counts the unnamed pools, which stand behind the named ones. Null when no pool sends one.
using ProxyProtocols = flatbuffers::Offset<flatbuffers::Vector<wire::ProxyProtocol>>;
ProxyProtocols write_send_proxy_protocol(flatbuffers::FlatBufferBuilder& builder, const Config& config,
                                         size_t pool_count);
// An upper bound of what all of it takes.
uint64_t listener_policy_bytes(const Config& config, size_t pool_count);

}  // namespace sluice::admin
