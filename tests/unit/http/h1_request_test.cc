// Request heads: limits, what real clients send, and what is made of it.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "tests/unit/http/request_testing.h"

namespace sluice::dataplane::request_testing {
namespace {

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
}  // namespace sluice::dataplane::request_testing
