// PROXY headers: the verdict does not depend on how the bytes were cut, nothing outside of the header is
// read, and what is accepted says the same when it is written and read again.
#include <string>

#include "dataplane/http/proxy_protocol.h"
#include "tests/fuzz/http/fuzz_input.h"

namespace sluice::dataplane::fuzzing {
namespace {

bool same_ends(const ProxyHeader& left, const ProxyHeader& right) {
  return left.source == right.source && left.destination == right.destination &&
         left.source_port == right.source_port && left.destination_port == right.destination_port;
}

void write_and_read(const ProxyHeader& header, uint8_t version) {
  const std::unique_ptr<char[]> out(new char[kProxyHeaderWrittenMax]);
  const uint32_t length = write_proxy_header(version, header, out.get());
  CHECK(length <= kProxyHeaderWrittenMax);
  const ExactBytes written({out.get(), length});
  ProxyHeader again;
  CHECK(parse_proxy_header(written.view(), again) == ParseResult::complete);
  CHECK(again.bytes == length);
  CHECK(same_ends(header, again));
}

int run(std::string_view text) {
  const ExactBytes bytes(text);
  ProxyHeader whole;
  const ParseResult result = parse_proxy_header(bytes.view(), whole);
  CHECK(result != ParseResult::need_more || text.size() < kProxyHeaderBytesMax);
  for (size_t length = 0; length <= text.size(); ++length) {
    const ExactBytes piece(text.substr(0, length));
    ProxyHeader header;
    const ParseResult verdict = parse_proxy_header(piece.view(), header);
    if (verdict == ParseResult::need_more) continue;
    CHECK(verdict == result);
    CHECK(verdict == ParseResult::rejected || (header.bytes == length && same_ends(header, whole)));
    break;
  }
  if (result != ParseResult::complete) return 0;
  CHECK(whole.bytes <= text.size() && whole.bytes <= kProxyHeaderBytesMax);
  CHECK(whole.source.is_known() == whole.destination.is_known());
  write_and_read(whole, 1);
  write_and_read(whole, 2);
  return 0;
}

}  // namespace
}  // namespace sluice::dataplane::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return sluice::dataplane::fuzzing::run({reinterpret_cast<const char*>(data), size});
}
