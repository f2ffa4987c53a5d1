// What leaves towards a client: forwarded responses and answers of our own.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "dataplane/http/h1_parse.h"
#include "dataplane/http/h1_write.h"

namespace sluice::dataplane {
namespace {

std::string forward(const std::string& text, const ForwardResponse& response, Method method = Method::get) {
  auto head = std::make_unique<ResponseHead>();
  uint32_t scanned = 0;
  Reason reason = Reason::none;
  EXPECT_EQ(parse_response_head(text, {}, scanned, method, *head, reason), ParseResult::complete) << text;
  const uint32_t bytes_max = forward_response_bytes_max(*head, response);
  std::string out(bytes_max, '\0');
  const uint32_t length = write_forward_response(*head, response, out.data());
  EXPECT_LE(length, bytes_max);
  out.resize(length);
  return out;
}

TEST(ForwardResponse, KeepsFieldsAndWritesFramingAnew) {
  EXPECT_EQ(
      forward(
          "HTTP/1.1 200 OK\r\nDate: d\r\nContent-Length: 005\r\nserver:x\r\nConnection: keep-alive, x-hop\r\n"
          "Keep-Alive: timeout=5\r\nX-Hop: 1\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\n\r\n",
          {.framing = BodyFraming::length, .content_length = 5, .request_id = "r"}),
      "HTTP/1.1 200 OK\r\nDate: d\r\nserver: x\r\nSet-Cookie: a=b\r\nSet-Cookie: c=d\r\nX-Request-ID: r\r\n"
      "Content-Length: 5\r\n\r\n");
}

TEST(ForwardResponse, Http10OriginsAreSentAsHttp11) {
  EXPECT_EQ(forward("HTTP/1.0 200\r\n\r\n", {.framing = BodyFraming::chunked}),
            "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(forward("HTTP/1.0 200 OK\r\n\r\n", {.framing = BodyFraming::until_close, .keep_alive = false}),
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
}

TEST(ForwardResponse, TrailerIsAnnouncedOnlyWithChunks) {
  const std::string text = "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n";
  EXPECT_EQ(forward(text, {.framing = BodyFraming::chunked}),
            "HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(forward(text, {.framing = BodyFraming::until_close, .keep_alive = false}),
            "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n");
}

TEST(ForwardResponse, Http10ClientsAreToldThatTheConnectionStays) {
  EXPECT_EQ(forward("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
                    {.framing = BodyFraming::length, .client_minor_version = 0}),
            "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n");
}

TEST(ForwardResponse, HeadAnd304KeepTheLengthThereWouldHaveBeen) {
  EXPECT_EQ(forward("HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n", {}, Method::head),
            "HTTP/1.1 200 OK\r\nContent-Length: 77\r\n\r\n");
  EXPECT_EQ(forward("HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n", {}),
            "HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n");
  EXPECT_EQ(forward("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", {}),
            "HTTP/1.1 204 No Content\r\n\r\n");
}

TEST(ForwardResponse, InterimResponsesCarryNothingOfOurs) {
  const HeaderEdit edits[] = {{HeaderEditKind::set, "X-A", "b"}};
  EXPECT_EQ(forward("HTTP/1.1 103 Early Hints\r\nLink: </s>\r\nConnection: x\r\n\r\n",
                    {.keep_alive = false, .request_id = "r", .edits = edits}),
            "HTTP/1.1 103 Early Hints\r\nLink: </s>\r\n\r\n");
}

TEST(ForwardResponse, SwitchingProtocolsKeepsUpgrade) {
  EXPECT_EQ(forward("HTTP/1.1 101 Switching Protocols\r\nconnection: upgrade\r\nupgrade: websocket\r\n"
                    "Sec-WebSocket-Accept: a\r\n\r\n",
                    {}),
            "HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: a\r\nConnection: upgrade\r\n"
            "Upgrade: websocket\r\n\r\n");
}

TEST(ForwardResponse, EditsAndTheRequestIdOfTheOrigin) {
  const HeaderEdit edits[] = {{HeaderEditKind::remove, "server", ""},
                              {HeaderEditKind::set, "X-Frame-Options", "DENY"},
                              {HeaderEditKind::set, "Content-Length", "9"}};
  EXPECT_EQ(
      forward("HTTP/1.1 200 OK\r\nServer: x\r\nX-Request-Id: theirs\r\nContent-Length: 1\r\n\r\n",
              {.framing = BodyFraming::length, .content_length = 1, .request_id = "ours", .edits = edits}),
      "HTTP/1.1 200 OK\r\nX-Request-Id: theirs\r\nContent-Length: 1\r\nX-Frame-Options: DENY\r\n\r\n");
}

std::string answer(const LocalAnswer& local) {
  std::string out(local_answer_bytes_max(local), '\0');
  const uint32_t length = write_local_answer(local, out.data());
  EXPECT_LE(length, out.size());
  out.resize(length);
  return out;
}

TEST(LocalAnswer, SaysLengthCauseAndWhetherToGoOn) {
  EXPECT_EQ(
      answer({.status = 503,
              .content_type = "text/plain",
              .body = "sorry\n",
              .retry_after_seconds = 5,
              .keep_alive = false,
              .request_id = "r"}),
      "HTTP/1.1 503 Service Unavailable\r\nRetry-After: 5\r\nCache-Control: no-store\r\nX-Request-ID: r\r\n"
      "Content-Type: text/plain\r\nContent-Length: 6\r\nConnection: close\r\n\r\nsorry\n");
  EXPECT_EQ(answer({.status = 404, .content_type = "text/plain", .body = "no\n", .is_head = true}),
            "HTTP/1.1 404 Not Found\r\nCache-Control: no-store\r\nContent-Type: text/plain\r\n"
            "Content-Length: 3\r\n\r\n");
  EXPECT_EQ(answer({.status = 301, .location = "https://h/", .no_store = false, .client_minor_version = 0}),
            "HTTP/1.1 301 Moved Permanently\r\nLocation: https://h/\r\nContent-Length: 0\r\n"
            "Connection: keep-alive\r\n\r\n");
  EXPECT_EQ(answer({.status = 204, .body = "ignored", .no_store = false}), "HTTP/1.1 204 No Content\r\n\r\n");
  EXPECT_EQ(answer({.status = 299, .no_store = false}), "HTTP/1.1 299 Status\r\nContent-Length: 0\r\n\r\n");
}

TEST(LocalAnswer, EveryReasonWithAStatusHasAPhrase) {
  for (const ReasonInfo& info : kReasons) {
    if (info.status == 0 || info.status == 499) continue;  // 499 is for the log only.
    EXPECT_NE(status_phrase(info.status), "Status") << info.token;
  }
}

}  // namespace
}  // namespace sluice::dataplane
