#include "admin/model/config.h"

#include <algorithm>

namespace sluice::admin {
namespace {

template <typename Object>
const Object* find_by_name(const std::vector<std::shared_ptr<const Object>>& objects,
                           const std::string& name) {
  for (const auto& object : objects) {
    if (object->name == name) return object.get();
  }
  return nullptr;
}

template <typename Object>
bool same(const std::shared_ptr<const Object>& left, const std::shared_ptr<const Object>& right) {
  if (left == right) return true;
  return left != nullptr && right != nullptr && *left == *right;
}

template <typename Object>
bool same_all(const std::vector<std::shared_ptr<const Object>>& left,
              const std::vector<std::shared_ptr<const Object>>& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(), same<Object>);
}

}  // namespace

bool Route::operator==(const Route& other) const {
  return id == other.id && name == other.name && listeners == other.listeners && match == other.match &&
         priority == other.priority && target == other.target && same(options, other.options);
}

bool Config::operator==(const Config& other) const {
  return workers == other.workers && data_dir == other.data_dir && admin == other.admin &&
         timeouts == other.timeouts && drain_milliseconds == other.drain_milliseconds &&
         limits == other.limits && access_log == other.access_log && retries == other.retries &&
         gateway == other.gateway && path_policy == other.path_policy && error_pages == other.error_pages &&
         trusted_proxies == other.trusted_proxies && forwarded_headers == other.forwarded_headers &&
         same_all(listeners, other.listeners) && same_all(peers, other.peers) &&
         same_all(pools, other.pools) && same_all(routes, other.routes);
}

const Listener* Config::find_listener(const std::string& name) const {
  return find_by_name(listeners, name);
}
const Peer* Config::find_peer(const std::string& name) const {
  return find_by_name(peers, name);
}
const Pool* Config::find_pool(const std::string& name) const {
  return find_by_name(pools, name);
}
const Route* Config::find_route(const std::string& name) const {
  return find_by_name(routes, name);
}

}  // namespace sluice::admin
