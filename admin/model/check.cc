#include "admin/model/check.h"

#include <algorithm>
#include <map>
#include <string_view>

#include "admin/model/id_index.h"
#include "admin/model/value.h"
#include "schemas/stable_hash.h"

namespace sluice::admin {
namespace {

constexpr size_t kPatternsMax = 10'000;  // What a data plane takes (decide::SnapshotLimits).

template <typename Object>
IdIndex index_of(const std::vector<std::shared_ptr<const Object>>& objects) {
  IdIndex index(objects.size());
  for (uint32_t i = 0; i < objects.size(); ++i) index.insert(objects[i]->id, i);
  return index;
}

class Checker {
 public:
  Checker(const Config& config, ErrorSink& errors)
      : config_(config),
        errors_(errors),
        listeners_(index_of(config.listeners)),
        peers_(index_of(config.peers)),
        pools_(index_of(config.pools)),
        tcp_routes_(config.listeners.size(), 0) {}

  void run_route(uint32_t number) { check_route(number); }
  void run() {
    check_names(config_.listeners, "listener", "listeners");
    check_names(config_.peers, "peer", "peers");
    check_names(config_.pools, "pool", "pools");
    check_names(config_.routes, "route", "routes");
    check_listeners();
    check_peers();
    for (uint32_t i = 0; i < config_.pools.size(); ++i) check_pool(i);
    for (uint32_t i = 0; i < config_.routes.size(); ++i) check_route(i);
    check_tcp_listeners();
    check_patterns();
  }

 private:
  static std::string pointer(std::string_view list, size_t index, std::string_view field = "") {
    return "/" + std::string(list) + "/" + std::to_string(index) + std::string(field);
  }
  // " (defined at FILE:LINE)"; empty for objects made by a program.
  std::string where(Place place) const {
    if (place.line == 0 || place.file >= config_.files.size()) return "";
    return " (at " + config_.files[place.file] + ":" + std::to_string(place.line) + ")";
  }
  template <typename Object>
  void check_names(const std::vector<std::shared_ptr<const Object>>& objects, std::string_view kind,
                   std::string_view list) {
    IdIndex index(objects.size());
    for (uint32_t i = 0; i < objects.size(); ++i) {
      const size_t ahead = i + IdIndex::kPrefetchSteps;
      if (ahead < objects.size()) index.prefetch(objects[ahead]->id);
      const uint32_t other = index.insert(objects[i]->id, i);
      if (other == IdIndex::kNone) continue;
      const bool same = objects[other]->name == objects[i]->name;
      errors_.add(objects[i]->place, pointer(list, i, "/name"),
                  same ? "a second " + std::string(kind) + " named " + quoted(objects[i]->name)
                       : "the names " + quoted(objects[i]->name) + " and " + quoted(objects[other]->name) +
                             " have the same 64-bit hash",
                  "rename one" + (same ? "; the first is number " + std::to_string(other + 1) +
                                             where(objects[other]->place)
                                       : std::string()));
    }
  }
  template <typename Object>
  static bool has(const IdIndex& index, const std::vector<std::shared_ptr<const Object>>& objects,
                  const std::string& name) {
    const uint32_t found = index.find(stable_hash(HashUse::object_name, name));
    return found != IdIndex::kNone && objects[found]->name == name;
  }
  // The name of that kind nearest to a misspelt one.
  template <typename Object>
  static std::string nearest(const std::vector<std::shared_ptr<const Object>>& objects,
                             std::string_view name) {
    constexpr size_t kSearchedMax = 2000;
    std::vector<std::string_view> names;
    for (const auto& object : objects) {
      if (names.size() >= kSearchedMax) break;
      names.push_back(object->name);
    }
    return std::string(nearest_word(name, names));
  }

  void check_listeners();
  void check_peers();
  void check_pool(uint32_t number);
  void check_split(uint32_t number, const Route& route, const ToSplit& split);
  void check_route(uint32_t number);
  void check_pool_reference(const std::string& pool, const std::string& whose, const std::string& path,
                            Place place);
  void check_peer_reference(uint32_t number, const Route& route, const std::string& peer);
  void check_route_listeners(uint32_t number, const Route& route);
  void check_tcp_route(uint32_t number, const Route& route, uint32_t listener);
  void check_tcp_listeners();
  void check_patterns();

  const Config& config_;
  ErrorSink& errors_;
  IdIndex listeners_;
  IdIndex peers_;
  IdIndex pools_;
  std::vector<uint32_t> tcp_routes_;  // Per listener: how many routes it has, when it is tcp.
};

void Checker::check_listeners() {
  if (config_.listeners.empty()) {
    errors_.add({}, "/listeners", "there is no listener, so nothing could be served",
                "add one: listeners: [{name: web, address: \":8080\"}]");
  }
  std::map<std::string, uint32_t> first;
  for (uint32_t i = 0; i < config_.listeners.size(); ++i) {
    const Listener& listener = *config_.listeners[i];
    if (!listener.address.ip) continue;  // Its address was refused.
    const std::string address = to_text(listener.address);
    const auto [other, is_new] = first.emplace(address, i);
    if (!is_new) {
      const Listener& before = *config_.listeners[other->second];
      errors_.add(listener.place, pointer("listeners", i, "/address"),
                  "listeners " + quoted(before.name) + " and " + quoted(listener.name) +
                      " have the same address " + address,
                  "give each its own port or address");
    }
    const bool overlaps = listener.address.port == config_.admin.listen.port &&
                          (listener.address.ip->is_any() || listener.address.ip == config_.admin.listen.ip);
    if (overlaps) {
      errors_.add(listener.place, pointer("listeners", i, "/address"),
                  "listener " + quoted(listener.name) + " takes the port of the admin interface, " +
                      to_text(config_.admin.listen),
                  "choose another port, or move admin.listen");
    }
  }
}

void Checker::check_peers() {
  std::map<std::pair<std::string_view, uint16_t>, uint32_t> first;
  for (uint32_t i = 0; i < config_.peers.size(); ++i) {
    const Peer& peer = *config_.peers[i];
    if (peer.address.port == 0) continue;  // Its address was refused.
    const auto [other, is_new] =
        first.emplace(std::pair<std::string_view, uint16_t>(peer.address.host, peer.address.port), i);
    if (is_new) continue;
    errors_.add(peer.place, pointer("peers", i, "/address"),
                "peers " + quoted(config_.peers[other->second]->name) + " and " + quoted(peer.name) +
                    " have the same address " + to_text(peer.address),
                "keep one: a peer may be a member of any number of pools");
  }
}

void Checker::check_pool(uint32_t number) {
  const Pool& pool = *config_.pools[number];
  IdIndex seen(pool.members.size());
  for (uint32_t i = 0; i < pool.members.size(); ++i) {
    const Member& member = pool.members[i];
    const std::string path = pointer("pools", number, "/members/" + std::to_string(i));
    if (!has(peers_, config_.peers, member.peer)) {
      if (!errors_.has_room()) continue;
      const std::string meant = nearest(config_.peers, member.peer);
      errors_.add(member.place, path,
                  "pool " + quoted(pool.name) + " has a member " + quoted(member.peer) +
                      ", but there is no peer of that name",
                  meant.empty() ? "define it under `peers`"
                                : "define it under `peers`, or did you mean " + quoted(meant) + "?");
    } else if (seen.insert(stable_hash(HashUse::object_name, member.peer), i) != IdIndex::kNone) {
      errors_.add(member.place, path,
                  "pool " + quoted(pool.name) + " has the member " + quoted(member.peer) + " twice",
                  "remove one; {peer: NAME, weight: N} gives it more traffic");
    }
  }
}

// `whose`: "route \"app\" goes".
void Checker::check_pool_reference(const std::string& pool, const std::string& whose, const std::string& path,
                                   Place place) {
  if (has(pools_, config_.pools, pool) || !errors_.has_room()) return;
  std::string fix = "define it under `pools`";
  if (has(peers_, config_.peers, pool)) {
    fix = "there is a peer of that name: write `peer: " + pool + "`";
  } else if (const std::string meant = nearest(config_.pools, pool); !meant.empty()) {
    fix += ", or did you mean " + quoted(meant) + "?";
  }
  errors_.add(place, path, whose + " to pool " + quoted(pool) + ", but there is no pool of that name",
              std::move(fix));
}

void Checker::check_split(uint32_t number, const Route& route, const ToSplit& split) {
  for (size_t i = 0; i < split.parts.size(); ++i) {
    check_pool_reference(split.parts[i].pool, "route " + quoted(route.name) + " goes",
                         pointer("routes", number, "/split/" + std::to_string(i) + "/pool"),
                         split.parts[i].place);
  }
}

void Checker::check_peer_reference(uint32_t number, const Route& route, const std::string& peer) {
  if (has(peers_, config_.peers, peer) || !errors_.has_room()) return;
  std::string fix = "define it under `peers`";
  if (has(pools_, config_.pools, peer)) {
    fix = "there is a pool of that name: write `pool: " + peer + "`";
  } else if (const std::string meant = nearest(config_.peers, peer); !meant.empty()) {
    fix += ", or did you mean " + quoted(meant) + "?";
  }
  errors_.add(
      route.target_place, pointer("routes", number, "/peer"),
      "route " + quoted(route.name) + " goes to peer " + quoted(peer) + ", but there is no peer of that name",
      std::move(fix));
}

void Checker::check_route(uint32_t number) {
  const Route& route = *config_.routes[number];
  if (const auto* pool = std::get_if<ToPool>(&route.target); pool != nullptr && !pool->pool.empty()) {
    check_pool_reference(pool->pool, "route " + quoted(route.name) + " goes",
                         pointer("routes", number, "/pool"), route.target_place);
  } else if (const auto* peer = std::get_if<ToPeer>(&route.target); peer != nullptr && !peer->peer.empty()) {
    check_peer_reference(number, route, peer->peer);
  } else if (const auto* split = std::get_if<ToSplit>(&route.target)) {
    check_split(number, route, *split);
  }
  if (!route.listeners.empty()) check_route_listeners(number, route);
}

void Checker::check_route_listeners(uint32_t number, const Route& route) {
  for (const std::string& name : route.listeners) {
    const uint32_t found = listeners_.find(stable_hash(HashUse::object_name, name));
    if (found == IdIndex::kNone || config_.listeners[found]->name != name) {
      if (!errors_.has_room()) continue;
      const std::string meant = nearest(config_.listeners, name);
      errors_.add(route.listeners_place, pointer("routes", number, "/listener"),
                  "route " + quoted(route.name) + " is for listener " + quoted(name) +
                      ", but there is no listener of that name",
                  meant.empty() ? "define it under `listeners`" : "did you mean " + quoted(meant) + "?");
    } else if (config_.listeners[found]->protocol == wire::Protocol::tcp) {
      check_tcp_route(number, route, found);
    }
  }
}

void Checker::check_tcp_route(uint32_t number, const Route& route, uint32_t listener) {
  const std::string& name = config_.listeners[listener]->name;
  const auto fail = [&](Place place, std::string_view field, std::string message, std::string fix) {
    errors_.add(place, pointer("routes", number, field), "route " + quoted(route.name) + " " + message,
                std::move(fix));
  };
  if (++tcp_routes_[listener] > 1) {
    fail(route.listeners_place, "/listener", "is the second one of the tcp listener " + quoted(name),
         "a tcp listener has exactly one route: every connection takes it");
  }
  if (route.listeners.size() > 1) {
    fail(route.listeners_place, "/listener", "names the tcp listener " + quoted(name) + " among others",
         "give that listener a route of its own");
  }
  if (route.match != RouteMatch{} || route.priority != 0) {
    fail(route.place, "/match", "has a `match` or `priority`, but a tcp connection has nothing to match",
         "remove it, or use protocol: http");
  }
  if (std::holds_alternative<Response>(route.target) || std::holds_alternative<Redirect>(route.target)) {
    fail(route.target_place, "", "answers by itself, which a tcp connection cannot", "use pool, peer or to");
  }
  if (route.options == nullptr) return;
  RouteOptions http_only = *route.options;
  http_only.timeouts.milliseconds[static_cast<size_t>(TimeoutKind::connect)] = 0;
  http_only.timeouts.milliseconds[static_cast<size_t>(TimeoutKind::tunnel_idle)] = 0;
  http_only.retry_attempts.reset();
  http_only.access = {};
  if (http_only != RouteOptions{}) {
    fail(route.place, "", "has HTTP options on the tcp listener " + quoted(name),
         "only `retries`, `allow`, `deny` and the timeouts connect and tunnel_idle have a meaning there");
  }
}

void Checker::check_tcp_listeners() {
  for (uint32_t i = 0; i < config_.listeners.size(); ++i) {
    const Listener& listener = *config_.listeners[i];
    if (listener.protocol != wire::Protocol::tcp) continue;
    if (listener.timeouts != Timeouts{}) {
      errors_.add(listener.place, pointer("listeners", i, "/timeouts"),
                  "the tcp listener " + quoted(listener.name) + " has timeouts of HTTP requests",
                  "remove them; its route may set connect and tunnel_idle");
    }
    if (listener.rules.are_about_requests()) {
      errors_.add(listener.place, pointer("listeners", i),
                  "the tcp listener " + quoted(listener.name) +
                      " has path_policy, trusted_proxies or forwarded_headers, but there are no requests",
                  "remove them, or use protocol: http");
    }
    if (tcp_routes_[i] > 0) continue;
    errors_.add(listener.place, pointer("listeners", i),
                "the tcp listener " + quoted(listener.name) + " has no route",
                "add one: {name: " + listener.name + ", listener: " + listener.name + ", pool: …}");
  }
}

void Checker::check_patterns() {
  std::map<std::string_view, uint32_t> patterns;
  for (uint32_t i = 0; i < config_.routes.size(); ++i) {
    const RouteMatch& match = config_.routes[i]->match;
    if (match.path_kind == wire::PathKind::regex) patterns.emplace(match.path, i);
    for (const HeaderMatch& header : match.headers) {
      if (header.kind == wire::HeaderMatchKind::regex) patterns.emplace(header.value, i);
    }
    if (patterns.size() <= kPatternsMax) continue;
    errors_.add(config_.routes[i]->place, pointer("routes", i, "/match"),
                "more than 10000 different regular expressions", "use path_prefix where it does");
    return;
  }
}

}  // namespace

void check_into(const Config& config, ErrorSink& errors) {
  Checker(config, errors).run();
  check_paths_into(config, errors);
}

void check_route_into(const Config& config, uint32_t number, ErrorSink& errors) {
  Checker(config, errors).run_route(number);
  check_route_paths_into(config, number, errors);
}

bool is_self_contained(const Route& route) {
  const auto& headers = route.match.headers;
  return route.listeners.empty() && route.match.path_kind != wire::PathKind::regex &&
         std::none_of(headers.begin(), headers.end(),
                      [](const HeaderMatch& header) { return header.kind == wire::HeaderMatchKind::regex; });
}

}  // namespace sluice::admin
