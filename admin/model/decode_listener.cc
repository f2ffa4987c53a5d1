#include "admin/model/decode.h"
#include "schemas/stable_hash.h"

namespace sluice::admin {

std::shared_ptr<const Listener> decode_listener(ValueReader& reader, const Value& value) {
  enum {
    kName,
    kAddress,
    kProtocol,
    kTimeouts,
    kPathPolicy,
    kAllow,
    kDeny,
    kTrustedProxies,
    kForwardedHeaders,
    kProxyProtocol
  };
  constexpr std::string_view kKeys[] = {
      "name",  "address", "protocol",        "timeouts",          "path_policy",
      "allow", "deny",    "trusted_proxies", "forwarded_headers", "proxy_protocol"};
  constexpr std::string_view kLater[] = {"certificates", "tls"};
  Fields fields(reader, value, "a listener", kKeys, kLater);
  auto listener = std::make_shared<Listener>();
  bool is_named = false;
  if (const Value field = fields.require(kName)) {
    listener->place = reader.place(field);
    if (const auto name = reader.name(field)) {
      is_named = true;
      listener->name = *name;
      listener->id = stable_hash(HashUse::object_name, *name);
    }
  }
  if (const Value field = fields.require(kAddress)) {
    auto endpoint = decode_endpoint(reader, field, true);
    if (endpoint && !endpoint->ip) {
      reader.fail(field, "a listener needs an IP address, not the name " + quoted(endpoint->host),
                  "write :" + std::to_string(endpoint->port) + " for every interface, or the address of one");
    } else if (endpoint) {
      listener->address = *std::move(endpoint);
    }
  }
  if (const Value field = fields[kProtocol]) {
    constexpr std::string_view kProtocols[] = {"http", "tcp"};
    if (reader.is_word(field, "https") || reader.is_word(field, "udp")) {
      reader.fail(field, "protocol " + std::string(field.node->text()) + " is not supported by this version",
                  "use http or tcp, or remove the listener");
    } else if (const auto choice = reader.choice(field, kProtocols)) {
      listener->protocol = static_cast<wire::Protocol>(*choice);
    }
  }
  if (const Value field = fields[kTimeouts]) {
    listener->timeouts = decode_timeouts(reader, field, kListenerTimeouts, "a listener");
  }
  listener->rules = decode_listener_rules(reader, {fields[kPathPolicy], fields[kTrustedProxies],
                                                   fields[kForwardedHeaders], fields[kProxyProtocol]});
  listener->access = decode_access(reader, fields[kAllow], fields[kDeny]);
  if (!is_named) return nullptr;
  return listener;
}

}  // namespace sluice::admin
