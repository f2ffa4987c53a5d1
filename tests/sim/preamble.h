// PROXY headers in simulated runs: what clients behind a proxy begin with, and what an origin expects when
// its pool sends them. An origin compares what a connection's header says with what the requests on it say.
#pragma once

#include <string>

#include "dataplane/http/proxy_protocol.h"
#include "schemas/base/rng.h"
#include "tests/sim/plan.h"

namespace sluice::sim {

// A header of either version, now and then one that names nobody.
inline std::string draw_preamble(Rng& rng) {
  dataplane::ProxyHeader header;
  if (!rng.chance(1, 8)) {
    const uint8_t source[] = {203, 0, 113, static_cast<uint8_t>(rng.below(256))};
    const uint8_t destination[] = {198, 51, 100, 1};
    header.source = sluice::ipv4_address(source);
    header.destination = sluice::ipv4_address(destination);
    header.source_port = static_cast<uint16_t>(rng.below(65536));
    header.destination_port = 443;
  }
  char bytes[dataplane::kProxyHeaderWrittenMax];
  const auto version = static_cast<uint8_t>(1 + rng.below(2));
  return {bytes, dataplane::write_proxy_header(version, header, bytes)};
}

class PreambleReader {
 public:
  explicit PreambleReader(bool is_expected) : is_expected_(is_expected), is_done_(!is_expected) {}

  // What lies behind the header; nothing while it is not complete.
  std::string feed(std::string bytes) {
    if (is_done_) return bytes;
    pending_ += bytes;
    dataplane::ProxyHeader header;
    switch (dataplane::parse_proxy_header(pending_, header)) {
      case dataplane::ParseResult::need_more:
        return {};
      case dataplane::ParseResult::rejected:
        fail("origin: a connection begins without its PROXY header: %.40s", pending_.c_str());
      case dataplane::ParseResult::complete:
        break;
    }
    is_done_ = true;
    char text[kIpTextBytes];
    source_.assign(text, write_ip_address(header.source, text));
    return pending_.substr(header.bytes);
  }
  // The connection serves this client and nobody else. Requires: a head was read.
  void check_client(uint32_t request, std::string_view forwarded_for) const {
    if (!is_expected_ || forwarded_for == source_) return;
    fail("origin: request %u of '%.*s' came over a connection for '%s'", request,
         static_cast<int>(forwarded_for.size()), forwarded_for.data(), source_.c_str());
  }

 private:
  bool is_expected_;
  bool is_done_;
  std::string pending_;
  std::string source_;
};

}  // namespace sluice::sim
