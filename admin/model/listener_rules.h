// What listeners do with everything that arrives through them, as values. Each section stands at the top
// level for all listeners, and a listener may override it key by key.
#pragma once

#include <optional>
#include <vector>

#include "admin/model/network.h"
#include "dataplane/decide/path_normal.h"

namespace sluice::admin {

struct Config;
struct Listener;
class TextWriter;

// Nothing set: what the top level says.
struct PathPolicy {
  std::optional<wire::PathMode> mode;
  std::optional<wire::EncodedSlash> encoded_slash;
  std::optional<bool> merge_slashes;
  bool operator==(const PathPolicy&) const = default;
};

// What origins are told of the client and the way.
struct ForwardedHeaders {
  std::optional<bool> x_forwarded;  // X-Forwarded-For, -Proto, -Host, -Port
  std::optional<bool> x_real_ip;
  std::optional<bool> forwarded;  // RFC 7239
  std::optional<bool> via;
  std::optional<uint8_t> loop_passes;  // CDN-Loop; 0: neither written nor looked at.
  bool operator==(const ForwardedHeaders&) const = default;
};
inline constexpr ForwardedHeaders kDefaultForwardedHeaders{true, true, false, false, 8};

// PROXY protocol towards us.
struct ProxyProtocolIn {
  std::vector<Network> from;
  bool allow_others = false;
  bool operator==(const ProxyProtocolIn&) const = default;
};

// What one listener says of its own.
struct ListenerRules {
  PathPolicy path_policy;
  std::optional<std::vector<Network>> trusted_proxies;  // Replaces the top level's.
  ForwardedHeaders forwarded_headers;
  std::optional<ProxyProtocolIn> proxy_protocol;

  bool are_about_requests() const {  // Which a tcp listener does not have.
    return path_policy != PathPolicy{} || trusted_proxies || forwarded_headers != ForwardedHeaders{};
  }
  bool operator==(const ListenerRules&) const = default;
};

decide::PathPolicy merged(const PathPolicy& own, const decide::PathPolicy& otherwise);
ForwardedHeaders merged(const ForwardedHeaders& own, const ForwardedHeaders& otherwise);
// What holds at a listener.
decide::PathPolicy path_policy_of(const Config& config, const Listener& listener);
ForwardedHeaders forwarded_headers_of(const Config& config, const Listener& listener);
const std::vector<Network>& trusted_proxies_of(const Config& config, const Listener& listener);

// The words, in the order of wire::PathMode, wire::EncodedSlash and of ProxyProtocolIn::allow_others.
inline constexpr std::string_view kPathModeNames[] = {"normalize", "reject", "as_is"};
inline constexpr std::string_view kEncodedSlashNames[] = {"keep", "reject", "decode"};
inline constexpr std::string_view kOtherPeersNames[] = {"refuse", "allow"};

// Their part of the canonical text (print.h): what a listener overrides; the whole top-level section.
void write_listener_rules(TextWriter& out, const ListenerRules& rules);
void write_path_policy(TextWriter& out, const decide::PathPolicy& policy);
void write_networks(TextWriter& out, const std::vector<Network>& networks);
void write_forwarded_headers(TextWriter& out, const ForwardedHeaders& headers);

}  // namespace sluice::admin
