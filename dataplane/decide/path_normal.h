// The one spelling of a path (docs/routing.md, ADR 0016): a request is routed by it and its origin gets it,
// so that a rule which closes a path and the origin behind it never see two different ones. RFC 3986 6.2.2
// and 5.2.4, and what origins are known to do beyond them. Idempotent. Pure; the admin uses it to check
// routes.
#pragma once

#include <expected>
#include <string_view>

#include "schemas/reason.h"
#include "schemas/snapshot_generated.h"

namespace sluice::decide {

struct PathPolicy {
  wire::PathMode mode = wire::PathMode::normalize;
  wire::EncodedSlash encoded_slash = wire::EncodedSlash::keep;
  bool merge_slashes = true;

  bool operator==(const PathPolicy&) const = default;
};

// False: the path is its own normal form under every policy. One look at each byte, eight at a time.
bool may_need_normalising(std::string_view path);

// The path under the policy: `path` itself when nothing changes it, else written at `out` (room for
// path.size(): it never grows). The error is why the request is refused. Requires: `path` begins with '/', or
// is the "*" of OPTIONS.
std::expected<std::string_view, Reason> normal_path(std::string_view path, const PathPolicy& policy,
                                                    char* out);

}  // namespace sluice::decide
