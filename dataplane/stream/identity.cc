#include "dataplane/stream/identity.h"

#include "dataplane/http/loop_guard.h"
#include "dataplane/stream/context.h"
#include "dataplane/stream/header_edits.h"

namespace sluice::dataplane {
namespace {

// Null before the first snapshot, and for connections of a listener that is gone.
const decide::ListenerRules* rules_of(const StreamContext& context, const ClientConn& client) {
  if (context.published == nullptr || client.listener->index == UINT32_MAX) return nullptr;
  return &context.published->snapshot->listener_rules(client.listener->index);
}

std::string_view gateway_name(const Stream& stream) {
  return view(stream.published->snapshot->root().gateway_name());
}

void believe_trusted_proxy(Stream& stream, const RequestHead& head, Identity& identity) {
  const ForwardedFacts facts = read_forwarded_facts(head);
  if (!facts.scheme.empty()) identity.scheme = facts.scheme;
  if (!facts.host.empty()) identity.host = facts.host;
  if (!facts.port.empty()) identity.port = facts.port;
  if (identity.chain.client == stream.client_address) return;
  stream.client_address = identity.chain.client;
  const uint8_t length = write_ip_address(stream.client_address, stream.forwarded_text);
  stream.client_text = {stream.forwarded_text, length};
}

}  // namespace

void identify_client(StreamContext& context, Stream& stream, const RequestHead& head) {
  const ClientConn& client = *stream.client;
  Identity& identity = context.identity;
  identity.scheme = "http";
  identity.host = head.authority;
  identity.port = client.listener->port_text;
  identity.chain.client = client.peer;
  identity.chain.hop_count = 0;
  const decide::ListenerRules* rules = rules_of(context, client);
  if (rules == nullptr || rules->trusted_proxies.empty()) return;
  read_forwarded_for(head, client.peer, rules->trusted_proxies, identity.chain);
  if (identity.chain.from_trusted_proxy) believe_trusted_proxy(stream, head, identity);
}

bool is_loop(const StreamContext& context, const ClientConn& client, const RequestHead& head) {
  if (!head.has_cdn_loop) return false;
  const decide::ListenerRules* rules = rules_of(context, client);
  if (rules == nullptr || rules->loop_passes_max == 0) return false;
  const std::string_view token = view(context.published->snapshot->root().gateway_name());
  return !token.empty() && count_passes(head, token) >= rules->loop_passes_max;
}

void describe_client(StreamContext& context, Stream& stream, ForwardRequest& forward) {
  const ClientConn& client = *stream.client;
  const decide::ListenerRules& rules = stream.published->snapshot->listener_rules(client.listener->index);
  const Identity& identity = context.identity;
  char* out = context.scratch.data();  // The first quarter: see admit.cc for the second.
  if (rules.x_forwarded) {
    forward.forwarded_for = client.peer_text();
    if (identity.chain.hop_count > 0) {
      forward.forwarded_for = {out, write_forwarded_for(identity.chain, client.peer, out)};
      out += forward.forwarded_for.size();
    }
    forward.scheme = identity.scheme;
    forward.forwarded_host = identity.host;
    forward.listener_port = identity.port;
  }
  if (rules.x_real_ip) forward.client_address = stream.client_text;
  if (rules.forwarded) {
    forward.forwarded = {out,
                         write_forwarded(identity.chain, client.peer, identity.host, identity.scheme, out)};
  }
  stream.adds_via = rules.via;
  forward.via = via_pseudonym(stream);
  if (rules.loop_passes_max > 0) forward.loop_token = gateway_name(stream);
}

std::string_view via_pseudonym(const Stream& stream) {
  return stream.adds_via ? gateway_name(stream) : std::string_view();
}

}  // namespace sluice::dataplane
