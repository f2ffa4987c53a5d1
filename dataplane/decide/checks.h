// Judges what a verified snapshot says: every index, range, enum, number and text, so that nothing that
// serves requests has to doubt them again. The first violation refuses the whole snapshot.
#pragma once

#include "dataplane/decide/arrays.h"

namespace sluice::decide {

// Hard numbers of the format, checked in any snapshot.
inline constexpr uint32_t kNameBytesMax = 1024;
inline constexpr uint32_t kPathBytesMax = 16 * 1024;
inline constexpr uint32_t kHeaderValueBytesMax = 16 * 1024;
inline constexpr uint32_t kPoolMembersMax = 65'535;  // A member index fits 16 bits.
inline constexpr uint32_t kHeaderFieldsMax = 256;    // What a parsed head can hold.
inline constexpr uint32_t kRetryAttemptsMax = 100;

// Text, listeners, hosts, rules, routes, pools, members, peers, timeouts, limits. In this order: the text
// ranges are good when anything quotes them.
Problem check_structs(const Arrays& arrays, const SnapshotLimits& limits);

// Conditions, policies, redirects, responses, access log.
Problem check_tables(const Arrays& arrays);

// RouteFeatures of policies.
Problem check_features(const Arrays& arrays);

// One policy per listener, or none at all; the pools' PROXY headers likewise.
Problem check_listener_policies(const Arrays& arrays);

}  // namespace sluice::decide
