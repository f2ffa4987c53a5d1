// Request heads: every row of docs/strictness.md, what real clients send, and that a verdict does not depend
// on how the bytes were cut.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "dataplane/http/h1_parse.h"
#include "schemas/base/rng.h"

namespace sluice::dataplane {
namespace {

using namespace std::string_view_literals;

struct Parsed {
  std::string text;  // Keeps the bytes `head` points into.
  std::unique_ptr<RequestHead> head = std::make_unique<RequestHead>();
  ParseResult result = ParseResult::need_more;
  Reason reason = Reason::none;
};

Parsed parse(std::string_view text, const HeadLimits& limits = {}) {
  Parsed parsed;
  parsed.text = text;
  uint32_t scanned = 0;
  parsed.result = parse_request_head(parsed.text, limits, scanned, *parsed.head, parsed.reason);
  return parsed;
}

// Offers the bytes in pieces of random or single size, each time in memory of exactly that length, until the
// parser decides.
Parsed parse_in_pieces(std::string_view text, const HeadLimits& limits, uint64_t seed) {
  Parsed parsed;
  Rng rng(seed);
  uint32_t scanned = 0;
  size_t offered = 0;
  while (parsed.result == ParseResult::need_more && offered < text.size()) {
    offered = std::min(text.size(), offered + (seed == 0 ? 1 : 1 + rng.below(40)));
    parsed.text = std::string(text.substr(0, offered));
    parsed.text.shrink_to_fit();
    parsed.result = parse_request_head(parsed.text, limits, scanned, *parsed.head, parsed.reason);
  }
  return parsed;
}

std::string_view token(Reason reason) {
  return describe(reason).token;
}

void expect_same_however_cut(std::string_view text, const HeadLimits& limits = {}) {
  const Parsed whole = parse(text, limits);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    const Parsed pieces = parse_in_pieces(text, limits, seed);
    ASSERT_EQ(pieces.result, whole.result) << "seed " << seed << "\n" << text;
    ASSERT_EQ(token(pieces.reason), token(whole.reason)) << "seed " << seed << "\n" << text;
    if (whole.result != ParseResult::complete) continue;
    ASSERT_EQ(pieces.head->head_bytes, whole.head->head_bytes);
    ASSERT_EQ(pieces.head->field_count, whole.head->field_count);
    ASSERT_EQ(pieces.head->authority, whole.head->authority);
  }
}

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

TEST(RequestHead, EveryRowOfTheStrictnessTableIsRejectedWithItsReason) {
  for (const RejectedCase& rejected : kRejected) {
    const Parsed parsed = parse(rejected.text);
    EXPECT_EQ(parsed.result, ParseResult::rejected) << rejected.text;
    EXPECT_EQ(token(parsed.reason), token(rejected.reason)) << rejected.text;
  }
}

TEST(RequestHead, AVerdictDoesNotDependOnHowTheBytesWereCut) {
  for (const RejectedCase& rejected : kRejected) expect_same_however_cut(rejected.text);
}

TEST(RequestHead, MutatedHeadsAreJudgedAlikeHoweverCut) {
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

TEST(RequestHead, LimitsApplyAsSoonAsTheyAreCrossed) {
  const HeadLimits limits{.head_bytes = 1024, .fields = 4, .uri_bytes = 100};
  const auto reason_of = [&limits](const std::string& text) { return token(parse(text, limits).reason); };
  const std::string host = "Host: h\r\n";
  EXPECT_EQ(parse("GET /" + std::string(99, 'a') + " HTTP/1.1\r\n" + host + "\r\n", limits).result,
            ParseResult::complete);
  EXPECT_EQ(reason_of("GET /" + std::string(100, 'a') + " HTTP/1.1\r\n" + host + "\r\n"), "uri_too_long");
  EXPECT_EQ(reason_of("GET /" + std::string(99, 'a') + " HTTP/1.1"), "-");  // May still become a good line.
  EXPECT_EQ(reason_of("GET /" + std::string(110, 'a')), "uri_too_long");
  EXPECT_EQ(reason_of("GET /" + std::string(1'000'000, 'a')), "uri_too_long");
  EXPECT_EQ(reason_of(std::string(40, 'A')), "bad_method");
  EXPECT_EQ(reason_of("GET / HTTP/1.1\r\nA: " + std::string(2000, 'b')), "head_too_large");
  EXPECT_EQ(reason_of("GET / HTTP/1.1\r\nA: " + std::string(2000, 'b') + "\r\n\r\n"), "head_too_large");
  EXPECT_EQ(reason_of("GET / HTTP/1.1\r\n" + host + "A: 1\r\nB: 1\r\nC: 1\r\n\r\n"), "-");
  EXPECT_EQ(reason_of("GET / HTTP/1.1\r\n" + host + "A: 1\r\nB: 1\r\nC: 1\r\nD: 1\r\n\r\n"),
            "too_many_fields");
  // Exactly the limit is allowed, one byte more is not.
  const std::string start = "GET / HTTP/1.1\r\nHost: h\r\nA: ";
  const std::string exact = start + std::string(1024 - start.size() - 4, 'b') + "\r\n\r\n";
  ASSERT_EQ(exact.size(), 1024u);
  EXPECT_EQ(parse(exact, limits).result, ParseResult::complete);
  EXPECT_EQ(parse(exact + "next", limits).head->head_bytes, 1024u);
  EXPECT_EQ(reason_of(start + "b" + exact.substr(start.size())), "head_too_large");
  EXPECT_EQ(reason_of(exact.substr(0, 1023)), "-");
}

TEST(RequestHead, MoreFieldsThanTheHardCeilingAreRejectedWhateverTheLimit) {
  const HeadLimits limits{.head_bytes = 1 << 20, .fields = 100'000};
  std::string text = "GET / HTTP/1.1\r\nHost: h\r\n";
  for (uint32_t i = 1; i < kFieldCountMax; ++i) text += "A: b\r\n";
  EXPECT_EQ(parse(text + "\r\n", limits).result, ParseResult::complete);
  EXPECT_EQ(parse(text + "\r\n", limits).head->field_count, kFieldCountMax);
  EXPECT_EQ(token(parse(text + "A: b\r\n\r\n", limits).reason), "too_many_fields");
  for (int i = 0; i < 10'000; ++i) text += "A: b\r\n";
  EXPECT_EQ(token(parse(text + "\r\n", limits).reason), "too_many_fields");
}

TEST(RequestHead, ABadFirstLineIsRejectedBeforeTheHeadEnds) {
  EXPECT_EQ(token(parse("GET /\r\n").reason), "bad_request_line");
  EXPECT_EQ(token(parse("HELO example\r\n").reason), "bad_request_line");
  EXPECT_EQ(token(parse("GET / HTTP/3.0\r\nHost: h\r\n").reason), "bad_version");
}

TEST(RequestHead, ASlowHeadIsNotScannedAgain) {
  const std::string text = "GET / HTTP/1.1\r\nHost: h\r\nA: bbbbbbbb\r\n\r\n";
  auto head = std::make_unique<RequestHead>();
  uint32_t scanned = 0;
  Reason reason;
  for (size_t size = 1; size < text.size(); ++size) {
    const std::string part = text.substr(0, size);
    ASSERT_EQ(parse_request_head(part, {}, scanned, *head, reason), ParseResult::need_more);
    ASSERT_GE(scanned + 1, size);  // All but a CR whose LF may follow.
    ASSERT_LE(scanned, size);
  }
}

TEST(RequestHead, AcceptsWhatCurlSends) {
  const Parsed parsed = parse(
      "POST /upload?x=1&y=%20 HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n"
      "Content-Length: 1048577\r\nContent-Type: application/x-www-form-urlencoded\r\n"
      "Expect: 100-continue\r\n\r\nbody");
  ASSERT_EQ(parsed.result, ParseResult::complete) << token(parsed.reason);
  const RequestHead& head = *parsed.head;
  EXPECT_EQ(head.method, Method::post);
  EXPECT_EQ(head.path, "/upload");
  EXPECT_EQ(head.query, "?x=1&y=%20");
  EXPECT_EQ(head.authority, "127.0.0.1:8080");
  EXPECT_EQ(head.host, "127.0.0.1");
  EXPECT_EQ(head.user_agent, "curl/8.5.0");
  EXPECT_EQ(head.framing, BodyFraming::length);
  EXPECT_EQ(head.content_length, 1048577u);
  EXPECT_TRUE(head.expects_continue);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_EQ(head.field_count, 6u);
  EXPECT_EQ(parsed.text.substr(head.head_bytes), "body");
}

TEST(RequestHead, AcceptsWhatBrowsersSend) {
  const Parsed parsed = parse(
      "GET /a|b{c}?q=\"x\" HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive\r\n"
      "Cache-Control: max-age=0\r\nsec-ch-ua: \"Chromium\";v=\"122\", \"Not(A:Brand\";v=\"24\"\r\n"
      "Upgrade-Insecure-Requests: 1\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Chrome/122.0\r\n"
      "Accept: text/html,application/xhtml+xml,*/*;q=0.8\r\nReferer: https://www.example.com/\r\n"
      "Accept-Encoding: gzip, deflate, br\r\nAccept-Language: de-DE,de;q=0.9\r\n"
      "Cookie: a=b; c=\xc3\xa9; d=e\r\nX-Empty:\r\nX-Tab:\tv\t \r\n\r\n");
  ASSERT_EQ(parsed.result, ParseResult::complete) << token(parsed.reason);
  const RequestHead& head = *parsed.head;
  EXPECT_EQ(head.referer, "https://www.example.com/");
  EXPECT_EQ(head.framing, BodyFraming::none);
  EXPECT_EQ(head.fields[head.field_count - 2].value, "");
  EXPECT_EQ(head.fields[head.field_count - 1].value, "v");
  EXPECT_EQ(head.fields[2].name, "Cache-Control");
  EXPECT_EQ(head.upgrade, "");
}

TEST(RequestHead, AcceptsWhatGoAndPythonSend) {
  const Parsed go = parse(
      "PUT / HTTP/1.1\r\nHost: [::1]:9000\r\nUser-Agent: Go-http-client/1.1\r\n"
      "Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\nAccept-Encoding: gzip\r\n\r\n");
  ASSERT_EQ(go.result, ParseResult::complete) << token(go.reason);
  EXPECT_EQ(go.head->host, "[::1]");
  EXPECT_EQ(go.head->framing, BodyFraming::chunked);
  EXPECT_FALSE(go.head->expects_continue);
  const Parsed python = parse(
      "GET / HTTP/1.1\r\nAccept-Encoding: identity\r\nHost: example.com\r\n"
      "User-Agent: Python-urllib/3.11\r\nConnection: close\r\n\r\n");
  ASSERT_EQ(python.result, ParseResult::complete) << token(python.reason);
  EXPECT_FALSE(python.head->keep_alive);
}

TEST(RequestHead, AcceptsAWebSocketUpgradeOnlyWhenConnectionNamesIt) {
  const std::string start = "GET /chat HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\nSec-WebSocket-Key: x\r\n";
  EXPECT_EQ(parse(start + "Connection: keep-alive, Upgrade\r\n\r\n").head->upgrade, "websocket");
  EXPECT_EQ(parse(start + "\r\n").head->upgrade, "");
  EXPECT_EQ(parse("GET / HTTP/1.0\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n").head->upgrade, "");
}

// h2c smuggling: behind an upgrade to HTTP/2 the client speaks to the origin past every route and rule.
TEST(RequestHead, NeverPassesOnAnUpgradeToAnotherHttp) {
  const auto upgrade_of = [](const std::string& value) {
    return std::string(parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: " +
                             value + "\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n\r\n")
                           .head->upgrade);
  };
  EXPECT_EQ(upgrade_of("h2c"), "");
  EXPECT_EQ(upgrade_of("H2C"), "");
  EXPECT_EQ(upgrade_of("websocket, h2c"), "");
  EXPECT_EQ(upgrade_of("HTTP/2.0"), "");
  EXPECT_EQ(upgrade_of("SPDY/3.1"), "SPDY/3.1");
}

TEST(RequestHead, KeepAliveFollowsTheVersion) {
  EXPECT_TRUE(parse("GET / HTTP/1.1\r\nHost: h\r\n\r\n").head->keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: Close\r\n\r\n").head->keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, close\r\n\r\n").head->keep_alive);
  EXPECT_FALSE(
      parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: x\r\nConnection: ,, close\r\n\r\n").head->keep_alive);
  EXPECT_FALSE(parse("GET / HTTP/1.0\r\n\r\n").head->keep_alive);
  EXPECT_TRUE(parse("GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n").head->keep_alive);
}

TEST(RequestHead, ConnectionMarksTheFieldsItNames) {
  const Parsed parsed = parse(
      "GET / HTTP/1.1\r\nX-One: 1\r\nHost: h\r\nConnection: x-one,TE\r\nX-Two: 2\r\nTE: trailers\r\n\r\n");
  ASSERT_EQ(parsed.result, ParseResult::complete);
  EXPECT_TRUE(parsed.head->fields[0].nominated);
  EXPECT_FALSE(parsed.head->fields[3].nominated);
  EXPECT_TRUE(parsed.head->fields[4].nominated);
  EXPECT_TRUE(parsed.head->accepts_trailers);
}

TEST(RequestHead, TooManyConnectionOptionsAreRejectedBeforeTheyCostTime) {
  std::string options = "a";
  for (int i = 0; i < 31; ++i) options += ", a";
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: " + options + "\r\n\r\n").result,
            ParseResult::complete);
  EXPECT_EQ(token(parse("GET / HTTP/1.1\r\nHost: h\r\nConnection: " + options + ", a\r\n\r\n").reason),
            "bad_connection_option");
}

TEST(RequestHead, AbsoluteTargetsOverrideAndMatchHost) {
  const Parsed parsed = parse("GET HTTP://Example.com:80/x?y HTTP/1.1\r\nHost: example.com\r\n\r\n");
  ASSERT_EQ(parsed.result, ParseResult::complete) << token(parsed.reason);
  EXPECT_EQ(parsed.head->authority, "Example.com:80");
  EXPECT_EQ(parsed.head->host, "Example.com");
  EXPECT_EQ(parsed.head->path, "/x");
  EXPECT_EQ(parsed.head->query, "?y");
  EXPECT_EQ(parse("GET http://h HTTP/1.1\r\nHost: h\r\n\r\n").head->path, "/");
  EXPECT_EQ(parse("GET http://h?q HTTP/1.1\r\nHost: h\r\n\r\n").head->query, "?q");
  EXPECT_EQ(parse("GET https://h/ HTTP/1.1\r\nHost: h:443\r\n\r\n").result, ParseResult::complete);
  EXPECT_EQ(parse("GET http://h/ HTTP/1.0\r\n\r\n").head->authority, "h");
  EXPECT_EQ(parse("OPTIONS http://h HTTP/1.1\r\nHost: h\r\n\r\n").head->path, "*");
  EXPECT_EQ(parse("OPTIONS * HTTP/1.1\r\nHost: h\r\n\r\n").head->path, "*");
}

TEST(RequestHead, AnEmptyHostIsValidAndHttp10NeedsNone) {
  EXPECT_EQ(parse("GET / HTTP/1.1\r\nHost:\r\n\r\n").result, ParseResult::complete);
  EXPECT_EQ(parse("GET / HTTP/1.0\r\n\r\n").result, ParseResult::complete);
}

TEST(RequestHead, OneEmptyLineBeforeTheRequestIsSkipped) {
  const Parsed parsed = parse("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\nGET /next");
  ASSERT_EQ(parsed.result, ParseResult::complete);
  EXPECT_EQ(parsed.text.substr(parsed.head->head_bytes), "GET /next");
  expect_same_however_cut("\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n");
}

TEST(RequestHead, ExpectIsIgnoredWhereNoOneWaits) {
  EXPECT_EQ(parse("POST / HTTP/1.0\r\nExpect: 200-ok\r\nContent-Length: 1\r\n\r\n").result,
            ParseResult::complete);
  EXPECT_FALSE(parse("GET / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n\r\n").head->expects_continue);
  EXPECT_FALSE(parse("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\nExpect: 100-Continue\r\n\r\n")
                   .head->expects_continue);
  EXPECT_TRUE(
      parse("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: Chunked\r\nExpect: 100-Continue\r\n\r\n")
          .head->expects_continue);
}

TEST(RequestHead, ContentLengthUpToTheLargestSignedNumber) {
  const auto length_of = [](const std::string& value) {
    return parse("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: " + value + "\r\n\r\n").head->content_length;
  };
  EXPECT_EQ(length_of("9223372036854775807"), 9223372036854775807u);
  EXPECT_EQ(length_of("0000000000000000000000042"), 42u);
  EXPECT_EQ(length_of("0"), 0u);
}

TEST(RequestHead, MethodsAreCaseSensitiveTokens) {
  const auto method_of = [](const std::string& method) {
    return parse(method + " / HTTP/1.1\r\nHost: h\r\n\r\n").head->method;
  };
  EXPECT_EQ(method_of("GET"), Method::get);
  EXPECT_EQ(method_of("DELETE"), Method::del);
  EXPECT_EQ(method_of("PATCH"), Method::patch);
  EXPECT_EQ(method_of("TRACE"), Method::trace);
  EXPECT_EQ(method_of("get"), Method::other);
  EXPECT_EQ(method_of("M-SEARCH"), Method::other);
}

}  // namespace
}  // namespace sluice::dataplane
