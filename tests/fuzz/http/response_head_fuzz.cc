// Response heads: the verdict does not depend on how the bytes were cut, rejections are the two reasons there
// are for origins, and what is accepted keeps the promises of head.h.
#include <algorithm>

#include "dataplane/http/h1_parse.h"
#include "tests/fuzz/http/fuzz_input.h"

namespace sluice::dataplane::fuzzing {
namespace {

void check_head(const ResponseHead& head, std::string_view text, const HeadLimits& limits, Method method) {
  CHECK(head.head_bytes <= std::min<size_t>(text.size(), limits.head_bytes));
  CHECK(text.substr(0, head.head_bytes).ends_with("\r\n\r\n"));
  CHECK(head.status >= 100 && head.status <= 599);
  CHECK(span_of(head.reason, kTextByte) == head.reason.size());
  const bool is_bodiless =
      head.status < 200 || head.status == 204 || head.status == 304 || method == Method::head;
  CHECK(!is_bodiless || head.framing == BodyFraming::none);
  CHECK(is_bodiless || method == Method::connect || head.framing != BodyFraming::none);
  CHECK(head.framing != BodyFraming::until_close || !head.keep_alive);
  CHECK(head.framing != BodyFraming::length || head.has_content_length);
  CHECK(!head.has_content_length || (head.status >= 200 && head.status != 204));
  check_fields(head.fields, head.field_count);
}

int run(FuzzInput input) {
  const uint8_t choice = input.choice();
  const HeadLimits limits = choose_limits(choice);
  const uint32_t stride = 1 + input.choice() % 16;
  constexpr Method kMethods[] = {Method::get, Method::head, Method::post, Method::connect};
  const Method method = kMethods[choice / 4 % 4];
  const std::string_view text = input.rest();

  static ResponseHead whole;
  static ResponseHead pieces;
  Reason reason = Reason::none;
  uint32_t scanned = 0;
  const ExactBytes bytes(text);
  const ParseResult result = parse_response_head(bytes.view(), limits, scanned, method, whole, reason);
  CHECK((result == ParseResult::rejected) == (reason != Reason::none));
  CHECK(reason == Reason::none || reason == Reason::bad_response || reason == Reason::bad_response_field ||
        reason == Reason::bad_response_framing || reason == Reason::response_too_large);
  if (result == ParseResult::complete) check_head(whole, bytes.view(), limits, method);

  ParseResult piece_result = ParseResult::need_more;
  Reason piece_reason = Reason::none;
  scanned = 0;
  for (size_t size = 0; piece_result == ParseResult::need_more && size < text.size();) {
    size = std::min<size_t>(text.size(), size + stride);
    const ExactBytes piece(text.substr(0, size));
    piece_result = parse_response_head(piece.view(), limits, scanned, method, pieces, piece_reason);
    if (piece_result != ParseResult::complete) continue;
    CHECK(result == ParseResult::complete);
    CHECK(pieces.head_bytes == whole.head_bytes && pieces.field_count == whole.field_count);
    check_same_fields(pieces.fields, whole.fields, whole.field_count);
    CHECK(pieces.framing == whole.framing && pieces.content_length == whole.content_length);
    CHECK(pieces.keep_alive == whole.keep_alive && pieces.status == whole.status);
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
