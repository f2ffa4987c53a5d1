// Normal paths the slow way: split, spell, resolve, join. Shares no code with decide/path_normal.cc, and says
// only whether a path is refused, not why (the fast form reports what it meets first).
#pragma once

#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/decide/path_normal.h"

namespace sluice::testing {

// The segments of the path, each escape spelled in its one way. Nothing: refused.
inline std::optional<std::vector<std::string>> spell_segments(std::string_view path,
                                                              const decide::PathPolicy& policy) {
  const std::string unreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  const std::string digits = "0123456789abcdefABCDEF";
  std::vector<std::string> segments(1);
  for (size_t at = 1; at < path.size(); ++at) {
    if (path[at] == '\\') return std::nullopt;
    if (path[at] == '/') {
      segments.emplace_back();
    } else if (path[at] != '%') {
      segments.back() += path[at];
    } else {
      const std::string escape(path.substr(at + 1, 2));
      if (escape.size() != 2 || escape.find_first_not_of(digits) != std::string::npos) return std::nullopt;
      const int byte = std::stoi(escape, nullptr, 16);
      at += 2;
      if (byte == 0) return std::nullopt;
      const bool is_slash = byte == '/' || byte == '\\';
      if (is_slash && policy.encoded_slash == wire::EncodedSlash::reject) return std::nullopt;
      char spelled[4];
      std::snprintf(spelled, sizeof(spelled), "%%%02X", byte);
      if (is_slash && policy.encoded_slash == wire::EncodedSlash::decode) {
        segments.emplace_back();
      } else if (unreserved.find(static_cast<char>(byte)) != std::string::npos) {
        segments.back() += static_cast<char>(byte);
      } else {
        segments.back() += spelled;
      }
    }
  }
  return segments;
}

inline std::optional<std::string> reference_normal_path(std::string_view path,
                                                        const decide::PathPolicy& policy) {
  if (policy.mode == wire::PathMode::as_is || path == "*") return std::string(path);
  const auto spelled = spell_segments(path, policy);
  if (!spelled) return std::nullopt;
  const bool may_change = policy.mode == wire::PathMode::normalize;
  std::vector<std::string> segments;
  bool ends_with_slash = false;
  for (size_t i = 0; i < spelled->size(); ++i) {
    const std::string& segment = (*spelled)[i];
    const bool is_last = i + 1 == spelled->size();
    ends_with_slash = segment.empty() || segment == "." || segment == "..";
    for (const std::string dots : {".", ".."}) {
      if (segment.starts_with(dots + ";") || segment.starts_with(dots + "%3B")) return std::nullopt;
    }
    if (segment == "." || segment == "..") {
      if (!may_change) return std::nullopt;
      if (segment == ".") continue;
      if (segments.empty()) return std::nullopt;
      segments.pop_back();
    } else if (!segment.empty()) {
      segments.push_back(segment);
    } else if (!is_last && !policy.merge_slashes) {
      segments.push_back(segment);
    } else if (!is_last && !may_change) {
      return std::nullopt;
    }
  }
  std::string joined;
  for (const std::string& segment : segments) joined += "/" + segment;
  return ends_with_slash ? joined + "/" : joined;
}

}  // namespace sluice::testing
