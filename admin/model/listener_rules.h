// What listeners do with everything that arrives through them, as values. Each section stands at the top
// level for all listeners, and a listener may override it key by key.
#pragma once

#include <optional>

#include "dataplane/decide/path_normal.h"

namespace sluice::admin {

struct Config;
struct Listener;
class TextWriter;

// Nothing set: what the top level says.
struct PathPolicy {
  std::optional<wire::PathMode> mode;
  std::optional<wire::EncodedSlash> encoded_slash;
  std::optional<bool> merge_slashes;
  bool operator==(const PathPolicy&) const = default;
};

decide::PathPolicy merged(const PathPolicy& own, const decide::PathPolicy& otherwise);
// What holds at a listener.
decide::PathPolicy path_policy_of(const Config& config, const Listener& listener);

// Their part of the canonical text (print.h): what a listener overrides; the whole top-level section.
void write_listener_rules(TextWriter& out, const Listener& listener);
void write_path_policy(TextWriter& out, const decide::PathPolicy& policy);

}  // namespace sluice::admin
