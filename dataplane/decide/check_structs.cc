#include <algorithm>
#include <cstring>
#include <tuple>
#include <vector>

#include "dataplane/decide/checks.h"
#include "dataplane/decide/text_rules.h"

namespace sluice::decide {
namespace {

template <typename Enum>
bool is_known(Enum value, Enum last) {
  return static_cast<uint8_t>(value) <= static_cast<uint8_t>(last);
}

class StructChecks {
 public:
  StructChecks(const Arrays& arrays, const SnapshotLimits& limits) : arrays_(arrays), limits_(limits) {}

  Problem run() const {
    using Check = Problem (StructChecks::*)() const;
    static constexpr Check kChecks[] = {&StructChecks::counts,    &StructChecks::text,
                                        &StructChecks::timeouts,  &StructChecks::routes,
                                        &StructChecks::listeners, &StructChecks::hosts,
                                        &StructChecks::rules,     &StructChecks::pools,
                                        &StructChecks::peers,     &StructChecks::process_limits};
    for (const Check check : kChecks) {
      if (Problem problem = (this->*check)()) return problem;
    }
    return std::nullopt;
  }

 private:
  static SnapshotError bad(std::string path, std::string message) {
    return {"BAD_VALUE", std::move(path), std::move(message)};
  }
  static SnapshotError dangling(std::string path, uint64_t index, std::string_view list, uint64_t size) {
    return {"DANGLING_REF", std::move(path),
            "refers to " + place(list, index) + ", but there are only " + std::to_string(size) +
                "; compile the snapshot again"};
  }
  static SnapshotError above_limit(std::string path, std::string_view what, uint64_t count, uint64_t limit) {
    return {"LIMIT", std::move(path),
            std::string(what) + ": " + std::to_string(count) + ", the limit is " + std::to_string(limit)};
  }
  static bool is_address(const wire::Address& address) {
    return (address.family() == 4 || address.family() == 6) && address.port() != 0;
  }
  bool is_name(const wire::Text& name) const { return arrays_.holds(name) && name.length() <= kNameBytesMax; }
  static SnapshotError bad_name(std::string path) {
    return bad(std::move(path), "lies outside of the text or is longer than 1024 bytes; shorten the name");
  }

  Problem counts() const;
  Problem text() const;
  Problem timeouts() const;
  Problem routes() const;
  Problem listeners() const;
  Problem listener(uint32_t index) const;
  Problem listener_duplicates() const;
  Problem hosts() const;
  Problem rules() const;
  Problem pools() const;
  Problem peers() const;
  Problem process_limits() const;
  std::string find_control_bytes() const;

  const Arrays& arrays_;
  const SnapshotLimits& limits_;
};

Problem StructChecks::counts() const {
  if (arrays_.routes.size() > limits_.routes_max) {
    return above_limit("routes", "number of routes", arrays_.routes.size(), limits_.routes_max);
  }
  return std::nullopt;
}

// Which object holds the control byte; only called when the text has one.
std::string StructChecks::find_control_bytes() const {
  const auto scan = [this](std::string_view list, const auto& objects, auto range_of,
                           std::string_view field) -> std::string {
    for (size_t i = 0; i < objects.size(); ++i) {
      const wire::Text& range = range_of(objects[i]);
      if (arrays_.holds(range) && range.length() <= kPathBytesMax && has_control_bytes(arrays_.text(range))) {
        return place(list, i, field);
      }
    }
    return {};
  };
  const auto name = [](const auto& object) -> const wire::Text& { return object.name(); };
  const auto path = [](const wire::Rule& rule) -> const wire::Text& { return rule.path(); };
  std::string found = scan("rules", arrays_.rules, path, ".path");
  if (found.empty()) found = scan("hosts", arrays_.hosts, name, ".name");
  if (found.empty()) found = scan("routes", arrays_.routes, name, ".name");
  if (found.empty()) found = scan("pools", arrays_.pools, name, ".name");
  if (found.empty()) found = scan("peers", arrays_.peers, name, ".name");
  if (found.empty()) found = scan("listeners", arrays_.listeners, name, ".name");
  return found.empty() ? "text" : found;
}

Problem StructChecks::text() const {
  if (has_control_bytes(arrays_.text_blob)) {
    return bad(find_control_bytes(), "contains a control byte; remove it from the name or path");
  }
  if (has_control_bytes(view(arrays_.root->gateway_name()))) {
    return bad("gateway_name", "contains a control byte; remove it from the name");
  }
  return std::nullopt;
}

Problem StructChecks::timeouts() const {
  for (size_t i = 0; i < arrays_.timeouts.size(); ++i) {
    const wire::Timeouts& set = arrays_.timeouts[i];
    const std::pair<std::string_view, uint32_t> values[] = {
        {".client_header", set.client_header()}, {".client_body", set.client_body()},
        {".client_idle", set.client_idle()},     {".connect", set.connect()},
        {".response", set.response()},           {".origin_idle", set.origin_idle()},
        {".tunnel_idle", set.tunnel_idle()}};
    for (const auto& [field, milliseconds] : values) {
      if (milliseconds == 0) return bad(place("timeouts", i, field), "is zero; give at least 1 ms");
    }
  }
  return std::nullopt;
}

Problem StructChecks::routes() const {
  for (size_t i = 0; i < arrays_.routes.size(); ++i) {
    const wire::Route& route = arrays_.routes[i];
    if (!is_name(route.name())) return bad_name(place("routes", i, ".name"));
    if (!is_known(route.action(), wire::ActionKind::MAX)) {
      return bad(place("routes", i, ".action"), "is not a known action");
    }
    if (route.policy() >= arrays_.policies.size()) {
      return dangling(place("routes", i, ".policy"), route.policy(), "policies", arrays_.policies.size());
    }
    const auto [list, size] =
        route.action() == wire::ActionKind::forward
            ? std::pair<std::string_view, uint64_t>("pools", arrays_.pools.size())
        : route.action() == wire::ActionKind::redirect
            ? std::pair<std::string_view, uint64_t>("redirects", arrays_.redirects.size())
            : std::pair<std::string_view, uint64_t>("responses", arrays_.responses.size());
    if (route.target() >= size) return dangling(place("routes", i, ".target"), route.target(), list, size);
  }
  return std::nullopt;
}

Problem StructChecks::listener(uint32_t index) const {
  const wire::Listener& listener = arrays_.listeners[index];
  if (!is_name(listener.name())) return bad_name(place("listeners", index, ".name"));
  if (!is_address(listener.address())) {
    return bad(place("listeners", index, ".address"), "is not an IPv4 or IPv6 address with a port");
  }
  if (!is_known(listener.protocol(), wire::Protocol::MAX)) {
    return bad(place("listeners", index, ".protocol"), "is not a known protocol; use http or tcp");
  }
  if (listener.timeouts() >= arrays_.timeouts.size()) {
    return dangling(place("listeners", index, ".timeouts"), listener.timeouts(), "timeouts",
                    arrays_.timeouts.size());
  }
  const std::string path = place("listeners", index, ".route");
  if (listener.protocol() == wire::Protocol::http) {
    if (listener.route() != kNone) return bad(path, "must be none: an http listener routes by request");
    return std::nullopt;
  }
  if (listener.route() >= arrays_.routes.size()) {
    return dangling(path, listener.route(), "routes", arrays_.routes.size());
  }
  if (arrays_.routes[listener.route()].action() != wire::ActionKind::forward) {
    return bad(path, "must be a route that forwards: a tcp connection cannot be answered or redirected");
  }
  return std::nullopt;
}

// Two listeners on one address would share its connections at random (SO_REUSEPORT), silently.
Problem StructChecks::listener_duplicates() const {
  std::vector<uint32_t> order(arrays_.listeners.size());
  for (uint32_t i = 0; i < order.size(); ++i) order[i] = i;
  const auto compare_address = [this](uint32_t left, uint32_t right) {
    // The address struct has no padding that would differ: 16 + 2 + 1 bytes and one that is always written
    // as zero, so only the meaningful bytes are compared.
    const wire::Address& a = arrays_.listeners[left].address();
    const wire::Address& b = arrays_.listeners[right].address();
    const int bytes = std::memcmp(a.ip()->Data(), b.ip()->Data(), a.ip()->size());
    return std::tuple(bytes, static_cast<int>(a.port()) - b.port(),
                      static_cast<int>(a.family()) - b.family());
  };
  const std::tuple<int, int, int> equal{0, 0, 0};
  std::sort(order.begin(), order.end(),
            [&](uint32_t left, uint32_t right) { return compare_address(left, right) < equal; });
  for (size_t i = 1; i < order.size(); ++i) {
    if (compare_address(order[i - 1], order[i]) == equal) {
      return bad(place("listeners", std::max(order[i - 1], order[i]), ".address"),
                 "is also the address of " + place("listeners", std::min(order[i - 1], order[i])) +
                     "; give each listener its own");
    }
  }
  const auto id_of = [this](uint32_t index) { return arrays_.listeners[index].id(); };
  std::sort(order.begin(), order.end(),
            [&](uint32_t left, uint32_t right) { return id_of(left) < id_of(right); });
  for (size_t i = 1; i < order.size(); ++i) {
    if (id_of(order[i - 1]) == id_of(order[i])) {
      return bad(place("listeners", std::max(order[i - 1], order[i]), ".id"),
                 "is also the id of " + place("listeners", std::min(order[i - 1], order[i])) +
                     "; give each listener its own name");
    }
  }
  return std::nullopt;
}

Problem StructChecks::listeners() const {
  for (uint32_t i = 0; i < arrays_.listeners.size(); ++i) {
    if (Problem problem = listener(i)) return problem;
  }
  return listener_duplicates();
}

Problem StructChecks::hosts() const {
  for (size_t i = 0; i < arrays_.hosts.size(); ++i) {
    const wire::Host& host = arrays_.hosts[i];
    if (!is_known(host.kind(), wire::HostKind::MAX)) {
      return bad(place("hosts", i, ".kind"), "is not a known kind of host");
    }
    if (!arrays_.holds(host.name())) return bad(place("hosts", i, ".name"), "lies outside of the text");
    const std::string_view name = arrays_.text(host.name());
    if (host.kind() == wire::HostKind::any) {
      if (!name.empty())
        return bad(place("hosts", i, ".name"), "must be empty for the host that matches any");
    } else if (!is_host_name(name, host.kind() == wire::HostKind::wildcard)) {
      return bad(place("hosts", i, ".name"),
                 "is not a lower-case host name of at most 255 bytes (a wildcard begins with a dot)");
    }
    if (host.first_rule() > arrays_.rules.size() ||
        host.rule_count() > arrays_.rules.size() - host.first_rule()) {
      return dangling(place("hosts", i, ".first_rule"),
                      static_cast<uint64_t>(host.first_rule()) + host.rule_count(), "rules",
                      arrays_.rules.size());
    }
  }
  return std::nullopt;
}

Problem StructChecks::rules() const {
  for (size_t i = 0; i < arrays_.rules.size(); ++i) {
    const wire::Rule& rule = arrays_.rules[i];
    if (rule.route() >= arrays_.routes.size()) {
      return dangling(place("rules", i, ".route"), rule.route(), "routes", arrays_.routes.size());
    }
    if (rule.condition() != kNone && rule.condition() >= arrays_.conditions.size()) {
      return dangling(place("rules", i, ".condition"), rule.condition(), "conditions",
                      arrays_.conditions.size());
    }
    if (!is_known(rule.path_kind(), wire::PathKind::MAX)) {
      return bad(place("rules", i, ".path_kind"), "is not a known kind of path");
    }
    if (!arrays_.holds(rule.path()) || rule.path().length() > kPathBytesMax) {
      return bad(place("rules", i, ".path"), "lies outside of the text or is longer than 16384 bytes");
    }
    if (rule.path_kind() != wire::PathKind::regex &&
        (rule.path().length() == 0 || arrays_.text_blob[rule.path().offset()] != '/')) {
      return bad(place("rules", i, ".path"), "must begin with '/'");
    }
  }
  return std::nullopt;
}

Problem StructChecks::pools() const {
  for (size_t i = 0; i < arrays_.pools.size(); ++i) {
    const wire::Pool& pool = arrays_.pools[i];
    if (!is_name(pool.name())) return bad_name(place("pools", i, ".name"));
    if (!is_known(pool.mode(), wire::PoolMode::MAX)) {
      return bad(place("pools", i, ".mode"), "is not a known mode; use failover or load_balancing");
    }
    if (!is_known(pool.policy(), wire::BalancePolicy::MAX)) {
      return bad(place("pools", i, ".policy"), "is not a known balancing policy");
    }
    if (pool.first_member() > arrays_.members.size() ||
        pool.member_count() > arrays_.members.size() - pool.first_member()) {
      return dangling(place("pools", i, ".first_member"),
                      static_cast<uint64_t>(pool.first_member()) + pool.member_count(), "members",
                      arrays_.members.size());
    }
    if (pool.member_count() > kPoolMembersMax) {
      return above_limit(place("pools", i, ".member_count"), "members of one pool", pool.member_count(),
                         kPoolMembersMax);
    }
    if (pool.outage() != kNone && pool.outage() >= arrays_.responses.size()) {
      return dangling(place("pools", i, ".outage"), pool.outage(), "responses", arrays_.responses.size());
    }
  }
  return std::nullopt;
}

Problem StructChecks::peers() const {
  for (size_t i = 0; i < arrays_.members.size(); ++i) {
    const uint32_t peer = arrays_.members[i].peer();
    if (peer >= arrays_.peers.size()) {
      return dangling(place("members", i, ".peer"), peer, "peers", arrays_.peers.size());
    }
  }
  for (size_t i = 0; i < arrays_.peers.size(); ++i) {
    const wire::Peer& peer = arrays_.peers[i];
    if (!is_name(peer.name())) return bad_name(place("peers", i, ".name"));
    if (!is_address(peer.address())) {
      return bad(place("peers", i, ".address"), "is not an IPv4 or IPv6 address with a port");
    }
  }
  return std::nullopt;
}

Problem StructChecks::process_limits() const {
  const wire::Limits* limits = arrays_.root->limits();
  if (limits == nullptr) return bad("limits", "is missing; compile the snapshot again");
  if (limits->header_bytes() == 0) return bad("limits.header_bytes", "is zero; give at least 1 byte");
  if (limits->uri_bytes() == 0) return bad("limits.uri_bytes", "is zero; give at least 1 byte");
  if (limits->header_fields() == 0) return bad("limits.header_fields", "is zero; give at least 1");
  if (limits->header_fields() > kHeaderFieldsMax) {
    return above_limit("limits.header_fields", "header fields", limits->header_fields(), kHeaderFieldsMax);
  }
  return std::nullopt;
}

}  // namespace

Problem check_structs(const Arrays& arrays, const SnapshotLimits& limits) {
  return StructChecks(arrays, limits).run();
}

}  // namespace sluice::decide
