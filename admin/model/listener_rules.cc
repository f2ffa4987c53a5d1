#include "admin/model/listener_rules.h"

#include "admin/model/config.h"
#include "admin/model/text_writer.h"

namespace sluice::admin {
namespace {

void write_keys(TextWriter& out, const PathPolicy& policy) {
  if (policy.mode) out.text("mode", kPathModeNames[static_cast<size_t>(*policy.mode)]);
  if (policy.encoded_slash) {
    out.text("encoded_slash", kEncodedSlashNames[static_cast<size_t>(*policy.encoded_slash)]);
  }
  if (policy.merge_slashes) {
    out.key("merge_slashes");
    out.truth(*policy.merge_slashes);
  }
}

}  // namespace

decide::PathPolicy merged(const PathPolicy& own, const decide::PathPolicy& otherwise) {
  return {own.mode.value_or(otherwise.mode), own.encoded_slash.value_or(otherwise.encoded_slash),
          own.merge_slashes.value_or(otherwise.merge_slashes)};
}

ForwardedHeaders merged(const ForwardedHeaders& own, const ForwardedHeaders& otherwise) {
  const auto either = [](const auto& first, const auto& second) { return first ? first : second; };
  return {either(own.x_forwarded, otherwise.x_forwarded), either(own.x_real_ip, otherwise.x_real_ip),
          either(own.forwarded, otherwise.forwarded), either(own.via, otherwise.via),
          either(own.loop_passes, otherwise.loop_passes)};
}

decide::PathPolicy path_policy_of(const Config& config, const Listener& listener) {
  return merged(listener.rules.path_policy, config.path_policy);
}

ForwardedHeaders forwarded_headers_of(const Config& config, const Listener& listener) {
  return merged(listener.rules.forwarded_headers, config.forwarded_headers);
}

const std::vector<Network>& trusted_proxies_of(const Config& config, const Listener& listener) {
  return listener.rules.trusted_proxies ? *listener.rules.trusted_proxies : config.trusted_proxies;
}

void write_listener_rules(TextWriter& out, const ListenerRules& rules) {
  if (rules.path_policy != PathPolicy{}) {
    out.key("path_policy");
    out.open_mapping();
    write_keys(out, rules.path_policy);
    out.close_mapping();
  }
  if (rules.trusted_proxies) {
    out.key("trusted_proxies");
    write_networks(out, *rules.trusted_proxies);
  }
  if (rules.forwarded_headers != ForwardedHeaders{}) {
    out.key("forwarded_headers");
    write_forwarded_headers(out, rules.forwarded_headers);
  }
  if (!rules.proxy_protocol) return;
  out.key("proxy_protocol");
  out.open_mapping();
  out.key("from");
  write_networks(out, rules.proxy_protocol->from);
  out.text("others", kOtherPeersNames[rules.proxy_protocol->allow_others ? 1 : 0]);
  out.close_mapping();
}

void write_path_policy(TextWriter& out, const decide::PathPolicy& policy) {
  out.open_mapping();
  write_keys(out, {policy.mode, policy.encoded_slash, policy.merge_slashes});
  out.close_mapping();
}

void write_networks(TextWriter& out, const std::vector<Network>& networks) {
  out.open_list();
  for (const Network& network : networks) out.text(to_text(network));
  out.close_list();
}

void write_forwarded_headers(TextWriter& out, const ForwardedHeaders& headers) {
  const std::pair<std::string_view, std::optional<bool>> switches[] = {{"x_forwarded", headers.x_forwarded},
                                                                       {"x_real_ip", headers.x_real_ip},
                                                                       {"forwarded", headers.forwarded},
                                                                       {"via", headers.via}};
  out.open_mapping();
  for (const auto& [name, is_on] : switches) {
    if (!is_on) continue;
    out.key(name);
    out.truth(*is_on);
  }
  if (headers.loop_passes) out.number("loop_passes", *headers.loop_passes);
  out.close_mapping();
}

}  // namespace sluice::admin
