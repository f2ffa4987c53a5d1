#include "admin/model/edit.h"

#include <algorithm>

#include "admin/model/check.h"

namespace sluice::admin {
namespace {

constexpr uint32_t kErrorsMax = 50;

Edited checked(Config config) {
  ConfigErrors errors = check_config(config);
  if (!errors.empty()) return std::unexpected(std::move(errors));
  return config;
}

template <typename Object>
using List = std::vector<std::shared_ptr<const Object>> Config::*;

// Linear, by id first: 100,000 pointers are followed in about a millisecond.
template <typename Object>
auto find(std::vector<std::shared_ptr<const Object>>& objects, const std::string& name) {
  return std::find_if(objects.begin(), objects.end(),
                      [&](const auto& object) { return object->name == name; });
}

// The place an object was read from means nothing in another Config's list of files.
template <typename Object>
std::shared_ptr<const Object> without_place(const Object& object) {
  auto copy = std::make_shared<Object>(object);
  copy->place = {};
  if constexpr (std::is_same_v<Object, Route>) {
    copy->listeners_place = copy->target_place = {};
    if (auto* split = std::get_if<ToSplit>(&copy->target)) {
      for (SplitPart& part : split->parts) part.place = {};
    }
  }
  if constexpr (std::is_same_v<Object, Pool>) {
    for (Member& member : copy->members) member.place = {};
  }
  return copy;
}

template <typename Object>
Edited put(const Config& config, List<Object> list, const std::shared_ptr<const Object>& object) {
  Config edited = config;
  auto& objects = edited.*list;
  const auto found = find(objects, object->name);
  if (found != objects.end()) {
    *found = without_place(*object);
  } else {
    objects.push_back(without_place(*object));
  }
  return checked(std::move(edited));
}

template <typename Object>
Edited remove(const Config& config, List<Object> list, const std::string& kind, const std::string& name) {
  Config edited = config;
  auto& objects = edited.*list;
  const auto found = find(objects, name);
  if (found == objects.end()) {
    return std::unexpected(ConfigErrors{{"", 0, 0, "", "there is no " + kind + " \"" + name + "\"", ""}});
  }
  objects.erase(found);
  return checked(std::move(edited));
}

}  // namespace

ConfigErrors check_config(const Config& config) {
  ErrorSink errors(config.files, kErrorsMax);
  check_into(config, errors);
  return errors.take();
}

Edited put_listener(const Config& config, std::shared_ptr<const Listener> listener) {
  return put(config, &Config::listeners, listener);
}
Edited put_peer(const Config& config, std::shared_ptr<const Peer> peer) {
  return put(config, &Config::peers, peer);
}
Edited put_pool(const Config& config, std::shared_ptr<const Pool> pool) {
  return put(config, &Config::pools, pool);
}
Edited put_route(const Config& config, std::shared_ptr<const Route> route) {
  // By id, a number beside the pointer's target: at 100,000 routes, looking at the whole is most of the work.
  const auto same = std::find_if(config.routes.begin(), config.routes.end(),
                                 [&](const auto& other) { return other->id == route->id; });
  const bool is_new = same == config.routes.end();
  const bool is_local =
      is_self_contained(*route) && (is_new || ((*same)->name == route->name && is_self_contained(**same)));
  if (!is_local) return put(config, &Config::routes, route);
  const auto number = static_cast<uint32_t>(same - config.routes.begin());
  Config edited = config;
  if (is_new) {
    edited.routes.push_back(without_place(*route));
  } else {
    edited.routes[number] = without_place(*route);
  }
  ErrorSink errors(edited.files, kErrorsMax);
  check_route_into(edited, number, errors);
  if (ConfigErrors found = errors.take(); !found.empty()) return std::unexpected(std::move(found));
  return edited;
}
Edited remove_listener(const Config& config, const std::string& name) {
  return remove(config, &Config::listeners, "listener", name);
}
Edited remove_peer(const Config& config, const std::string& name) {
  return remove(config, &Config::peers, "peer", name);
}
Edited remove_pool(const Config& config, const std::string& name) {
  return remove(config, &Config::pools, "pool", name);
}
Edited remove_route(const Config& config, const std::string& name) {
  const auto found = std::find_if(config.routes.begin(), config.routes.end(),
                                  [&](const auto& route) { return route->name == name; });
  if (found != config.routes.end() && is_self_contained(**found)) {  // Nothing refers to a route.
    Config edited = config;
    edited.routes.erase(edited.routes.begin() + (found - config.routes.begin()));
    return edited;
  }
  return remove(config, &Config::routes, "route", name);
}

}  // namespace sluice::admin
