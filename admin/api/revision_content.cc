#include "admin/api/revision_content.h"

#include <string>
#include <unordered_map>
#include <utility>

#include "admin/model/edit.h"
#include "admin/model/load.h"
#include "admin/model/print.h"

namespace sluice::admin {
namespace {

constexpr const char* kRouteKind = "route";

ConfigErrors damaged(std::string message) {
  return {{.file = "revision", .message = std::move(message), .fix = "restore a backup of the database"}};
}

// The order that edit.h gives: a replaced route keeps its place, a new one goes to the end.
class RouteEdits {
 public:
  explicit RouteEdits(Config& config) : routes_(config.routes) {
    for (size_t i = 0; i < routes_.size(); ++i) index_.emplace(routes_[i]->name, i);
  }
  void put(std::shared_ptr<const Route> route) {
    const auto [at, is_new] = index_.emplace(route->name, routes_.size());
    if (is_new) {
      routes_.push_back(std::move(route));
    } else {
      routes_[at->second] = std::move(route);
    }
  }
  void remove(const std::string& name) {
    const auto at = index_.find(name);
    if (at == index_.end()) return;
    routes_[at->second] = nullptr;
    index_.erase(at);
  }
  void finish() { std::erase(routes_, nullptr); }

 private:
  std::vector<std::shared_ptr<const Route>>& routes_;
  std::unordered_map<std::string, size_t> index_;
};

}  // namespace

std::expected<Config, ConfigErrors> config_of(const RevisionContent& content) {
  const LoadOptions options{.file_name = "revision"};
  auto config = load_config(content.document, Format::json, options);
  if (!config || content.patches.empty()) return config;
  RouteEdits edits(*config);
  for (const ObjectPatch& patch : content.patches) {
    if (patch.kind != kRouteKind)
      return std::unexpected(damaged("a change of an unknown kind \"" + patch.kind + "\""));
    if (patch.document.empty()) {
      edits.remove(patch.name);
      continue;
    }
    auto route = load_route(patch.document, Format::json, options);
    if (!route) return std::unexpected(route.error());
    edits.put(std::move(*route));
  }
  edits.finish();
  if (ConfigErrors errors = check_config(*config); !errors.empty()) return std::unexpected(std::move(errors));
  return config;
}

ObjectPatch patch_of(const Route& route) {
  return {kRouteKind, route.name, to_json(route)};
}
ObjectPatch patch_of_removal(const std::string& route_name) {
  return {kRouteKind, route_name, ""};
}

}  // namespace sluice::admin
