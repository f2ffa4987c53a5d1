// Request heads: every row of docs/strictness.md, and that a verdict does not depend on how the bytes were
// cut.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "schemas/base/rng.h"
#include "tests/unit/http/request_testing.h"

namespace sluice::dataplane::request_testing {
namespace {

using namespace std::string_view_literals;

struct RejectedCase {
  std::string_view text;
  Reason reason;
};

// Each text is complete; `Host: h` is there wherever the row is not about Host.
const RejectedCase kRejected[] = {
    // Request line.
    {"\r\n\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_request_line},
    {"GET /\r\nHost: h\r\n\r\n", Reason::bad_request_line},
    {"GET\r\nHost: h\r\n\r\n", Reason::bad_request_line},
    {"GET \r\nHost: h\r\n\r\n", Reason::bad_request_line},
    {"GET  / HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_request_line},
    {"GET /  HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_request_line},
    {"GET / HTTP/1.1 \r\nHost: h\r\n\r\n", Reason::bad_request_line},
    {"GET / a HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_request_line},
    {"GET / http/1.1\r\nHost: h\r\n\r\n", Reason::bad_request_line},
    {"GET / HTTP/1.10\r\nHost: h\r\n\r\n", Reason::bad_request_line},
    {"GET / HTTP/11.1\r\nHost: h\r\n\r\n", Reason::bad_request_line},
    {"GET / HTTP/1,1\r\nHost: h\r\n\r\n", Reason::bad_request_line},
    {"GET / HTTP/1.x\r\nHost: h\r\n\r\n", Reason::bad_request_line},
    {"GET / XTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_request_line},
    {"GET / HTTP/\r\nHost: h\r\n\r\n", Reason::bad_request_line},
    {"GET / HTTP/1.2\r\nHost: h\r\n\r\n", Reason::bad_version},
    {"GET / HTTP/0.9\r\nHost: h\r\n\r\n", Reason::bad_version},
    {"GET / HTTP/2.0\r\nHost: h\r\n\r\n", Reason::bad_version},
    {"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Reason::bad_version},
    {" GET / HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_method},
    {"\tGET / HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_method},
    {"GE(T / HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_method},
    {"GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_method},
    {"G\x80T / HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_method},
    {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"sv, Reason::bad_method},
    {"ABCDEFGHIJKLMNOPQRSTUVWXYZABCDEFG / HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_method},
    // Target.
    {"GET /a#b HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_target},
    {"GET /a\tb HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_target},
    {"GET /a\x7f HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_target},
    {"GET /a\x01 HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_target},
    {"GET /\xc3\xa9 HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_target},
    {"GET index.html HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_target},
    {"GET * HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_target},
    {"GET h:80 HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_target},
    {"GET ftp://h/ HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_target},
    {"GET http:/h/ HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_target},
    {"GET http:///x HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_target},
    {"GET http://user@h/ HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_target},
    {"GET http://h:99999/ HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_target},
    {"CONNECT /x HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_target},
    {"CONNECT h HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bad_target},
    {"CONNECT h:443 HTTP/1.1\r\nHost: h:443\r\n\r\n", Reason::connect_refused_here},
    // Line ends and bytes.
    {"GET / HTTP/1.1\nHost: h\r\n\r\n", Reason::bare_line_feed},
    {"GET / HTTP/1.1\r\nHost: h\n\r\n", Reason::bare_line_feed},
    {"GET / HTTP/1.1\r\nHost: h\r\n\n", Reason::bare_line_feed},
    {"GET / HTTP/1.1\r\nHost: h\n\n", Reason::bare_line_feed},
    {"\nGET / HTTP/1.1\r\nHost: h\r\n\r\n", Reason::bare_line_feed},
    {"GET / HTTP/1.1\rHost: h\r\n\r\n", Reason::bare_carriage_return},
    {"GET / HTTP/1.1\r\nHost: h\rX: y\r\n\r\n", Reason::bare_carriage_return},
    {"GET / HTTP/1.1\r\nHost: h\r\r\n\r\n", Reason::bare_carriage_return},
    {"GET / HTTP/1.1\r\nHo\0st: h\r\n\r\n"sv, Reason::nul_byte},
    {"GET /\0 HTTP/1.1\r\nHost: h\r\n\r\n"sv, Reason::nul_byte},
    {"GET / HTTP/1.1\r\nHost: h\r\nA: x\0y\r\n\r\n"sv, Reason::nul_byte},
    {"GET / HTTP/1.1\r\nHost: h\r\nA: x\x01y\r\n\r\n", Reason::bad_field_value},
    {"GET / HTTP/1.1\r\nHost: h\r\nA: x\x0by\r\n\r\n", Reason::bad_field_value},
    {"GET / HTTP/1.1\r\nHost: h\r\nA: x\x7fy\r\n\r\n", Reason::bad_field_value},
    {"GET / HTTP/1.1\r\nHost: h\r\nA\x01: y\r\n\r\n", Reason::bad_field_name},
    // Field lines.
    {"GET / HTTP/1.1\r\n Host: h\r\n\r\n", Reason::obsolete_folding},
    {"GET / HTTP/1.1\r\nHost: h\r\n folded\r\n\r\n", Reason::obsolete_folding},
    {"GET / HTTP/1.1\r\nHost: h\r\n\tfolded: x\r\n\r\n", Reason::obsolete_folding},
    {"GET / HTTP/1.1\r\nHost: h\r\n \r\n\r\n", Reason::obsolete_folding},
    {"GET / HTTP/1.1\r\nHost : h\r\n\r\n", Reason::space_before_colon},
    {"GET / HTTP/1.1\r\nHost: h\r\nA\t: b\r\n\r\n", Reason::space_before_colon},
    {"GET / HTTP/1.1\r\nHost: h\r\n: b\r\n\r\n", Reason::bad_field_name},
    {"GET / HTTP/1.1\r\nHost: h\r\nA B: c\r\n\r\n", Reason::bad_field_name},
    {"GET / HTTP/1.1\r\nHost: h\r\nA(: c\r\n\r\n", Reason::bad_field_name},
    {"GET / HTTP/1.1\r\nHost: h\r\nA\xe9: c\r\n\r\n", Reason::bad_field_name},
    {"GET / HTTP/1.1\r\nHost: h\r\nA\r\n\r\n", Reason::missing_colon},
    {"GET / HTTP/1.1\r\nHost: h\r\nA b\r\n\r\n", Reason::missing_colon},
    // Host.
    {"GET / HTTP/1.1\r\n\r\n", Reason::host_missing},
    {"GET http://h/ HTTP/1.1\r\n\r\n", Reason::host_missing},
    {"GET / HTTP/1.1\r\nHost: h\r\nHost: h\r\n\r\n", Reason::host_duplicate},
    {"GET / HTTP/1.0\r\nHost: h\r\nhost: g\r\n\r\n", Reason::host_duplicate},
    {"GET / HTTP/1.1\r\nHost: a b\r\n\r\n", Reason::host_invalid},
    {"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", Reason::host_invalid},
    {"GET / HTTP/1.1\r\nHost: u@h\r\n\r\n", Reason::host_invalid},
    {"GET / HTTP/1.1\r\nHost: h/x\r\n\r\n", Reason::host_invalid},
    {"GET / HTTP/1.1\r\nHost: h:80:80\r\n\r\n", Reason::host_invalid},
    {"GET / HTTP/1.1\r\nHost: h:65536\r\n\r\n", Reason::host_invalid},
    {"GET / HTTP/1.1\r\nHost: h:8a\r\n\r\n", Reason::host_invalid},
    {"GET / HTTP/1.1\r\nHost: :80\r\n\r\n", Reason::host_invalid},
    {"GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", Reason::host_invalid},
    {"GET / HTTP/1.1\r\nHost: \xa0h\r\n\r\n", Reason::host_invalid},
    {"GET http://a/ HTTP/1.1\r\nHost: b\r\n\r\n", Reason::host_mismatch},
    {"GET http://a/ HTTP/1.1\r\nHost: a:8080\r\n\r\n", Reason::host_mismatch},
    {"GET https://a/ HTTP/1.1\r\nHost: a:80\r\n\r\n", Reason::host_mismatch},
    {"GET http://a/ HTTP/1.1\r\nHost:\r\n\r\n", Reason::host_mismatch},
    // Content-Length.
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: +5\r\n\r\n", Reason::bad_content_length},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: -5\r\n\r\n", Reason::bad_content_length},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0x5\r\n\r\n", Reason::bad_content_length},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5_0\r\n\r\n", Reason::bad_content_length},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5 0\r\n\r\n", Reason::bad_content_length},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length:\r\n\r\n", Reason::bad_content_length},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5.0\r\n\r\n", Reason::bad_content_length},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5, 5\r\n\r\n", Reason::bad_content_length},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: \xa0"
     "5\r\n\r\n",
     Reason::bad_content_length},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 9223372036854775808\r\n\r\n", Reason::bad_content_length},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 18446744073709551621\r\n\r\n",
     Reason::bad_content_length},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
     Reason::duplicate_length},
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\ncontent-length: 6\r\n\r\n",
     Reason::duplicate_length},
    // Transfer-Encoding.
    {"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
     Reason::length_and_encoding},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: x\r\nContent-Length: 5\r\n\r\n",
     Reason::length_and_encoding},
    {"POST / HTTP/1.0\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n", Reason::encoding_in_http10},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
     Reason::bad_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding:\r\n\r\n", Reason::bad_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: ,chunked\r\n\r\n", Reason::bad_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked,\r\n\r\n", Reason::bad_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
     Reason::bad_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked, gzip\r\n\r\n", Reason::bad_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked;a=b\r\n\r\n", Reason::bad_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: \"chunked\"\r\n\r\n", Reason::bad_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked chunked\r\n\r\n",
     Reason::bad_transfer_encoding},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip\r\n\r\n", Reason::unknown_encoding},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: gzip, chunked\r\n\r\n", Reason::unknown_encoding},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: identity\r\n\r\n", Reason::unknown_encoding},
    {"POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: xchunked\r\n\r\n", Reason::unknown_encoding},
    // Connection.
    {"GET / HTTP/1.1\r\nHost: h\r\nConnection: content-length\r\n\r\n", Reason::bad_connection_option},
    {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close, Host\r\n\r\n", Reason::bad_connection_option},
    {"GET / HTTP/1.1\r\nHost: h\r\nConnection: transfer-encoding\r\n\r\n", Reason::bad_connection_option},
    {"GET / HTTP/1.1\r\nHost: h\r\nConnection: Authorization\r\n\r\n", Reason::bad_connection_option},
    {"GET / HTTP/1.1\r\nHost: h\r\nConnection: cookie\r\n\r\n", Reason::bad_connection_option},
    {"GET / HTTP/1.1\r\nHost: h\r\nConnection: X-Forwarded-For\r\n\r\n", Reason::bad_connection_option},
    {"GET / HTTP/1.1\r\nHost: h\r\nConnection: x-real-ip\r\n\r\n", Reason::bad_connection_option},
    {"GET / HTTP/1.1\r\nHost: h\r\nConnection: a b\r\n\r\n", Reason::bad_connection_option},
    // Expect.
    {"POST / HTTP/1.1\r\nHost: h\r\nExpect: 200-ok\r\nContent-Length: 5\r\n\r\n", Reason::bad_expectation},
    {"POST / HTTP/1.1\r\nHost: h\r\nExpect:\r\nContent-Length: 5\r\n\r\n", Reason::bad_expectation},
    {"POST / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nExpect: 100-continue\r\n\r\n",
     Reason::bad_expectation},
};

TEST(RequestStrictness, EveryRowOfTheStrictnessTableIsRejectedWithItsReason) {
  for (const RejectedCase& rejected : kRejected) {
    const Parsed parsed = parse(rejected.text);
    EXPECT_EQ(parsed.result, ParseResult::rejected) << rejected.text;
    EXPECT_EQ(token(parsed.reason), token(rejected.reason)) << rejected.text;
  }
}

TEST(RequestStrictness, AVerdictDoesNotDependOnHowTheBytesWereCut) {
  for (const RejectedCase& rejected : kRejected) expect_same_however_cut(rejected.text);
}

TEST(RequestStrictness, MutatedHeadsAreJudgedAlikeHoweverCut) {
  constexpr std::string_view kSeed =
      "POST http://h.example:80/a?b HTTP/1.1\r\nHost: h.example\r\nConnection: keep-alive, x-a\r\nX-A: 1\r\n"
      "Content-Length: 12\r\nExpect: 100-continue\r\nTE: trailers\r\n\r\n";
  constexpr std::string_view kBytes =
      "\r\n\t :,\0#\x7f\x80"
      "Ax5"sv;
  Rng rng(20241);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(kSeed);
    for (uint64_t edits = 1 + rng.below(3); edits > 0; --edits) {
      const size_t at = rng.below(text.size());
      const char byte = kBytes[rng.below(kBytes.size())];
      if (rng.chance(1, 3)) {
        text.erase(at, 1 + rng.below(3));
      } else if (rng.chance(1, 2)) {
        text.insert(at, 1, byte);
      } else {
        text[at] = byte;
      }
    }
    HeadLimits limits;
    if (rng.chance(1, 4))
      limits = {.head_bytes = 40 + static_cast<uint32_t>(rng.below(200)), .fields = 5, .uri_bytes = 12};
    const Parsed whole = parse(text, limits);
    const Parsed pieces = parse_in_pieces(text, limits, rng.below(2) * (1 + rng.next() / 2));
    ASSERT_EQ(pieces.result, whole.result) << text;
    ASSERT_EQ(token(pieces.reason), token(whole.reason)) << text;
  }
}

}  // namespace
}  // namespace sluice::dataplane::request_testing
