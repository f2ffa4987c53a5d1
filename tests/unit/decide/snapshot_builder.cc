#include "tests/unit/decide/snapshot_builder.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>
#include <unordered_map>

#include "schemas/base/check.h"
#include "schemas/stable_hash.h"

namespace sluice::testing {
namespace {

using flatbuffers::FlatBufferBuilder;
using flatbuffers::Offset;

Offset<wire::Condition> write_condition(FlatBufferBuilder& fbb, const ConditionSpec& spec) {
  std::vector<Offset<wire::HeaderMatch>> headers;
  for (const HeaderMatchSpec& header : spec.headers) {
    const auto name = fbb.CreateString(header.name);
    const auto value = fbb.CreateString(header.value);
    headers.push_back(wire::CreateHeaderMatch(fbb, name, header.kind, value));
  }
  const auto methods = fbb.CreateVectorOfStrings(spec.methods);
  const auto header_vector = fbb.CreateVector(headers);
  const auto listeners = fbb.CreateVector(spec.listeners);
  return wire::CreateCondition(fbb, methods, header_vector, listeners);
}

Offset<flatbuffers::Vector<Offset<wire::HeaderOp>>> write_header_ops(FlatBufferBuilder& fbb,
                                                                     const std::vector<HeaderOpSpec>& ops) {
  std::vector<Offset<wire::HeaderOp>> offsets;
  for (const HeaderOpSpec& op : ops) {
    const auto name = fbb.CreateString(op.name);
    const auto value = fbb.CreateString(op.value);
    offsets.push_back(wire::CreateHeaderOp(fbb, op.kind, name, value));
  }
  return fbb.CreateVector(offsets);
}

Offset<wire::RouteFeatures> write_features(FlatBufferBuilder& fbb, const FeaturesSpec& spec) {
  Offset<flatbuffers::Vector<const wire::SplitPart*>> split;
  if (!spec.split.empty()) split = fbb.CreateVectorOfStructs(spec.split);
  wire::RouteFeaturesBuilder features(fbb);
  features.add_split(split);
  features.add_split_by_client(spec.split_by_client);
  features.add_access(spec.access);
  features.add_maintenance(spec.maintenance);
  features.add_maintenance_access(spec.maintenance_access);
  features.add_error_pages(spec.error_pages);
  features.add_basic_auth(spec.basic_auth);
  return features.Finish();
}

Offset<wire::SnapshotFeatures> write_snapshot_features(FlatBufferBuilder& fbb,
                                                       const SnapshotBuilder& snapshot) {
  std::vector<Offset<wire::Sticky>> stickies;
  for (const StickySpec& spec : snapshot.stickies) {
    std::vector<wire::SecretKey> keys;
    for (const uint32_t key : spec.keys) {
      const uint32_t words[] = {key, 7, 7, 7};
      keys.emplace_back(flatbuffers::span<const uint32_t, 4>(words));
    }
    stickies.push_back(wire::CreateStickyDirect(fbb, spec.pool, spec.cookie.c_str(), spec.attributes.c_str(),
                                                spec.max_age_seconds, &keys));
  }
  std::vector<Offset<wire::AccessList>> lists;
  for (const AccessListSpec& spec : snapshot.access_lists) {
    const auto v4 = fbb.CreateVectorOfStructs(spec.v4);
    const auto v6 = fbb.CreateVectorOfStructs(spec.v6);
    lists.push_back(wire::CreateAccessList(fbb, v4, v6));
  }
  std::vector<Offset<wire::ErrorPageSet>> sets;
  for (const auto& pages : snapshot.error_page_sets) {
    sets.push_back(wire::CreateErrorPageSet(fbb, fbb.CreateVectorOfStructs(pages)));
  }
  std::vector<Offset<wire::BasicAuth>> auths;
  for (const BasicAuthSpec& spec : snapshot.basic_auths) {
    std::vector<Offset<wire::BasicUser>> users;
    for (const auto& [name, hash] : spec.users) {
      users.push_back(wire::CreateBasicUserDirect(fbb, name.c_str(), hash.c_str()));
    }
    auths.push_back(wire::CreateBasicAuthDirect(fbb, spec.realm.c_str(), &users));
  }
  const auto auth_tables = fbb.CreateVector(auths);
  const auto sticky_tables = fbb.CreateVector(stickies);
  const auto access_tables = fbb.CreateVector(lists);
  const auto page_sets = fbb.CreateVector(sets);
  Offset<flatbuffers::Vector<uint32_t>> listener_access;
  if (!snapshot.listener_access.empty()) listener_access = fbb.CreateVector(snapshot.listener_access);
  wire::SnapshotFeaturesBuilder features(fbb);
  features.add_stickies(sticky_tables);
  features.add_listener_access(listener_access);
  features.add_access_lists(access_tables);
  features.add_error_page_sets(page_sets);
  features.add_error_pages(snapshot.error_pages);
  features.add_basic_auths(auth_tables);
  return features.Finish();
}

Offset<wire::Policy> write_policy(FlatBufferBuilder& fbb, const PolicySpec& spec) {
  const auto optional = [&fbb](const std::string& text) {
    return text.empty() ? Offset<flatbuffers::String>() : fbb.CreateString(text);
  };
  const auto strip_prefix = optional(spec.strip_prefix);
  const auto replace_path = optional(spec.replace_path);
  const auto add_prefix = optional(spec.add_prefix);
  const auto request_host = optional(spec.request_host);
  const auto request_headers = write_header_ops(fbb, spec.request_headers);
  const auto response_headers = write_header_ops(fbb, spec.response_headers);
  const auto features = spec.features ? write_features(fbb, *spec.features) : Offset<wire::RouteFeatures>();
  return wire::CreatePolicy(
      fbb, spec.timeouts, spec.body_bytes_max, spec.retry_attempts, strip_prefix, replace_path, add_prefix,
      request_host, request_headers, response_headers, features, spec.client_write, spec.request_total,
      spec.body_rate ? &*spec.body_rate : nullptr, spec.rate_limit ? &*spec.rate_limit : nullptr);
}

// The match order of schemas/snapshot.fbs.
bool stands_before(const RuleSpec& left, const RuleSpec& right,
                   const std::vector<ConditionSpec>& conditions) {
  const auto parts = [&conditions](const RuleSpec& rule) -> size_t {
    if (rule.condition >= conditions.size()) return 0;
    const ConditionSpec& condition = conditions[rule.condition];
    return condition.headers.size() + !condition.methods.empty() + !condition.listeners.empty();
  };
  if (left.priority != right.priority) return left.priority > right.priority;
  if (left.kind != right.kind) return left.kind < right.kind;
  if (left.path.size() != right.path.size()) return left.path.size() > right.path.size();
  return parts(left) > parts(right);
}

}  // namespace

wire::Address parse_address(std::string_view address) {
  const size_t colon = address.rfind(':');
  CHECK(colon != std::string_view::npos);
  std::string host(address.substr(0, colon));
  const auto port = static_cast<uint16_t>(std::stoul(std::string(address.substr(colon + 1))));
  const bool is_ipv6 = host.front() == '[';
  if (is_ipv6) host = host.substr(1, host.size() - 2);
  uint8_t ip[16] = {};
  CHECK(inet_pton(is_ipv6 ? AF_INET6 : AF_INET, host.c_str(), ip) == 1);
  return wire::Address(flatbuffers::span<const uint8_t, 16>(ip), port, is_ipv6 ? 6 : 4);
}

SnapshotBuilder::SnapshotBuilder()
    : timeouts{wire::Timeouts(10'000, 30'000, 60'000, 3'000, 60'000, 50'000, 3'600'000)},
      policies{PolicySpec{}},
      limits(UINT64_MAX, 32 * 1024, 128, 8 * 1024, 0, 0, 30'000, 20) {}

wire::Text SnapshotBuilder::add_text(std::string_view added) {
  const auto offset = static_cast<uint32_t>(text.size());
  text += added;
  return {offset, static_cast<uint32_t>(added.size())};
}

uint32_t SnapshotBuilder::add_peer(std::string_view address, std::string_view name) {
  peers.emplace_back(stable_hash(HashUse::peer_address, address), add_text(name), parse_address(address));
  return static_cast<uint32_t>(peers.size() - 1);
}

uint32_t SnapshotBuilder::add_pool(std::string_view name, const std::vector<MemberSpec>& pool_members,
                                   wire::PoolMode mode, wire::BalancePolicy policy, uint32_t outage) {
  const auto first = static_cast<uint32_t>(members.size());
  for (const MemberSpec& member : pool_members) members.emplace_back(member.peer, member.weight);
  pools.emplace_back(stable_hash(HashUse::object_name, name), add_text(name), first,
                     static_cast<uint32_t>(pool_members.size()), outage, mode, policy);
  return static_cast<uint32_t>(pools.size() - 1);
}

uint32_t SnapshotBuilder::add_route(std::string_view name, uint32_t pool, uint32_t policy) {
  routes.emplace_back(stable_hash(HashUse::object_name, name), add_text(name), pool, policy,
                      wire::ActionKind::forward);
  return static_cast<uint32_t>(routes.size() - 1);
}

uint32_t SnapshotBuilder::add_redirect_route(std::string_view name, const RedirectSpec& redirect) {
  redirects.push_back(redirect);
  routes.emplace_back(stable_hash(HashUse::object_name, name), add_text(name),
                      static_cast<uint32_t>(redirects.size() - 1), 0, wire::ActionKind::redirect);
  return static_cast<uint32_t>(routes.size() - 1);
}

uint32_t SnapshotBuilder::add_response_route(std::string_view name, const ResponseSpec& response) {
  routes.emplace_back(stable_hash(HashUse::object_name, name), add_text(name), add_response(response), 0,
                      wire::ActionKind::respond);
  return static_cast<uint32_t>(routes.size() - 1);
}

uint32_t SnapshotBuilder::add_response(const ResponseSpec& response) {
  responses.push_back(response);
  return static_cast<uint32_t>(responses.size() - 1);
}

uint32_t SnapshotBuilder::add_condition(const ConditionSpec& condition) {
  conditions.push_back(condition);
  return static_cast<uint32_t>(conditions.size() - 1);
}

uint32_t SnapshotBuilder::add_policy(const PolicySpec& policy) {
  policies.push_back(policy);
  return static_cast<uint32_t>(policies.size() - 1);
}

uint32_t SnapshotBuilder::add_listener(std::string_view name, std::string_view address,
                                       wire::Protocol protocol, uint32_t route) {
  listeners.emplace_back(stable_hash(HashUse::object_name, name), add_text(name), parse_address(address),
                         protocol, route, 0);
  return static_cast<uint32_t>(listeners.size() - 1);
}

void SnapshotBuilder::add_rule(std::string_view host, const RuleSpec& rule) {
  const auto [number, is_new] = host_numbers_.try_emplace(std::string(host), host_rules_.size());
  if (is_new) host_rules_.push_back({std::string(host), {}});
  host_rules_[number->second].rules.push_back(rule);
}

void SnapshotBuilder::lay_out_hosts(bool sort_rules) {
  std::unordered_map<std::string, wire::Text> known_paths;
  for (HostRules& entry : host_rules_) {
    const bool is_wildcard = entry.host.starts_with("*.");
    const wire::HostKind kind = entry.host.empty() ? wire::HostKind::any
                                : is_wildcard      ? wire::HostKind::wildcard
                                                   : wire::HostKind::exact;
    hosts.emplace_back(add_text(is_wildcard ? entry.host.substr(1) : entry.host), kind,
                       static_cast<uint32_t>(rules.size()), static_cast<uint32_t>(entry.rules.size()));
    if (sort_rules) {
      std::stable_sort(entry.rules.begin(), entry.rules.end(),
                       [this](const RuleSpec& left, const RuleSpec& right) {
                         return stands_before(left, right, conditions);
                       });
    }
    for (const RuleSpec& rule : entry.rules) {
      auto [path, is_new] = known_paths.try_emplace(rule.path);
      if (is_new) path->second = add_text(rule.path);
      rules.emplace_back(path->second, rule.route, rule.condition, rule.priority, rule.kind);
    }
  }
  host_rules_.clear();
  host_numbers_.clear();
}

std::vector<std::byte> SnapshotBuilder::finish() {
  lay_out_hosts();
  FlatBufferBuilder fbb;
  std::vector<Offset<wire::Condition>> condition_offsets;
  for (const ConditionSpec& spec : conditions) condition_offsets.push_back(write_condition(fbb, spec));
  std::vector<Offset<wire::Policy>> policy_offsets;
  for (const PolicySpec& spec : policies) policy_offsets.push_back(write_policy(fbb, spec));
  std::vector<Offset<wire::Redirect>> redirect_offsets;
  for (const RedirectSpec& spec : redirects) {
    redirect_offsets.push_back(wire::CreateRedirectDirect(fbb, spec.status, spec.location.c_str()));
  }
  std::vector<Offset<wire::Response>> response_offsets;
  for (const ResponseSpec& spec : responses) {
    response_offsets.push_back(wire::CreateResponseDirect(fbb, spec.status, spec.content_type.c_str(),
                                                          spec.body.c_str(), spec.retry_after_seconds));
  }
  std::vector<Offset<wire::ListenerPolicy>> listener_policy_offsets;
  for (const ListenerPolicySpec& spec : listener_policies) {
    const auto trusted = fbb.CreateVectorOfStructs(spec.trusted_proxies);
    Offset<wire::ProxyProtocolIn> proxy;
    if (spec.has_proxy_protocol) {
      proxy = wire::CreateProxyProtocolIn(fbb, fbb.CreateVectorOfStructs(spec.proxy_protocol_from), false);
    }
    listener_policy_offsets.push_back(
        wire::CreateListenerPolicy(fbb, spec.path_mode, spec.encoded_slash, spec.keep_empty_segments, trusted,
                                   false, false, false, false, spec.loop_passes_max, proxy));
  }
  const auto log = wire::CreateAccessLogDirect(fbb, access_log.format, access_log.path.c_str(),
                                               access_log.template_text.c_str());
  const auto protection = wire::CreateProtection(fbb, rate_limit_per_ip ? &*rate_limit_per_ip : nullptr);
  const auto features = write_snapshot_features(fbb, *this);
  const auto name_offset = fbb.CreateString(gateway_name);
  const auto text_offset = fbb.CreateVector(reinterpret_cast<const uint8_t*>(text.data()), text.size());
  const auto listener_offset = fbb.CreateVectorOfStructs(listeners);
  const auto host_offset = fbb.CreateVectorOfStructs(hosts);
  const auto rule_offset = fbb.CreateVectorOfStructs(rules);
  const auto route_offset = fbb.CreateVectorOfStructs(routes);
  const auto pool_offset = fbb.CreateVectorOfStructs(pools);
  const auto member_offset = fbb.CreateVectorOfStructs(members);
  const auto peer_offset = fbb.CreateVectorOfStructs(peers);
  const auto timeouts_offset = fbb.CreateVectorOfStructs(timeouts);
  const auto condition_offset = fbb.CreateVector(condition_offsets);
  const auto policy_offset = fbb.CreateVector(policy_offsets);
  const auto redirect_offset = fbb.CreateVector(redirect_offsets);
  const auto response_offset = fbb.CreateVector(response_offsets);
  const auto listener_policy_offset = fbb.CreateVector(listener_policy_offsets);
  const auto proxy_protocol_offset = fbb.CreateVector(send_proxy_protocol);
  fbb.Finish(
      wire::CreateSnapshot(fbb, schema_version, revision, name_offset, text_offset, listener_offset,
                           host_offset, rule_offset, route_offset, pool_offset, member_offset, peer_offset,
                           timeouts_offset, condition_offset, policy_offset, redirect_offset, response_offset,
                           &limits, log, features, listener_policy_offset, proxy_protocol_offset, protection),
      wire::SnapshotIdentifier());
  std::vector<std::byte> bytes(fbb.GetSize());
  std::memcpy(bytes.data(), fbb.GetBufferPointer(), bytes.size());
  return bytes;
}

}  // namespace sluice::testing
