// Request heads: the vector scan agrees with the scalar one, the verdict does not depend on how the bytes
// were cut, and what is accepted keeps the promises of head.h.
#include <algorithm>

#include "dataplane/http/authority.h"
#include "dataplane/http/h1_parse.h"
#include "dataplane/http/head_scan.h"
#include "tests/fuzz/http/fuzz_input.h"

namespace sluice::dataplane::fuzzing {
namespace {

void check_scans_agree(std::string_view text) {
#if defined(__x86_64__)
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("bmi")) return;
  const ExactBytes bytes(text);
  const uint32_t size = static_cast<uint32_t>(text.size());
  static HeadLines reference;
  static HeadLines vector;
  const ScanResult expected = scan_head_scalar(bytes.bytes.get(), 0, 0, size, reference);
  const ScanResult actual = scan_head_avx2(bytes.bytes.get(), 0, 0, size, vector);
  CHECK(actual.stop == expected.stop);
  CHECK(actual.position == expected.position);
  CHECK(vector.count == reference.count);
  if (expected.stop != ScanStop::head_end) return;
  for (uint32_t line = 0; line < std::min(vector.count, HeadLines::kCapacity); ++line) {
    CHECK(vector.at[line].name_end == reference.at[line].name_end);
    CHECK(vector.at[line].end == reference.at[line].end);
  }
#endif
}

void check_head(const RequestHead& head, std::string_view text, const HeadLimits& limits) {
  CHECK(head.head_bytes <= std::min<size_t>(text.size(), limits.head_bytes));
  CHECK(text.substr(0, head.head_bytes).ends_with("\r\n\r\n"));
  CHECK(head.target.size() <= limits.uri_bytes);
  CHECK(span_of(head.target, kTargetByte) == head.target.size());
  CHECK(head.method != Method::connect);
  CHECK(head.path == "*" ? head.method == Method::options : head.path.front() == '/');
  CHECK(head.query.empty() || head.query.front() == '?');
  Authority authority;
  CHECK(head.authority.empty() || parse_authority(head.authority, authority));
  CHECK(head.host == authority.host);
  CHECK(head.framing != BodyFraming::until_close);
  CHECK(head.framing == BodyFraming::length || head.content_length == 0);
  CHECK(!head.expects_continue || head.framing != BodyFraming::none);
  check_fields(head.fields, head.field_count);
  uint32_t framing_fields = 0;
  for (uint32_t i = 0; i < head.field_count; ++i) {
    const HeaderId id = head.fields[i].id;
    framing_fields += id == HeaderId::content_length || id == HeaderId::transfer_encoding ? 1 : 0;
  }
  CHECK(framing_fields == (head.framing == BodyFraming::none ? 0 : 1));
}

int run(FuzzInput input) {
  const HeadLimits limits = choose_limits(input.choice());
  const uint32_t stride = 1 + input.choice() % 16;
  const std::string_view text = input.rest();
  check_scans_agree(text);

  static RequestHead whole;
  static RequestHead pieces;
  Reason reason = Reason::none;
  uint32_t scanned = 0;
  const ExactBytes bytes(text);
  const ParseResult result = parse_request_head(bytes.view(), limits, scanned, whole, reason);
  CHECK((result == ParseResult::rejected) == (reason != Reason::none));
  if (result == ParseResult::complete) check_head(whole, bytes.view(), limits);

  ParseResult piece_result = ParseResult::need_more;
  Reason piece_reason = Reason::none;
  scanned = 0;
  for (size_t size = 0; piece_result == ParseResult::need_more && size < text.size();) {
    size = std::min<size_t>(text.size(), size + stride);
    const ExactBytes piece(text.substr(0, size));
    piece_result = parse_request_head(piece.view(), limits, scanned, pieces, piece_reason);
    if (piece_result != ParseResult::complete) continue;
    CHECK(result == ParseResult::complete);
    CHECK(pieces.head_bytes == whole.head_bytes && pieces.field_count == whole.field_count);
    check_same_fields(pieces.fields, whole.fields, whole.field_count);
    CHECK(pieces.framing == whole.framing && pieces.content_length == whole.content_length);
    CHECK(pieces.path == whole.path && pieces.authority == whole.authority);
  }
  CHECK(piece_result == result);
  CHECK(piece_reason == reason);
  return 0;
}

}  // namespace
}  // namespace sluice::dataplane::fuzzing

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  return sluice::dataplane::fuzzing::run({data, size});
}
