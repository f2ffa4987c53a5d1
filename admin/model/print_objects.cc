// The named objects of the canonical text, and the parts they are made of.
#include "admin/model/decode.h"
#include "admin/model/print_parts.h"
#include "admin/model/value.h"

namespace sluice::admin::printing {
namespace {

constexpr std::string_view kModes[] = {"failover", "load_balancing"};
constexpr std::string_view kPolicies[] = {"round_robin", "least_conn", "ip_hash", "random_two", "maglev"};

}  // namespace

void write_timeouts(TextWriter& out, const Timeouts& timeouts) {
  for (uint32_t kind = 0; kind < kTimeoutKinds; ++kind) {
    if (timeouts.milliseconds[kind] == 0) continue;
    if (timeouts.milliseconds[kind] == kTimeoutOff) {
      out.text(kTimeoutNames[kind], "off");
      continue;
    }
    out.text(kTimeoutNames[kind], duration_text(timeouts.milliseconds[kind]));
  }
}

namespace {

void write_overrides(TextWriter& out, const Timeouts& timeouts) {
  if (timeouts == Timeouts{}) return;
  out.key("timeouts");
  out.open_mapping();
  write_timeouts(out, timeouts);
  out.close_mapping();
}

}  // namespace

void write_body_bytes(TextWriter& out, uint64_t bytes) {
  if (bytes == kUnlimited) {
    out.text("body_bytes", "unlimited");
  } else {
    out.text("body_bytes", size_text(bytes));
  }
}

void write_rate_limit(TextWriter& out, std::string_view key, const RateLimit& limit) {
  constexpr uint32_t kSecondsPerMinute = 60;
  if (limit == RateLimit{}) return;
  out.key(key);
  out.open_mapping();
  if (limit.requests_per_minute % kSecondsPerMinute == 0) {
    out.number("requests_per_second", limit.requests_per_minute / kSecondsPerMinute);
  } else {
    out.number("requests_per_minute", limit.requests_per_minute);
  }
  out.number("burst", limit.burst);
  if (limit.key == wire::RateKey::route) out.text("key", "route");
  out.close_mapping();
}

void write_body_rate(TextWriter& out, const BodyRate& rate) {
  if (rate.bytes_per_second == 0) return out.text("body_rate", "off");
  out.key("body_rate");
  out.open_mapping();
  out.text("bytes_per_second", size_text(rate.bytes_per_second));
  out.text("grace", duration_text(rate.grace_milliseconds));
  out.close_mapping();
}

void write_texts(TextWriter& out, std::string_view key, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  out.key(key);
  out.open_list();
  for (const std::string& text : texts) out.text(text);
  out.close_list();
}

namespace {

// The parts of an answer beside its status, within its mapping.
void write_response_fields(TextWriter& out, const Response& response) {
  if (!response.body.empty()) out.text("body", response.body);
  out.text("content_type", response.content_type);
  if (response.retry_after_seconds > 0)
    out.text("retry_after", std::to_string(response.retry_after_seconds) + "s");
}

void write_response(TextWriter& out, std::string_view key, const Response& response) {
  out.key(key);
  out.open_mapping();
  out.number("status", response.status);
  write_response_fields(out, response);
  out.close_mapping();
}

void write_networks(TextWriter& out, std::string_view key, const std::vector<Network>& networks) {
  std::vector<std::string> texts;
  texts.reserve(networks.size());
  for (const Network& network : networks) texts.push_back(to_text(network));
  write_texts(out, key, texts);
}

void write_access(TextWriter& out, const Access& access) {
  write_networks(out, "allow", access.allow);
  write_networks(out, "deny", access.deny);
}

void write_maintenance(TextWriter& out, const Maintenance& maintenance) {
  out.key("maintenance");
  out.open_mapping();
  out.key("enabled");
  out.truth(maintenance.enabled);
  out.number("status", maintenance.page.status);
  out.text("body", maintenance.page.body);
  Response rest = maintenance.page;
  rest.body.clear();
  write_response_fields(out, rest);
  write_networks(out, "allow", maintenance.allow);
  out.close_mapping();
}

}  // namespace

void write_basic_auth(TextWriter& out, const BasicAuth& auth) {
  out.key("basic_auth");
  out.open_mapping();
  out.text("realm", auth.realm);
  std::vector<std::string> users;
  for (const BasicUser& user : auth.users) users.push_back(user.name + ":" + user.hash);
  write_texts(out, "users", users);
  out.key("forward_header");
  out.truth(auth.forward_header);
  out.close_mapping();
}

void write_error_pages(TextWriter& out, const ErrorPages& pages) {
  out.open_mapping();
  for (const ErrorPage& page : pages) {
    out.key(page.code < 100 ? std::to_string(page.code) + "xx" : std::to_string(page.code));
    out.open_mapping();
    out.text("body", page.page.body);
    Response rest = page.page;
    rest.body.clear();
    write_response_fields(out, rest);
    out.close_mapping();
  }
  out.close_mapping();
}

void write(TextWriter& out, const Listener& listener) {
  out.open_mapping();
  out.text("name", listener.name);
  out.text("address", to_text(listener.address));
  out.text("protocol", listener.protocol == wire::Protocol::tcp ? "tcp" : "http");
  write_overrides(out, listener.timeouts);
  write_listener_rules(out, listener.rules);
  write_access(out, listener.access);
  out.close_mapping();
}

void write(TextWriter& out, const Peer& peer) {
  out.open_mapping();
  out.text("name", peer.name);
  out.text("address", to_text(peer.address));
  if (peer.weight != 1) out.number("weight", peer.weight);
  if (peer.peer_type == PeerType::gateway) out.text("peer_type", "gateway");
  out.close_mapping();
}

namespace {

void write_sticky(TextWriter& out, const Sticky& sticky) {
  constexpr std::string_view kSites[] = {"lax", "strict", "none"};
  out.key("sticky");
  out.open_mapping();
  out.text("cookie", sticky.cookie);
  write_texts(out, "keys", sticky.keys);
  if (sticky.max_age_seconds > 0) out.text("max_age", duration_text(sticky.max_age_seconds * 1000ULL));
  out.text("path", sticky.path);
  if (!sticky.domain.empty()) out.text("domain", sticky.domain);
  out.text("same_site", kSites[static_cast<size_t>(sticky.same_site)]);
  out.key("http_only");
  out.truth(sticky.http_only);
  out.key("secure");
  out.truth(sticky.secure);
  out.close_mapping();
}

}  // namespace

void write(TextWriter& out, const Pool& pool) {
  out.open_mapping();
  out.text("name", pool.name);
  out.text("mode", kModes[static_cast<size_t>(pool.mode)]);
  if (pool.mode == wire::PoolMode::load_balancing)
    out.text("policy", kPolicies[static_cast<size_t>(pool.policy)]);
  out.key("members");
  out.open_list();
  for (const Member& member : pool.members) {
    if (member.weight == 0) {
      out.text(member.peer);
      continue;
    }
    out.open_mapping();
    out.text("peer", member.peer);
    out.number("weight", member.weight);
    out.close_mapping();
  }
  out.close_list();
  if (pool.outage) write_response(out, "outage", *pool.outage);
  if (pool.send_proxy_protocol != wire::ProxyProtocol::off) {
    out.text("send_proxy_protocol", kProxyVersions[static_cast<size_t>(pool.send_proxy_protocol)]);
  }
  if (pool.sticky) write_sticky(out, *pool.sticky);
  write_overrides(out, pool.timeouts);
  out.close_mapping();
}

namespace {

void write_header_match(TextWriter& out, const HeaderMatch& match) {
  constexpr std::string_view kKinds[] = {"exact", "prefix", "regex", "present", "absent"};
  if (match.kind == wire::HeaderMatchKind::exact) return out.text(match.name, match.value);
  const bool has_value =
      match.kind == wire::HeaderMatchKind::prefix || match.kind == wire::HeaderMatchKind::regex;
  out.key(match.name);
  out.open_mapping();
  out.key(kKinds[static_cast<size_t>(match.kind)]);
  has_value ? out.text(match.value) : out.truth(true);
  out.close_mapping();
}

void write_match(TextWriter& out, const RouteMatch& match) {
  constexpr std::string_view kPaths[] = {"path", "path_prefix", "path_regex"};
  if (match == RouteMatch{}) return;
  out.key("match");
  out.open_mapping();
  write_texts(out, "hosts", match.hosts);
  out.text(kPaths[static_cast<size_t>(match.path_kind)], match.path);
  write_texts(out, "methods", match.methods);
  if (!match.headers.empty()) {
    out.key("headers");
    out.open_mapping();
    for (const HeaderMatch& header : match.headers) write_header_match(out, header);
    out.close_mapping();
  }
  out.close_mapping();
}

void write_header_ops(TextWriter& out, std::string_view key, const std::vector<HeaderOp>& ops) {
  if (ops.empty()) return;
  const auto has = [&](wire::HeaderOpKind kind) {
    for (const HeaderOp& op : ops) {
      if (op.kind == kind) return true;
    }
    return false;
  };
  out.key(key);
  out.open_mapping();
  if (has(wire::HeaderOpKind::remove)) {
    out.key("remove");
    out.open_list();
    for (const HeaderOp& op : ops) {
      if (op.kind == wire::HeaderOpKind::remove) out.text(op.name);
    }
    out.close_list();
  }
  if (has(wire::HeaderOpKind::set)) {
    out.key("set");
    out.open_mapping();
    for (const HeaderOp& op : ops) {
      if (op.kind == wire::HeaderOpKind::set) out.text(op.name, op.value);
    }
    out.close_mapping();
  }
  if (has(wire::HeaderOpKind::add)) {
    out.key("add");
    out.open_mapping();
    for (size_t i = 0; i < ops.size(); ++i) {
      if (ops[i].kind != wire::HeaderOpKind::add) continue;
      out.key(ops[i].name);
      out.open_list();
      out.text(ops[i].value);
      while (i + 1 < ops.size() && ops[i + 1].name == ops[i].name) out.text(ops[++i].value);
      out.close_list();
    }
    out.close_mapping();
  }
  out.close_mapping();
}

void write_target(TextWriter& out, const RouteTarget& target) {
  if (const auto* pool = std::get_if<ToPool>(&target)) return out.text("pool", pool->pool);
  if (const auto* peer = std::get_if<ToPeer>(&target)) return out.text("peer", peer->peer);
  if (const auto* response = std::get_if<Response>(&target)) return write_response(out, "respond", *response);
  if (const auto* addresses = std::get_if<ToAddresses>(&target)) {
    out.key("to");
    out.open_list();
    for (const Endpoint& address : addresses->addresses) out.text(to_text(address));
    return out.close_list();
  }
  if (const auto* split = std::get_if<ToSplit>(&target)) {
    out.key("split");
    out.open_list();
    for (const SplitPart& part : split->parts) {
      out.open_mapping();
      out.text("pool", part.pool);
      out.number("weight", part.weight);
      out.close_mapping();
    }
    out.close_list();
    if (split->by_client) out.text("split_by", "client");
    return;
  }
  const auto& redirect = std::get<Redirect>(target);
  out.key("redirect");
  out.open_mapping();
  out.text("to", redirect.location);
  out.number("status", redirect.status);
  out.close_mapping();
}

void write_options(TextWriter& out, const RouteOptions& options) {
  if (!options.strip_prefix.empty() || !options.replace_path.empty() || !options.add_prefix.empty()) {
    out.key("rewrite");
    out.open_mapping();
    if (!options.strip_prefix.empty()) out.text("strip_prefix", options.strip_prefix);
    if (!options.replace_path.empty()) out.text("replace_path", options.replace_path);
    if (!options.add_prefix.empty()) out.text("add_prefix", options.add_prefix);
    out.close_mapping();
  }
  write_header_ops(out, "request_headers", options.request_headers);
  write_header_ops(out, "response_headers", options.response_headers);
  if (!options.request_host.empty()) out.text("host", options.request_host);
  write_overrides(out, options.timeouts);
  if (options.body_bytes) write_body_bytes(out, *options.body_bytes);
  if (options.retry_attempts) {
    out.key("retries");
    out.open_mapping();
    out.number("attempts", *options.retry_attempts);
    out.close_mapping();
  }
  write_rate_limit(out, "rate_limit", options.rate_limit);
  if (options.body_rate) write_body_rate(out, *options.body_rate);
  write_access(out, options.access);
  if (options.maintenance) write_maintenance(out, *options.maintenance);
  if (options.basic_auth) write_basic_auth(out, *options.basic_auth);
  if (!options.error_pages.empty()) {
    out.key("error_pages");
    write_error_pages(out, options.error_pages);
  }
}

}  // namespace

void write(TextWriter& out, const Route& route) {
  out.open_mapping();
  out.text("name", route.name);
  write_texts(out, "listener", route.listeners);
  write_match(out, route.match);
  if (route.priority != 0) {
    out.key("priority");
    out.signed_number(route.priority);
  }
  write_target(out, route.target);
  if (route.options != nullptr) write_options(out, *route.options);
  out.close_mapping();
}

}  // namespace sluice::admin::printing
