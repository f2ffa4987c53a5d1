#include "admin/model/resolve.h"

#include <algorithm>
#include <map>

#include "admin/model/error_sink.h"
#include "admin/model/prefetch.h"

namespace sluice::admin {
namespace {

constexpr uint32_t kErrorsMax = 50;

bool is_name(const Endpoint& endpoint) {
  return endpoint.is_name();
}

class Resolution {
 public:
  Resolution(const Config& config, const Resolver& resolver)
      : resolver_(resolver), errors_(config.files, kErrorsMax) {}

  // The endpoint with its address; unchanged after an error, which names `user`.
  Endpoint resolve(const Endpoint& endpoint, Place place, const std::string& path, const std::string& user) {
    if (!endpoint.is_name()) return endpoint;
    auto known = answers_.find(endpoint.host);
    if (known == answers_.end()) known = answers_.emplace(endpoint.host, resolver_(endpoint.host)).first;
    Endpoint resolved = endpoint;
    if (known->second) {
      resolved.ip = *known->second;
    } else {
      errors_.add(place, path,
                  user + ": the host name \"" + endpoint.host + "\" has no address: " + known->second.error(),
                  "check the name and DNS, or write the IP address");
    }
    return resolved;
  }
  ConfigErrors take_errors() { return errors_.take(); }

 private:
  const Resolver& resolver_;
  ErrorSink errors_;
  std::map<std::string, std::expected<IpAddress, std::string>> answers_;
};

}  // namespace

ConfigErrors resolve_addresses(Config& config, const Resolver& resolver) {
  Resolution resolution(config, resolver);
  // Kept aside until all is resolved: most configurations have no names, and copying 100,000 pointers means
  // touching as many reference counts twice.
  std::vector<std::pair<size_t, std::shared_ptr<const Peer>>> peers;
  for (size_t i = 0; i < config.peers.size(); ++i) {
    prefetch_ahead(config.peers, i);
    const Peer& peer = *config.peers[i];
    if (!peer.address.is_name()) continue;
    const std::string path = "/peers/" + std::to_string(i) + "/address";
    const Endpoint resolved =
        resolution.resolve(peer.address, peer.place, path, "peer \"" + peer.name + "\"");
    if (resolved.ip == peer.address.ip) continue;
    auto changed = std::make_shared<Peer>(peer);
    changed->address = resolved;
    peers.emplace_back(i, std::move(changed));
  }
  std::vector<std::pair<size_t, std::shared_ptr<const Route>>> routes;
  for (size_t i = 0; i < config.routes.size(); ++i) {
    prefetch_ahead(config.routes, i);
    const Route& route = *config.routes[i];
    const auto* target = std::get_if<ToAddresses>(&route.target);
    if (target == nullptr || !std::any_of(target->addresses.begin(), target->addresses.end(), is_name))
      continue;
    ToAddresses resolved = *target;
    bool is_changed = false;
    for (size_t k = 0; k < resolved.addresses.size(); ++k) {
      Endpoint& address = resolved.addresses[k];
      const Endpoint answer = resolution.resolve(address, route.target_place,
                                                 "/routes/" + std::to_string(i) + "/to/" + std::to_string(k),
                                                 "route \"" + route.name + "\"");
      is_changed |= answer.ip != address.ip;
      address = answer;
    }
    if (!is_changed) continue;
    auto changed = std::make_shared<Route>(route);
    changed->target = std::move(resolved);
    routes.emplace_back(i, std::move(changed));
  }
  ConfigErrors errors = resolution.take_errors();
  if (!errors.empty()) return errors;
  for (auto& [number, peer] : peers) config.peers[number] = std::move(peer);
  for (auto& [number, route] : routes) config.routes[number] = std::move(route);
  return errors;
}

}  // namespace sluice::admin
