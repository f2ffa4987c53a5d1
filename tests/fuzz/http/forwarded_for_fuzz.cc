// X-Forwarded-* of trusted proxies: whatever they hold, what is written from them is made of addresses and of
// hosts that passed our own parser, fits its bound, and can be read again with the same outcome.
#include <string>

#include "dataplane/http/forwarded_for.h"
#include "dataplane/http/h1_parse.h"
#include "tests/fuzz/http/fuzz_input.h"

namespace sluice::dataplane::fuzzing {
namespace {

wire::Network network(std::string_view text, uint8_t prefix_length) {
  const IpAddress address = *parse_ip_address(text);
  return wire::Network(flatbuffers::span<const uint8_t, 16>(address.bytes.data(), 16), prefix_length,
                       address.family);
}

bool parse(std::string_view text, RequestHead& head) {
  HeadLimits limits;
  limits.head_bytes = 60 * 1024;
  uint32_t scanned = 0;
  Reason reason;
  return parse_request_head(text, limits, scanned, head, reason) == ParseResult::complete;
}

int run(FuzzInput input) {
  static RequestHead head;
  static const wire::Network kTrusted[] = {network("10.0.0.0", 8), network("2001:db8::", 32)};
  const IpAddress peer = *parse_ip_address(input.choice() % 2 == 0 ? "10.0.0.1" : "192.0.2.1");
  const ExactBytes bytes("GET / HTTP/1.1\r\nHost: h\r\n" + std::string(input.rest()) + "\r\n\r\n");
  if (!parse(bytes.view(), head)) return 0;
  ForwardedChain chain;
  read_forwarded_for(head, peer, kTrusted, chain);
  CHECK(chain.client.is_known() && chain.hop_count <= kForwardedHopsMax);
  CHECK(chain.from_trusted_proxy || (chain.client == peer && chain.hop_count == 0));
  const std::unique_ptr<char[]> list(new char[kForwardedForBytesMax]);
  const uint32_t length = write_forwarded_for(chain, peer, list.get());
  CHECK(length <= kForwardedForBytesMax);
  const ForwardedFacts facts = read_forwarded_facts(head);
  const size_t forwarded_max = kForwardedBytesMax + facts.host.size();
  const std::unique_ptr<char[]> forwarded(new char[forwarded_max]);
  CHECK(write_forwarded(chain, peer, facts.host, "https", forwarded.get()) <= forwarded_max);

  // As the next trusted gateway reads it.
  const std::string again =
      "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: " + std::string(list.get(), length) + "\r\n\r\n";
  CHECK(parse(again, head));
  ForwardedChain second;
  read_forwarded_for(head, *parse_ip_address("10.0.0.2"), kTrusted, second);
  CHECK(second.client == chain.client || chain.hop_count + 1 >= kForwardedHopsMax);
  return 0;
}

}  // namespace
}  // namespace sluice::dataplane::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return sluice::dataplane::fuzzing::run({data, size});
}
