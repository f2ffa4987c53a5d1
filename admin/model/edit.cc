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
  return put(config, &Config::routes, route);
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
  return remove(config, &Config::routes, "route", name);
}

}  // namespace sluice::admin
