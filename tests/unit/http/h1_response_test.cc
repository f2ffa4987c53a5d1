// Response heads: the strictness table towards origins, framing by status and method, and cut independence.
#include <gtest/gtest.h>

#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "dataplane/http/h1_parse.h"
#include "schemas/base/rng.h"

namespace sluice::dataplane {
namespace {

using namespace std::string_view_literals;

struct Parsed {
  std::string text;
  std::unique_ptr<ResponseHead> head = std::make_unique<ResponseHead>();
  ParseResult result = ParseResult::need_more;
  Reason reason = Reason::none;
};

Parsed parse(std::string_view text, Method method = Method::get, const HeadLimits& limits = {}) {
  Parsed parsed;
  parsed.text = text;
  uint32_t scanned = 0;
  parsed.result = parse_response_head(parsed.text, limits, scanned, method, *parsed.head, parsed.reason);
  return parsed;
}

Parsed parse_bytewise(std::string_view text, const HeadLimits& limits = {}) {
  Parsed parsed;
  uint32_t scanned = 0;
  for (size_t size = 1; size <= text.size() && parsed.result == ParseResult::need_more; ++size) {
    parsed.text = text.substr(0, size);
    parsed.text.shrink_to_fit();
    parsed.result =
        parse_response_head(parsed.text, limits, scanned, Method::get, *parsed.head, parsed.reason);
  }
  return parsed;
}

const std::string_view kNoHttp[] = {
    "\r\nHTTP/1.1 200 OK\r\n\r\n",
    "HTTP/1.1 200OK\r\n\r\n",
    "HTTP/1.1 20 OK\r\n\r\n",
    "HTTP/1.1 2000 OK\r\n\r\n",
    "HTTP/1.1 099 Low\r\n\r\n",
    "HTTP/1.1 600 High\r\n\r\n",
    "HTTP/1.1 999 Request denied\r\n\r\n",
    "HTTP/1.1 +20 OK\r\n\r\n",
    "HTTP/1.1  200 OK\r\n\r\n",
    "HTTP/1.1\t200 OK\r\n\r\n",
    "HTTP/1.1 200\tOK\r\n\r\n",
    "HTTP/1.2 200 OK\r\n\r\n",
    "HTTP/2.0 200 OK\r\n\r\n",
    "HTTP/2 200\r\n\r\n",
    "http/1.1 200 OK\r\n\r\n",
    "ICY 200 OK\r\n\r\n",
    "HTTP/1.1\r\n\r\n",
    "SSH-2.0-OpenSSH_9.2\r\n",
    "<html>hello</html>",
};

const std::string_view kBadLines[] = {
    "HTTP/1.1 200 O\x01K\r\n\r\n",
    "HTTP/1.1 200 O\0K\r\n\r\n"sv,
    "HTTP/1.1 200 OK\nA: b\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: b\n\r\n",
    "HTTP/1.1 200 OK\r\nA: b\r\n\n",
    "HTTP/1.1 200 OK\r\nA: b\rC: d\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: b\r\n folded\r\n\r\n",
    "HTTP/1.1 200 OK\r\n A: b\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA : b\r\n\r\n",
    "HTTP/1.1 200 OK\r\n: b\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA[: b\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: b\x0c\r\n\r\n",
    "HTTP/1.1 200 OK\r\nA: b\0\r\n\r\n"sv,
    "HTTP/1.1 200 OK\r\nA: b\x7f\r\n\r\n",
};

const std::string_view kNoClearLength[] = {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5, 5\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 1e3\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 9223372036854775808\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, gzip\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: identity\r\n\r\n",
    "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: x\r\n\r\n",
    "HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\n",
    "HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 100 Continue\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: content-length\r\n\r\n",
    "HTTP/1.1 200 OK\r\nConnection: (\r\n\r\n",
};

void expect_rejected(std::span<const std::string_view> texts, std::string_view token) {
  for (const std::string_view text : texts) {
    const Parsed whole = parse(text);
    EXPECT_EQ(whole.result, ParseResult::rejected) << text;
    EXPECT_EQ(describe(whole.reason).token, token) << text;
    const Parsed bytewise = parse_bytewise(text);
    EXPECT_EQ(bytewise.result, ParseResult::rejected) << text;
    EXPECT_EQ(describe(bytewise.reason).token, token) << text;
  }
}

TEST(ResponseHead, WhatIsNotHttpIsToldFromAMalformedLineAndFromAnUnclearLength) {
  expect_rejected(kNoHttp, "bad_response");
  expect_rejected(kBadLines, "bad_response_field");
  expect_rejected(kNoClearLength, "bad_response_framing");
}

// A 101 was taken for a success whatever it said: the client had asked for websocket, the origin spoke
// something else, and both ends of the relay read the other's bytes as what they were not.
TEST(ResponseHead, AnOriginSwitchesOnlyToWhatWasOffered) {
  EXPECT_TRUE(offers_protocols("websocket", "websocket"));
  EXPECT_TRUE(offers_protocols("websocket", "WebSocket"));
  EXPECT_TRUE(offers_protocols("foo/1, websocket", "websocket"));
  EXPECT_TRUE(offers_protocols("foo/1, websocket", "foo/1, websocket"));
  EXPECT_FALSE(offers_protocols("websocket", "gopher"));
  EXPECT_FALSE(offers_protocols("websocket", "websocket, gopher"));
  EXPECT_FALSE(offers_protocols("foo/1", "foo/2"));
  EXPECT_FALSE(offers_protocols("websocket", ""));
  EXPECT_FALSE(offers_protocols("", "websocket"));
  EXPECT_FALSE(offers_protocols("websocket", "websocke"));
}

TEST(ResponseHead, MutatedHeadsAreJudgedAlikeHoweverCut) {
  constexpr std::string_view kSeed =
      "HTTP/1.1 200 OK\r\nDate: x\r\nConnection: keep-alive, a\r\nKeep-Alive: timeout=5\r\n"
      "Content-Length: 12\r\nA: b\r\n\r\n";
  constexpr std::string_view kBytes =
      "\r\n\t :,\0/\x7f\x80"
      "A15"sv;
  Rng rng(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(kSeed);
    for (uint64_t edits = 1 + rng.below(3); edits > 0; --edits) {
      const size_t at = rng.below(text.size());
      if (rng.chance(1, 3)) {
        text.erase(at, 1 + rng.below(3));
      } else {
        text[at] = kBytes[rng.below(kBytes.size())];
      }
    }
    HeadLimits limits;
    if (rng.chance(1, 4)) limits = {.head_bytes = 10 + static_cast<uint32_t>(rng.below(150)), .fields = 4};
    const Parsed whole = parse(text, Method::get, limits);
    const Parsed bytewise = parse_bytewise(text, limits);
    ASSERT_EQ(bytewise.result, whole.result) << text;
    ASSERT_EQ(bytewise.reason, whole.reason) << text;
    ASSERT_EQ(bytewise.head->framing, whole.head->framing) << text;
  }
}

TEST(ResponseHead, AnInfiniteHeadIsTooLarge) {
  const HeadLimits limits{.head_bytes = 256, .fields = 3};
  const auto reason_of = [&](const std::string& text) {
    return describe(parse(text, Method::get, limits).reason).token;
  };
  EXPECT_EQ(reason_of("HTTP/1.1 200 OK\r\nA: " + std::string(300, 'b')), "response_head_too_large");
  EXPECT_EQ(reason_of("HTTP/1.1 200 " + std::string(300, 'b')), "response_head_too_large");
  EXPECT_EQ(reason_of("HTTP/1.1 200 OK\r\nA: 1\r\nA: 2\r\nA: 3\r\nA: 4\r\n\r\n"), "response_head_too_large");
  EXPECT_EQ(reason_of("HTTP/1.1 200 OK\r\nA: 1\r\nA: 2\r\nA: 3\r\n\r\n"), "-");
}

TEST(ResponseHead, ReasonIsOptionalAndMayHoldAnyText) {
  EXPECT_EQ(parse("HTTP/1.1 200\r\n\r\n").head->status, 200);
  EXPECT_EQ(parse("HTTP/1.1 200 \r\n\r\n").head->reason, "");
  EXPECT_EQ(parse("HTTP/1.1 404 Nicht\tgefunden \xc3\xa9\r\n\r\n").head->reason, "Nicht\tgefunden \xc3\xa9");
}

TEST(ResponseHead, FramingFollowsStatusMethodAndFields) {
  struct Case {
    std::string_view text;
    Method method;
    BodyFraming framing;
    bool has_length;
    bool keep_alive;
  };
  const Case kCases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Method::get, BodyFraming::length, true, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", Method::get, BodyFraming::length, true, true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n", Method::get, BodyFraming::chunked, false,
       true},
      {"HTTP/1.1 200 OK\r\n\r\n", Method::get, BodyFraming::until_close, false, false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\n\r\n", Method::get, BodyFraming::length, true, false},
      {"HTTP/1.0 200 OK\r\nContent-Length: 5\r\nConnection: keep-alive\r\n\r\n", Method::get,
       BodyFraming::length, true, true},
      {"HTTP/1.0 200 OK\r\nConnection: keep-alive\r\n\r\n", Method::get, BodyFraming::until_close, false,
       false},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n", Method::head, BodyFraming::none, true, true},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", Method::head, BodyFraming::none, false, true},
      {"HTTP/1.1 200 OK\r\n\r\n", Method::head, BodyFraming::none, false, true},
      {"HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", Method::get, BodyFraming::none, true, true},
      {"HTTP/1.1 304 Not Modified\r\n\r\n", Method::get, BodyFraming::none, false, true},
      {"HTTP/1.1 204 No Content\r\n\r\n", Method::get, BodyFraming::none, false, true},
      {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", Method::get, BodyFraming::none, false, true},
      {"HTTP/1.1 100 Continue\r\n\r\n", Method::post, BodyFraming::none, false, true},
      {"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n", Method::get, BodyFraming::none, false, true},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\n", Method::get, BodyFraming::length,
       true, false},
      {"HTTP/1.1 200 OK\r\nConnection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n\r\n", Method::get,
       BodyFraming::chunked, false, true},
  };
  for (const Case& row : kCases) {
    const Parsed parsed = parse(row.text, row.method);
    ASSERT_EQ(parsed.result, ParseResult::complete) << row.text;
    EXPECT_EQ(parsed.head->framing, row.framing) << row.text;
    EXPECT_EQ(parsed.head->has_content_length, row.has_length) << row.text;
    EXPECT_EQ(parsed.head->keep_alive, row.keep_alive) << row.text;
  }
}

TEST(ResponseHead, ReadsUpgradeAndKeepAliveTimeout) {
  const Parsed switched =
      parse("HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\nframes");
  EXPECT_EQ(switched.head->upgrade, "websocket");
  EXPECT_EQ(switched.text.substr(switched.head->head_bytes), "frames");
  const auto timeout_of = [](const std::string& value) {
    return parse("HTTP/1.1 200 OK\r\nContent-Length: 0\r\nKeep-Alive: " + value + "\r\n\r\n")
        .head->keep_alive_timeout_seconds;
  };
  EXPECT_EQ(timeout_of("timeout=5, max=100"), 5u);
  EXPECT_EQ(timeout_of("max=100,Timeout=72"), 72u);
  EXPECT_EQ(timeout_of("timeout=x"), 0u);
  EXPECT_EQ(timeout_of("300"), 0u);
}

}  // namespace
}  // namespace sluice::dataplane
