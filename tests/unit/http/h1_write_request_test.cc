// What leaves towards an origin.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "dataplane/http/h1_parse.h"
#include "dataplane/http/h1_write.h"

namespace sluice::dataplane {
namespace {

std::string forward(const std::string& text, ForwardRequest request = {}) {
  auto head = std::make_unique<RequestHead>();
  uint32_t scanned = 0;
  Reason reason = Reason::none;
  EXPECT_EQ(parse_request_head(text, {}, scanned, *head, reason), ParseResult::complete)
      << describe(reason).token << "\n"
      << text;
  if (request.path.empty()) {
    request.path = head->path;
    request.query = head->query;
  }
  if (request.forwarded_host.empty()) request.forwarded_host = head->authority;
  const uint32_t bytes_max = forward_request_bytes_max(*head, request);
  std::string out(bytes_max, '\0');
  const uint32_t length = write_forward_request(*head, request, out.data());
  EXPECT_LE(length, bytes_max);
  out.resize(length);
  return out;
}

TEST(ForwardRequest, KeepsFieldsSpellingAndOrder) {
  EXPECT_EQ(
      forward("GET /a?b=c HTTP/1.1\r\nAccept: */*\r\nhOsT: example.com\r\nX-B:\t2  \r\nx-a:1\r\nX-C: 3\r\n"
              "Empty:\r\nCookie: k=v\r\n\r\n"),
      "GET /a?b=c HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\nX-B: 2\r\nx-a: 1\r\nX-C: 3\r\nEmpty: \r\n"
      "Cookie: k=v\r\nX-Forwarded-Host: example.com\r\n\r\n");
}

TEST(ForwardRequest, WritesTheClientsIdentityAnew) {
  const ForwardRequest request{.forwarded_for = "10.0.0.9",
                               .scheme = "http",
                               .listener_port = "8080",
                               .client_address = "10.0.0.9",
                               .request_id = "id-1"};
  EXPECT_EQ(
      forward("GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 6.6.6.6\r\nX-Real-IP: 6.6.6.6\r\n"
              "Forwarded: for=6.6.6.6\r\nX_Forwarded_For: 6.6.6.6\r\nX-Forwarded-Proto: https\r\n"
              "X-Forwarded-Host: evil\r\nX-Forwarded-Port: 1\r\nX-Request-ID: theirs\r\n\r\n",
              request),
      "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 10.0.0.9\r\nX-Forwarded-Proto: http\r\n"
      "X-Forwarded-Host: h\r\nX-Forwarded-Port: 8080\r\nX-Real-IP: 10.0.0.9\r\nX-Request-ID: id-1\r\n\r\n");
}

TEST(ForwardRequest, WritesWhatTheListenerAsksForAndNothingElse) {
  EXPECT_EQ(forward("GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-For: 6.6.6.6\r\n\r\n",
                    {.forwarded_host = "", .forwarded = "for=10.0.0.9;proto=http"}),
            "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Host: h\r\nForwarded: for=10.0.0.9;proto=http\r\n\r\n");
}

TEST(ForwardRequest, AppendsToWhatEveryHopAppendsTo) {
  const ForwardRequest request{.via = "gw-a", .loop_token = "gw-a"};
  EXPECT_EQ(forward("GET / HTTP/1.0\r\nHost: h\r\nVia: 1.1 front\r\nCDN-Loop: front; v=1\r\n\r\n", request),
            "GET / HTTP/1.1\r\nHost: h\r\nVia: 1.1 front\r\nCDN-Loop: front; v=1\r\nX-Forwarded-Host: h\r\n"
            "Via: 1.0 gw-a\r\nCDN-Loop: gw-a\r\n\r\n");
}

TEST(ForwardRequest, NoEditTakesTheLoopTokenAway) {
  const HeaderEdit edits[] = {{HeaderEditKind::remove, "Via", ""}, {HeaderEditKind::remove, "CDN-Loop", ""}};
  EXPECT_EQ(forward("GET / HTTP/1.1\r\nHost: h\r\nVia: 1.1 front\r\nCDN-Loop: front\r\n\r\n",
                    {.via = "gw-a", .loop_token = "gw-a", .edits = edits}),
            "GET / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Host: h\r\nCDN-Loop: gw-a\r\n\r\n");
}

TEST(ForwardRequest, RemovesHopByHopFields) {
  EXPECT_EQ(
      forward("GET / HTTP/1.1\r\nHost: h\r\nConnection: keep-alive, X-Hop\r\nKeep-Alive: 5\r\nX-Hop: 1\r\n"
              "Proxy-Connection: keep-alive\r\nTE: gzip\r\nTrailer: X\r\nUpgrade: websocket\r\nA: b\r\n\r\n"),
      "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\nX-Forwarded-Host: h\r\n\r\n");
}

// Neighbouring fields are copied in one piece; a dropped one between them must end the piece.
TEST(ForwardRequest, ADroppedFieldBetweenKeptOnesDoesNotRideAlong) {
  EXPECT_EQ(forward("GET / HTTP/1.1\r\nA: 1\r\nB: 2\r\nConnection: x-hop\r\nC: 3\r\nX-Hop: 4\r\nD: 5\r\n"
                    "X-Forwarded-For: 6.6.6.6\r\nE: 7\r\nHost: h\r\nF: 8\r\n\r\n"),
            "GET / HTTP/1.1\r\nHost: h\r\nA: 1\r\nB: 2\r\nC: 3\r\nD: 5\r\nE: 7\r\nF: 8\r\nX-Forwarded-Host: "
            "h\r\n\r\n");
}

TEST(ForwardRequest, WritesFramingFromWhatWasParsed) {
  EXPECT_EQ(forward("POST / HTTP/1.1\r\nHost: h\r\nContent-Length:  0012\r\nExpect: 100-Continue\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Host: h\r\nContent-Length: 12\r\n"
            "Expect: 100-continue\r\n\r\n");
  EXPECT_EQ(forward("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Host: h\r\nContent-Length: 0\r\n\r\n");
  EXPECT_EQ(forward("POST / HTTP/1.1\r\nHost: h\r\nTRANSFER-ENCODING: Chunked\r\nTrailer: X-Sum\r\nTE: "
                    "trailers\r\n\r\n"),
            "POST / HTTP/1.1\r\nHost: h\r\nTrailer: X-Sum\r\nX-Forwarded-Host: h\r\n"
            "Transfer-Encoding: chunked\r\nTE: trailers\r\nConnection: TE\r\n\r\n");
}

TEST(ForwardRequest, KeepsAnUpgradeThatConnectionNames) {
  EXPECT_EQ(forward("GET /ws HTTP/1.1\r\nHost: h\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                    "Sec-WebSocket-Key: k\r\n\r\n"),
            "GET /ws HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Key: k\r\nX-Forwarded-Host: h\r\n"
            "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n");
}

TEST(ForwardRequest, AbsoluteTargetsBecomeOriginForm) {
  EXPECT_EQ(forward("GET http://example.com:80/x?y HTTP/1.1\r\nHost: example.com\r\n\r\n"),
            "GET /x?y HTTP/1.1\r\nHost: example.com:80\r\nX-Forwarded-Host: example.com:80\r\n\r\n");
}

TEST(ForwardRequest, Http10BecomesHttp11WithAHost) {
  EXPECT_EQ(forward("GET / HTTP/1.0\r\nExpect: 100-continue\r\n\r\n"), "GET / HTTP/1.1\r\nHost: \r\n\r\n");
}

TEST(ForwardRequest, TheHostAndPathTowardsTheOriginMayDiffer) {
  EXPECT_EQ(
      forward("GET /old HTTP/1.1\r\nHost: public\r\n\r\n", {.path = "/new", .query = "?q", .host = "inner"}),
      "GET /new?q HTTP/1.1\r\nHost: inner\r\nX-Forwarded-Host: public\r\n\r\n");
}

TEST(ForwardRequest, EditsApplyInTheirOrder) {
  const HeaderEdit edits[] = {
      {HeaderEditKind::add, "X-Gone", "1"},      {HeaderEditKind::remove, "x-gone", ""},
      {HeaderEditKind::set, "X-Set", "new"},     {HeaderEditKind::add, "X-Set", "more"},
      {HeaderEditKind::remove, "Cookie", ""},    {HeaderEditKind::set, "X-Forwarded-Proto", "https"},
      {HeaderEditKind::remove, "X-Real-IP", ""},
  };
  EXPECT_EQ(
      forward("GET / HTTP/1.1\r\nHost: h\r\nCookie: a\r\nx-set: old\r\nA: b\r\nX-Set: old\r\n\r\n",
              {.forwarded_for = "1.2.3.4", .scheme = "http", .client_address = "1.2.3.4", .edits = edits}),
      "GET / HTTP/1.1\r\nHost: h\r\nA: b\r\nX-Forwarded-For: 1.2.3.4\r\nX-Forwarded-Host: h\r\n"
      "X-Set: new\r\nX-Set: more\r\nX-Forwarded-Proto: https\r\n\r\n");
}

TEST(ForwardRequest, EditsCannotTouchFramingOrHopByHopFields) {
  const HeaderEdit edits[] = {
      {HeaderEditKind::set, "Content-Length", "5"},
      {HeaderEditKind::remove, "Host", ""},
      {HeaderEditKind::add, "transfer-encoding", "gzip"},
      {HeaderEditKind::set, "Connection", "close"},
      {HeaderEditKind::add, "Upgrade", "x"},
      {HeaderEditKind::set, "", "x"},
  };
  EXPECT_EQ(forward("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n", {.edits = edits}),
            "POST / HTTP/1.1\r\nHost: h\r\nX-Forwarded-Host: h\r\nContent-Length: 2\r\n\r\n");
}

TEST(ForwardRequest, TheBoundHoldsForEveryLength) {
  for (size_t length = 0; length < 127; ++length) {
    std::string text = "GET / HTTP/1.1\r\nHost:" + std::string(length, 'h') + "\r\n";
    for (size_t i = 0; i < length; ++i) text += "A:\r\n";
    const std::string out =
        forward(text + "\r\n", {.forwarded_for = "::1", .scheme = "http", .client_address = "::1"});
    EXPECT_TRUE(out.ends_with("\r\n\r\n"));
  }
}

}  // namespace
}  // namespace sluice::dataplane
