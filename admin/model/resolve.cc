#include "admin/model/resolve.h"

#include <algorithm>
#include <map>

#include "admin/model/error_sink.h"

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
  auto peers = config.peers;
  for (size_t i = 0; i < peers.size(); ++i) {
    if (!peers[i]->address.is_name()) continue;
    const std::string path = "/peers/" + std::to_string(i) + "/address";
    const Endpoint resolved =
        resolution.resolve(peers[i]->address, peers[i]->place, path, "peer \"" + peers[i]->name + "\"");
    if (resolved.ip == peers[i]->address.ip) continue;
    auto peer = std::make_shared<Peer>(*peers[i]);
    peer->address = resolved;
    peers[i] = std::move(peer);
  }
  auto routes = config.routes;
  for (size_t i = 0; i < routes.size(); ++i) {
    const auto* target = std::get_if<ToAddresses>(&routes[i]->target);
    if (target == nullptr || !std::any_of(target->addresses.begin(), target->addresses.end(), is_name))
      continue;
    ToAddresses resolved = *target;
    bool changed = false;
    for (size_t k = 0; k < resolved.addresses.size(); ++k) {
      Endpoint& address = resolved.addresses[k];
      const Endpoint answer = resolution.resolve(address, routes[i]->target_place,
                                                 "/routes/" + std::to_string(i) + "/to/" + std::to_string(k),
                                                 "route \"" + routes[i]->name + "\"");
      changed |= answer.ip != address.ip;
      address = answer;
    }
    if (!changed) continue;
    auto route = std::make_shared<Route>(*routes[i]);
    route->target = std::move(resolved);
    routes[i] = std::move(route);
  }
  ConfigErrors errors = resolution.take_errors();
  if (errors.empty()) {
    config.peers = std::move(peers);
    config.routes = std::move(routes);
  }
  return errors;
}

}  // namespace sluice::admin
