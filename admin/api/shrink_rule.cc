#include "admin/api/shrink_rule.h"

namespace sluice::admin {

std::optional<std::string> refuse_shrink(const Config* before, const Config& after) {
  const std::string how =
      "; if that is meant, apply it with allow_empty=1 (PUT /api/v1/config?allow_empty=1, or start "
      "sluice-admin "
      "with --allow-empty)";
  if (after.routes.empty())
    return "the configuration has no routes: every request would be answered 404" + how;
  if (before == nullptr || before->routes.size() < kShrinkRoutesMin) return std::nullopt;
  if (after.routes.size() * 2 >= before->routes.size()) return std::nullopt;
  return "the configuration has " + std::to_string(after.routes.size()) + " routes where " +
         std::to_string(before->routes.size()) + " are active: more than half would go" + how;
}

}  // namespace sluice::admin
