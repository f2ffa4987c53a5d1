// X-Forwarded-For as trusted proxies wrote it: who the client is, and which of the addresses may be passed
// on. Everything left of the client was written by somebody nobody vouches for, and is dropped. Pure.
#pragma once

#include <span>
#include <string_view>

#include "dataplane/http/head.h"
#include "schemas/ip_address.h"

namespace sluice::dataplane {

// More hops than this are not followed: the client is then the farthest that was.
inline constexpr uint32_t kForwardedHopsMax = 32;

struct ForwardedChain {
  IpAddress client;  // The right-most address that is no trusted proxy; the left-most when all are.
  bool from_trusted_proxy = false;
  uint32_t hop_count = 0;
  IpAddress hops[kForwardedHopsMax];  // From the peer's side to the client's, without the peer.
};

// Walks from `peer` to the left while the addresses are trusted. An element that is no address ends the walk
// where it stands: what is behind it cannot be vouched for either.
void read_forwarded_for(const RequestHead& head, const IpAddress& peer,
                        std::span<const wire::Network> trusted, ForwardedChain& chain);

// An address as proxies write it: "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]",
// "[2001:db8::1]:80". Nothing: none of them.
std::optional<IpAddress> parse_forwarded_address(std::string_view element);

// What a trusted proxy says of the request it received; empty when it does not say, says it twice, or says
// nonsense.
struct ForwardedFacts {
  std::string_view scheme;  // "http" or "https"
  std::string_view host;    // A valid authority.
  std::string_view port;
};
ForwardedFacts read_forwarded_facts(const RequestHead& head);

// Each writes at `out`, which has room for the bound, and returns the length. "client, hop, peer":
inline constexpr uint32_t kForwardedForBytesMax = (kForwardedHopsMax + 1) * (kIpTextBytes + 2);
uint32_t write_forwarded_for(const ForwardedChain& chain, const IpAddress& peer, char* out);
// The value of Forwarded (RFC 7239): the same addresses, host and scheme with the first. Room:
// kForwardedBytesMax and the host.
inline constexpr uint32_t kForwardedBytesMax = (kForwardedHopsMax + 1) * (kIpTextBytes + 16) + 64;
uint32_t write_forwarded(const ForwardedChain& chain, const IpAddress& peer, std::string_view host,
                         std::string_view scheme, char* out);

}  // namespace sluice::dataplane
