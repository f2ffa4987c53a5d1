// What listeners do with everything that arrives through them: read from the text.
#include "admin/model/decode.h"

namespace sluice::admin {
namespace {

ProxyProtocolIn decode_proxy_protocol(ValueReader& reader, const Value& value) {
  enum { kFrom, kOthers };
  constexpr std::string_view kKeys[] = {"from", "others"};
  Fields fields(reader, value, "proxy_protocol", kKeys);
  ProxyProtocolIn rules;
  if (const Value field = fields.require(kFrom)) {
    rules.from = decode_proxies(reader, field);
    if (field.is_sequence() && field.node->size == 0) {
      reader.fail(field, "nobody may send the header, so nobody could connect",
                  "name the proxies in front of this listener");
    }
  }
  if (const Value field = fields[kOthers]) {
    if (const auto choice = reader.choice(field, kOtherPeersNames)) rules.allow_others = *choice == 1;
  }
  return rules;
}

}  // namespace

PathPolicy decode_path_policy(ValueReader& reader, const Value& value) {
  enum { kMode, kEncodedSlash, kMergeSlashes };
  constexpr std::string_view kKeys[] = {"mode", "encoded_slash", "merge_slashes"};
  Fields fields(reader, value, "path_policy", kKeys);
  PathPolicy policy;
  if (const Value field = fields[kMode]) {
    if (const auto choice = reader.choice(field, kPathModeNames))
      policy.mode = static_cast<wire::PathMode>(*choice);
  }
  if (const Value field = fields[kEncodedSlash]) {
    if (const auto choice = reader.choice(field, kEncodedSlashNames)) {
      policy.encoded_slash = static_cast<wire::EncodedSlash>(*choice);
    }
  }
  if (const Value field = fields[kMergeSlashes]) policy.merge_slashes = decode_switch(reader, field);
  return policy;
}

std::optional<bool> decode_switch(ValueReader& reader, const Value& value) {
  const bool is_literal = value.is_scalar() && value.node->kind == Node::Kind::literal;
  const auto is = [&](std::string_view word) {
    return is_literal ? value.node->text() == word : reader.is_word(value, word);
  };
  if (is("true") || is("on")) return true;
  if (is("false") || is("off")) return false;
  reader.fail(value, "neither true nor false", "write true or false");
  return std::nullopt;
}

std::vector<Network> decode_proxies(ValueReader& reader, const Value& value) {
  constexpr size_t kNetworksMax = 1000;
  if (value.is_sequence() && value.node->size == 0) return {};
  if (value.is_sequence() && value.node->size > kNetworksMax) {
    reader.fail(value, std::to_string(value.node->size) + " networks", "1000 at most; name larger ones");
    return {};
  }
  return decode_networks(reader, value);
}

ForwardedHeaders decode_forwarded_headers(ValueReader& reader, const Value& value) {
  enum { kXForwarded, kXRealIp, kForwarded, kVia, kLoopPasses };
  constexpr std::string_view kKeys[] = {"x_forwarded", "x_real_ip", "forwarded", "via", "loop_passes"};
  Fields fields(reader, value, "forwarded_headers", kKeys);
  ForwardedHeaders headers;
  std::optional<bool>* const switches[] = {&headers.x_forwarded, &headers.x_real_ip, &headers.forwarded,
                                           &headers.via};
  for (size_t key = kXForwarded; key <= kVia; ++key) {
    if (fields.has(key)) *switches[key] = decode_switch(reader, fields[key]);
  }
  if (const Value field = fields[kLoopPasses]) {
    constexpr uint64_t kLoopPassesMax = 100;
    const auto passes = reader.integer(field, 0, kLoopPassesMax);
    if (passes) headers.loop_passes = static_cast<uint8_t>(*passes);
  }
  return headers;
}

ListenerRules decode_listener_rules(ValueReader& reader, const ListenerRuleFields& fields) {
  ListenerRules rules;
  if (fields.path_policy) rules.path_policy = decode_path_policy(reader, fields.path_policy);
  if (fields.trusted_proxies) rules.trusted_proxies = decode_proxies(reader, fields.trusted_proxies);
  if (fields.forwarded_headers) {
    rules.forwarded_headers = decode_forwarded_headers(reader, fields.forwarded_headers);
  }
  if (fields.proxy_protocol) rules.proxy_protocol = decode_proxy_protocol(reader, fields.proxy_protocol);
  return rules;
}

}  // namespace sluice::admin
