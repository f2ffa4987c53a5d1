#include "dataplane/http/forwarded_for.h"

#include "dataplane/http/authority.h"
#include "dataplane/http/byte_class.h"
#include "dataplane/http/head_writer.h"

namespace sluice::dataplane {
namespace {

bool is_port(std::string_view text) {
  uint64_t port = 0;
  return text.size() <= 5 && parse_decimal(text, 65535, port);
}

// X_Forwarded_For has the same id, so that it is dropped; it is never believed.
bool is_spelled_with_dashes(const Field& field) {
  return field.name.find('_') == std::string_view::npos;
}

// The last element of a list, trimmed, taken off.
std::string_view take_last_element(std::string_view& rest) {
  const size_t comma = rest.rfind(',');
  const std::string_view element = comma == std::string_view::npos ? rest : rest.substr(comma + 1);
  rest = rest.substr(0, comma == std::string_view::npos ? 0 : comma);
  return trim_blanks(element);
}

// One field line, from the right. False: the walk is over.
bool walk_line(std::string_view list, std::span<const wire::Network> trusted, ForwardedChain& chain) {
  while (!list.empty()) {
    const std::string_view element = take_last_element(list);
    if (element.empty()) continue;  // RFC 9110 5.6.1.2: empty elements are to be ignored.
    const std::optional<IpAddress> address = parse_forwarded_address(element);
    if (!address || chain.hop_count == kForwardedHopsMax) return false;
    chain.hops[chain.hop_count++] = *address;
    chain.client = *address;
    if (!any_contains(trusted, *address)) return false;
  }
  return true;
}

void write_address(HeadWriter& writer, const IpAddress& address) {
  char text[kIpTextBytes];
  writer.text({text, write_ip_address(address, text)});
}

// RFC 7239 6: an IPv6 address stands in brackets, and so in quotes.
void write_node(HeadWriter& writer, const IpAddress& address) {
  writer.text(address.family == 6 ? "for=\"[" : "for=");
  if (!address.is_known()) writer.text("unknown");
  write_address(writer, address);
  writer.text(address.family == 6 ? "]\"" : "");
}

}  // namespace

std::optional<IpAddress> parse_forwarded_address(std::string_view element) {
  if (element.starts_with('[')) {
    const size_t bracket = element.find(']');
    if (bracket == std::string_view::npos) return std::nullopt;
    const std::string_view inside = element.substr(1, bracket - 1);
    const std::string_view behind = element.substr(bracket + 1);
    const bool is_tidy = behind.empty() || (behind.front() == ':' && is_port(behind.substr(1)));
    if (!is_tidy || inside.find(':') == std::string_view::npos) return std::nullopt;
    return parse_ip_address(inside);
  }
  const size_t colon = element.find(':');
  const bool has_port =
      colon != std::string_view::npos && element.find(':', colon + 1) == std::string_view::npos;
  if (!has_port) return parse_ip_address(element);
  return is_port(element.substr(colon + 1)) ? parse_ip_address(element.substr(0, colon)) : std::nullopt;
}

void read_forwarded_for(const RequestHead& head, const IpAddress& peer,
                        std::span<const wire::Network> trusted, ForwardedChain& chain) {
  chain.client = peer;
  chain.hop_count = 0;
  chain.from_trusted_proxy = any_contains(trusted, peer);
  if (!chain.from_trusted_proxy) return;
  for (uint32_t i = head.field_count; i > 0; --i) {
    const Field& field = head.fields[i - 1];
    if (field.id != HeaderId::x_forwarded_for || !is_spelled_with_dashes(field)) continue;
    if (!walk_line(field.value, trusted, chain)) return;
  }
}

ForwardedFacts read_forwarded_facts(const RequestHead& head) {
  ForwardedFacts facts;
  uint32_t schemes = 0;
  uint32_t hosts = 0;
  uint32_t ports = 0;
  for (uint32_t i = 0; i < head.field_count; ++i) {
    const Field& field = head.fields[i];
    if (!is_client_identity(field.id) || !is_spelled_with_dashes(field)) continue;
    if (field.id == HeaderId::x_forwarded_proto && ++schemes == 1) facts.scheme = field.value;
    if (field.id == HeaderId::x_forwarded_host && ++hosts == 1) facts.host = field.value;
    if (field.id == HeaderId::x_forwarded_port && ++ports == 1) facts.port = field.value;
  }
  const bool is_http = equals_ignoring_case(facts.scheme, "http");
  const bool is_https = equals_ignoring_case(facts.scheme, "https");
  facts.scheme = schemes == 1 && is_http ? "http" : schemes == 1 && is_https ? "https" : std::string_view();
  Authority authority;
  if (hosts != 1 || !parse_authority(facts.host, authority)) facts.host = {};
  if (ports != 1 || !is_port(facts.port)) facts.port = {};
  return facts;
}

uint32_t write_forwarded_for(const ForwardedChain& chain, const IpAddress& peer, char* out) {
  HeadWriter writer(out);
  for (uint32_t i = chain.hop_count; i > 0; --i) {
    write_address(writer, chain.hops[i - 1]);
    writer.text(", ");
  }
  write_address(writer, peer);
  return writer.length();
}

uint32_t write_forwarded(const ForwardedChain& chain, const IpAddress& peer, std::string_view host,
                         std::string_view scheme, char* out) {
  HeadWriter writer(out);
  write_node(writer, chain.client);
  if (!host.empty()) {
    writer.text(
        ";host=\"");  // Always quoted: a port's colon is no token byte. An authority has no quote in it.
    writer.text(host);
    writer.text("\"");
  }
  writer.text(";proto=");
  writer.text(scheme);
  for (uint32_t i = chain.hop_count; i > 0; --i) {
    writer.text(", ");
    write_node(writer, i > 1 ? chain.hops[i - 2] : peer);
  }
  return writer.length();
}

}  // namespace sluice::dataplane
