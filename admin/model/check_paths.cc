// Routes whose path no request can have: requests are matched in their normal form (decide/path_normal.h), so
// a path written in another way would be a rule that silently never holds.
#include <algorithm>

#include "admin/model/check.h"
#include "admin/model/value.h"

namespace sluice::admin {
namespace {

class PathChecker {
 public:
  PathChecker(const Config& config, ErrorSink& errors) : config_(config), errors_(errors) {
    for (const auto& listener : config.listeners) {
      if (listener->protocol == wire::Protocol::http) add(policies_, path_policy_of(config, *listener));
    }
  }

  void run() {
    for (uint32_t i = 0; i < config_.routes.size(); ++i) check_route(i);
  }

  void check_route(uint32_t number) {
    const Route& route = *config_.routes[number];
    if (route.match.path_kind != wire::PathKind::regex) {
      check(number, route.match.path,
            route.match.path_kind == wire::PathKind::exact ? "/match/path" : "/match/path_prefix");
    }
    if (route.options != nullptr && !route.options->strip_prefix.empty()) {
      check(number, route.options->strip_prefix, "/rewrite/strip_prefix");
    }
  }

 private:
  static void add(std::vector<decide::PathPolicy>& policies, const decide::PathPolicy& policy) {
    if (std::find(policies.begin(), policies.end(), policy) == policies.end()) policies.push_back(policy);
  }

  // Those of the listeners that the route is for.
  std::vector<decide::PathPolicy> policies_of(const Route& route) const {
    if (route.listeners.empty()) return policies_;
    std::vector<decide::PathPolicy> policies;
    for (const std::string& name : route.listeners) {
      if (const Listener* listener = config_.find_listener(name))
        add(policies, path_policy_of(config_, *listener));
    }
    return policies;
  }

  void check(uint32_t number, const std::string& path, std::string_view field) {
    if (!decide::may_need_normalising(path)) return;
    const Route& route = *config_.routes[number];
    std::string seen(path.size(), ' ');
    std::expected<std::string_view, Reason> normal = path;
    const std::vector<decide::PathPolicy> policies = policies_of(route);
    if (policies.empty()) return;  // Its listeners were refused.
    for (const decide::PathPolicy& policy : policies) {
      normal = decide::normal_path(path, policy, seen.data());
      if (normal && *normal == path) return;
    }
    const std::string pointer = "/routes/" + std::to_string(number) + std::string(field);
    const std::string message = "route " + quoted(route.name) + " can never see the path " + quoted(path);
    if (normal) {
      errors_.add(route.place, pointer, message + ": path_policy brings requests to their normal form first",
                  "write " + quoted(*normal));
    } else {
      errors_.add(
          route.place, pointer,
          message + ": path_policy refuses it (" + std::string(describe(normal.error()).sentence) + ")",
          "write the path as requests may have it, or change path_policy of the listener");
    }
  }

  const Config& config_;
  ErrorSink& errors_;
  std::vector<decide::PathPolicy> policies_;  // Of the http listeners, each once.
};

}  // namespace

void check_paths_into(const Config& config, ErrorSink& errors) {
  PathChecker(config, errors).run();
}

void check_route_paths_into(const Config& config, uint32_t number, ErrorSink& errors) {
  PathChecker(config, errors).check_route(number);
}

}  // namespace sluice::admin
