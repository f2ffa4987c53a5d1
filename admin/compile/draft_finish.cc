// The draft as a FlatBuffer.
#include "admin/compile/draft.h"
#include "admin/compile/listener_policies.h"

namespace sluice::admin {
namespace {

using Builder = flatbuffers::FlatBufferBuilder;
using String = flatbuffers::Offset<flatbuffers::String>;

// An absent string takes no space; readers see it as empty.
String write_string(Builder& builder, const std::string& text) {
  return text.empty() ? String() : builder.CreateString(text);
}

flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<wire::HeaderOp>>> write_header_ops(
    Builder& builder, const std::vector<HeaderOp>& ops) {
  if (ops.empty()) return 0;
  std::vector<flatbuffers::Offset<wire::HeaderOp>> offsets;
  offsets.reserve(ops.size());
  for (const HeaderOp& op : ops) {
    const String name = builder.CreateString(op.name);
    const String value = builder.CreateString(op.value);
    offsets.push_back(wire::CreateHeaderOp(builder, op.kind, name, value));
  }
  return builder.CreateVector(offsets);
}

wire::RateLimit to_wire(const RateLimit& limit) {
  return {limit.requests_per_minute, limit.burst, limit.key};
}

flatbuffers::Offset<wire::Policy> write_policy(Builder& builder, const PolicyDraft& policy) {
  const auto features = policy.features.write(builder);
  static const RouteOptions kNoOptions;
  const RouteOptions& options = policy.options == nullptr ? kNoOptions : *policy.options;
  const String strip_prefix = write_string(builder, options.strip_prefix);
  const String replace_path = write_string(builder, options.replace_path);
  const String add_prefix = write_string(builder, options.add_prefix);
  const String request_host = write_string(builder, options.request_host);
  const auto request_headers = write_header_ops(builder, options.request_headers);
  const auto response_headers = write_header_ops(builder, options.response_headers);
  const wire::BodyRate body_rate(policy.body_rate.bytes_per_second, policy.body_rate.grace_milliseconds);
  const wire::RateLimit rate_limit = to_wire(options.rate_limit);
  wire::PolicyBuilder out(builder);
  out.add_timeouts(policy.timeouts);
  out.add_body_bytes_max(policy.body_bytes_max);
  out.add_retry_attempts(policy.retry_attempts);
  out.add_strip_prefix(strip_prefix);
  out.add_replace_path(replace_path);
  out.add_add_prefix(add_prefix);
  out.add_request_host(request_host);
  out.add_request_headers(request_headers);
  out.add_response_headers(response_headers);
  out.add_client_write(policy.client_write);
  out.add_request_total(policy.request_total);
  if (policy.body_rate.bytes_per_second > 0) out.add_body_rate(&body_rate);
  if (options.rate_limit.requests_per_minute > 0) out.add_rate_limit(&rate_limit);
  out.add_features(features);
  return out.Finish();
}

flatbuffers::Offset<wire::Condition> write_condition(Builder& builder, const ConditionDraft& condition) {
  flatbuffers::Offset<flatbuffers::Vector<String>> methods;
  if (!condition.match->methods.empty()) methods = builder.CreateVectorOfStrings(condition.match->methods);
  flatbuffers::Offset<flatbuffers::Vector<flatbuffers::Offset<wire::HeaderMatch>>> headers;
  if (!condition.match->headers.empty()) {
    std::vector<flatbuffers::Offset<wire::HeaderMatch>> offsets;
    for (const HeaderMatch& header : condition.match->headers) {
      const String name = builder.CreateString(header.name);
      const String value = builder.CreateString(header.value);
      offsets.push_back(wire::CreateHeaderMatch(builder, name, header.kind, value));
    }
    headers = builder.CreateVector(offsets);
  }
  flatbuffers::Offset<flatbuffers::Vector<uint32_t>> listeners;
  if (!condition.listeners.empty()) listeners = builder.CreateVector(condition.listeners);
  return wire::CreateCondition(builder, methods, headers, listeners);
}

template <typename Table, typename Item, typename Write>
auto write_all(Builder& builder, const std::vector<Item>& items, Write write) {
  std::vector<flatbuffers::Offset<Table>> offsets;
  offsets.reserve(items.size());
  for (const Item& item : items) offsets.push_back(write(item));
  return builder.CreateVector(offsets);
}

flatbuffers::Offset<wire::AccessLog> write_access_log(Builder& builder, const AccessLog& log) {
  const String path = write_string(builder, log.path);
  const String template_text = write_string(builder, log.template_text);
  return wire::CreateAccessLog(builder, log.format, path, template_text);
}

wire::Limits to_wire(const Config& config) {
  const Limits& limits = config.limits;
  return wire::Limits(limits.body_bytes, limits.header_bytes, limits.header_fields, limits.uri_bytes,
                      limits.connections, limits.connections_per_ip, config.drain_milliseconds,
                      config.retries.budget_percent);
}

flatbuffers::Offset<wire::Protection> write_protection(Builder& builder, const Limits& limits) {
  const wire::RateLimit rate_limit = to_wire(limits.rate_limit_per_ip);
  wire::ProtectionBuilder out(builder);
  if (limits.rate_limit_per_ip.requests_per_minute > 0) out.add_rate_limit_per_ip(&rate_limit);
  out.add_memory_bytes(limits.memory_bytes);
  return out.Finish();
}

}  // namespace

std::vector<std::byte> Draft::finish(const Config& config, uint64_t revision) const {
  Builder builder(bytes() + listener_policy_bytes(config, pools.size()) +
                  bytes() / 8);  // Never grows: growing copies everything.
  const auto conditions = write_all<wire::Condition>(
      builder, conditions_,
      [&](const ConditionDraft& condition) { return write_condition(builder, condition); });
  const auto policies = write_all<wire::Policy>(
      builder, policies_, [&](const PolicyDraft& policy) { return write_policy(builder, policy); });
  const auto redirects = write_all<wire::Redirect>(builder, redirects_, [&](const Redirect* redirect) {
    const String location = builder.CreateString(redirect->location);
    return wire::CreateRedirect(builder, redirect->status, location);
  });
  const auto responses = write_all<wire::Response>(builder, responses_, [&](const Response* response) {
    const String content_type = write_string(builder, response->content_type);
    const String body = write_string(builder, response->body);
    return wire::CreateResponse(builder, response->status, content_type, body, response->retry_after_seconds);
  });
  const auto feature_tables = features.write(builder);
  const auto listener_policies = write_listener_policies(builder, config);
  const auto send_proxy_protocol = write_send_proxy_protocol(builder, config, pools.size());
  const auto access_log = write_access_log(builder, config.access_log);
  const String gateway_name = write_string(builder, config.gateway.name);
  const auto text = builder.CreateVector(text_);
  const auto listener_structs = builder.CreateVectorOfStructs(listeners);
  const auto host_structs = builder.CreateVectorOfStructs(hosts);
  const auto rule_structs = builder.CreateVectorOfStructs(rules);
  const auto route_structs = builder.CreateVectorOfStructs(routes);
  const auto pool_structs = builder.CreateVectorOfStructs(pools);
  const auto member_structs = builder.CreateVectorOfStructs(members);
  const auto peer_structs = builder.CreateVectorOfStructs(peers);
  const auto timeout_structs = builder.CreateVectorOfStructs(timeouts_);
  const wire::Limits limits = to_wire(config);
  const auto protection = write_protection(builder, config.limits);

  wire::SnapshotBuilder snapshot(builder);
  snapshot.add_revision(revision);
  snapshot.add_gateway_name(gateway_name);
  snapshot.add_text(text);
  snapshot.add_listeners(listener_structs);
  snapshot.add_hosts(host_structs);
  snapshot.add_rules(rule_structs);
  snapshot.add_routes(route_structs);
  snapshot.add_pools(pool_structs);
  snapshot.add_members(member_structs);
  snapshot.add_peers(peer_structs);
  snapshot.add_timeouts(timeout_structs);
  snapshot.add_conditions(conditions);
  snapshot.add_policies(policies);
  snapshot.add_redirects(redirects);
  snapshot.add_responses(responses);
  snapshot.add_limits(&limits);
  snapshot.add_access_log(access_log);
  snapshot.add_features(feature_tables);
  snapshot.add_listener_policies(listener_policies);
  snapshot.add_protection(protection);
  snapshot.add_send_proxy_protocol(send_proxy_protocol);
  wire::FinishSnapshotBuffer(builder, snapshot.Finish());
  const auto* begin = reinterpret_cast<const std::byte*>(builder.GetBufferPointer());
  return {begin, begin + builder.GetSize()};
}

}  // namespace sluice::admin
