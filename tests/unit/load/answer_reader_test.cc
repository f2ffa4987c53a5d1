// The client's own reading of answers: where they end, and whether they are whole.
#include "bench/load/answer_reader.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::load {
namespace {

struct Case {
  std::string name;
  std::string bytes;
  ReadResult result;
  uint16_t status = 200;
  uint64_t body_bytes = 0;
  bool keeps_alive = true;
  bool to_head = false;
  size_t left_over = 0;
};

const Case kCases[] = {
    {"length", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc", ReadResult::complete, 200, 3},
    {"empty", "HTTP/1.1 404 No\r\ncontent-length: 0\r\n\r\n", ReadResult::complete, 404},
    {"chunked",
     "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n",
     ReadResult::complete, 200, 13},
    {"trailers", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\nX: y\r\n\r\n",
     ReadResult::complete, 200, 1},
    {"no_content", "HTTP/1.1 204 Nothing\r\n\r\n", ReadResult::complete, 204},
    {"not_modified", "HTTP/1.1 304 Same\r\nContent-Length: 9\r\n\r\n", ReadResult::complete, 304},
    {"head", "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n", ReadResult::complete, 200, 0, true, true},
    {"interim",
     "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: "
     "1\r\n\r\nx",
     ReadResult::complete, 200, 1},
    {"close", "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\nx", ReadResult::complete, 200,
     1, false},
    {"old", "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\nx", ReadResult::complete, 200, 1, false},
    {"old_kept", "HTTP/1.0 200 OK\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\nx",
     ReadResult::complete, 200, 1, true},
    {"truncated", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nabc", ReadResult::need_more, 200, 3},
    {"until_close", "HTTP/1.1 200 OK\r\n\r\nabc", ReadResult::need_more, 200, 3, false},
    {"not_http", "SSH-2.0-x\r\n\r\n", ReadResult::broken, 0},
    {"two_lengths", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", ReadResult::broken},
    {"length_and_chunks", "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
     ReadResult::broken},
    {"bad_chunk", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n", ReadResult::broken},
    {"chunk_too_long", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n0\r\n\r\n",
     ReadResult::broken, 200, 1},
    {"more_behind", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nxHTTP/1.1 200", ReadResult::complete, 200, 1,
     true, false, 12},
};

class AnswerReaderCases : public ::testing::TestWithParam<Case> {};

void check(const Case& expected, const AnswerReader& reader, ReadResult result) {
  EXPECT_EQ(result, expected.result);
  EXPECT_EQ(reader.status(), expected.status);
  if (result == ReadResult::broken) return;
  EXPECT_EQ(reader.body_bytes(), expected.body_bytes);
  EXPECT_EQ(reader.keeps_alive(), expected.keeps_alive);
}

TEST_P(AnswerReaderCases, InOnePiece) {
  const Case& expected = GetParam();
  AnswerReader reader;
  reader.reset(expected.to_head);
  size_t consumed = 0;
  const ReadResult result = reader.read(expected.bytes, consumed);
  check(expected, reader, result);
  if (result == ReadResult::complete) {
    EXPECT_EQ(expected.bytes.size() - consumed, expected.left_over);
  }
  EXPECT_EQ(reader.ends_with_connection(), expected.name == "until_close");
}

TEST_P(AnswerReaderCases, CutAnywhere) {
  const Case& expected = GetParam();
  const size_t end = expected.bytes.size() - expected.left_over;
  for (size_t cut = 1; cut < end; ++cut) {
    AnswerReader reader;
    reader.reset(expected.to_head);
    size_t consumed = 0;
    ReadResult result = reader.read(std::string_view(expected.bytes).substr(0, cut), consumed);
    if (result == ReadResult::need_more) {
      ASSERT_EQ(consumed, cut);
      result = reader.read(std::string_view(expected.bytes).substr(cut), consumed);
    }
    SCOPED_TRACE(cut);
    check(expected, reader, result);
  }
}

INSTANTIATE_TEST_SUITE_P(All, AnswerReaderCases, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST(AnswerReader, TellsWhoAnsweredAndForgetsIt) {
  AnswerReader reader;
  reader.set_answered_by_field("x-served-by");
  reader.reset(false);
  size_t consumed = 0;
  const std::string_view named = "HTTP/1.1 200 OK\r\nX-Served-By:  b \r\nContent-Length: 0\r\n\r\n";
  ASSERT_EQ(reader.read(named, consumed), ReadResult::complete);
  EXPECT_EQ(reader.answered_by(), "b");
  reader.reset(false);
  EXPECT_FALSE(reader.has_begun());
  ASSERT_EQ(reader.read("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", consumed), ReadResult::complete);
  EXPECT_EQ(reader.answered_by(), "");
}

TEST(AnswerReader, AnEndlessHeadIsBroken) {
  AnswerReader reader;
  reader.reset(false);
  size_t consumed = 0;
  const std::string line = "X: " + std::string(1000, 'y') + "\r\n";
  ASSERT_EQ(reader.read("HTTP/1.1 200 OK\r\n", consumed), ReadResult::need_more);
  ReadResult result = ReadResult::need_more;
  for (int i = 0; i < 1000 && result == ReadResult::need_more; ++i) result = reader.read(line, consumed);
  EXPECT_EQ(result, ReadResult::broken);
}

}  // namespace
}  // namespace sluice::load
