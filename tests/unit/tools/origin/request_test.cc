#include "tools/origin/request.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::origin {
namespace {

TEST(OriginRequest, ReadsTheLineAndTheFieldsItActsUpon) {
  const std::string bytes =
      "POST /echo?a=1 HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nConnection: close\r\n"
      "Expect: 100-continue\r\n\r\nhello";
  Request request;
  ASSERT_EQ(parse_request(bytes, request), ParseResult::complete);
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.path, "/echo");
  EXPECT_EQ(request.query, "a=1");
  EXPECT_EQ(request.content_length, 5u);
  EXPECT_FALSE(request.keep_alive);
  EXPECT_TRUE(request.expects_continue);
  EXPECT_EQ(bytes.substr(request.head_bytes), "hello");
  EXPECT_EQ(request.fields.size(), 4u);
}

TEST(OriginRequest, AnIncompleteHeadNeedsMore) {
  Request request;
  EXPECT_EQ(parse_request("GET / HTTP/1.1\r\nHost: x\r\n", request), ParseResult::need_more);
}

// CRC-32 of "123456789" is the check value every implementation publishes.
TEST(OriginBody, TheChecksumIsTheOneOfZlib) {
  Request request;
  request.content_length = 9;
  BodyReader body;
  body.begin(request);
  EXPECT_EQ(body.consume("123456789 and the next request"), 9u);
  EXPECT_TRUE(body.is_complete());
  EXPECT_EQ(body.crc32(), 0xcbf43926u);
}

TEST(OriginBody, ChunksCutAnywhereGiveTheSameBody) {
  const std::string bytes = "4\r\n1234\r\n5;name=value\r\n56789\r\n0\r\nX-One: 1\r\nX-Two: 2\r\n\r\nGET";
  for (size_t cut = 0; cut < bytes.size(); ++cut) {
    Request request;
    request.chunked = true;
    BodyReader body;
    body.begin(request);
    std::string pending = bytes.substr(0, cut);
    pending.erase(0, body.consume(pending));
    pending += bytes.substr(cut);
    pending.erase(0, body.consume(pending));
    EXPECT_TRUE(body.is_complete()) << cut;
    EXPECT_EQ(body.crc32(), 0xcbf43926u) << cut;
    EXPECT_EQ(body.trailer_fields(), 2u);
    EXPECT_EQ(pending, "GET");
  }
}

TEST(OriginBody, BrokenFramingIsNoticed) {
  Request request;
  request.chunked = true;
  BodyReader body;
  body.begin(request);
  EXPECT_EQ(body.consume("zz\r\n"), SIZE_MAX);
}

}  // namespace
}  // namespace sluice::origin
