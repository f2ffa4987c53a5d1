// Chunked bodies: what passes, what is rewritten, what is refused, and that the bytes that leave do not
// depend on how the input was cut.
#include "dataplane/http/h1_chunked.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "schemas/base/rng.h"

namespace sluice::dataplane {
namespace {

using namespace std::string_view_literals;

struct Relayed {
  std::string chunked;  // What a chunked receiver gets.
  std::string data;     // What a receiver of the plain body gets.
  size_t consumed = 0;
  bool is_done = false;
  Reason reason = Reason::none;

  bool operator==(const Relayed&) const = default;
};

// Offers `body` so that step() sees up to the next cut; on need_more the cut moves on.
template <typename NextCut>
Relayed relay(std::string_view body, uint32_t trailer_bytes_max, NextCut next_cut) {
  ChunkDecoder decoder;
  decoder.reset(trailer_bytes_max);
  Relayed relayed;
  size_t cut = next_cut(size_t{0});
  for (;;) {
    // Memory of exactly the offered length, so that a read past it is seen by the sanitizer.
    const std::string offered(body.substr(relayed.consumed, cut - relayed.consumed));
    const ChunkStep step = decoder.step(offered);
    const std::string_view range = std::string_view(offered).substr(0, step.length);
    EXPECT_LE(step.length, offered.size());
    switch (step.kind) {
      case ChunkStep::Kind::data:
        relayed.data += range;
        relayed.chunked += range;
        break;
      case ChunkStep::Kind::framing:
        relayed.chunked += range;
        break;
      case ChunkStep::Kind::drop:
        break;
      case ChunkStep::Kind::insert:
        relayed.chunked += step.text;
        break;
      case ChunkStep::Kind::need_more:
        if (cut == body.size()) return relayed;
        cut = next_cut(cut);
        break;
      case ChunkStep::Kind::end:
        EXPECT_TRUE(decoder.is_done());
        EXPECT_EQ(decoder.data_bytes(), relayed.data.size());
        relayed.is_done = true;
        return relayed;
      case ChunkStep::Kind::rejected:
        relayed.reason = decoder.reason();
        return relayed;
    }
    relayed.consumed += step.length;
  }
}

Relayed relay_whole(std::string_view body, uint32_t trailer_bytes_max = 4096) {
  return relay(body, trailer_bytes_max, [&](size_t) { return body.size(); });
}

void expect_same_however_cut(std::string_view body, uint32_t trailer_bytes_max = 4096) {
  Relayed whole = relay_whole(body, trailer_bytes_max);
  const auto expect_same = [&](Relayed pieces) {
    // Where a refused body stops being read may differ by the held bytes; what left may not.
    if (whole.reason != Reason::none) pieces.consumed = whole.consumed;
    ASSERT_EQ(pieces, whole) << body;
  };
  expect_same(relay(body, trailer_bytes_max, [](size_t cut) { return cut + 1; }));
  for (size_t split = 1; split < body.size(); ++split) {
    expect_same(
        relay(body, trailer_bytes_max, [&](size_t cut) { return cut < split ? split : body.size(); }));
  }
}

TEST(ChunkDecoder, CanonicalBodiesPassUntouched) {
  for (const std::string_view body :
       {"0\r\n\r\n"sv, "5\r\nhello\r\n0\r\n\r\n"sv,
        "1a\r\nabcdefghijklmnopqrstuvwxyz\r\n1\r\nx\r\n0\r\n\r\n"sv,
        "A\r\n0123456789\r\n0\r\nX-Sum: 1\r\nGrpc-Status: 0\r\n\r\n"sv, "3\r\n\0\r\n\r\n0\r\n\r\n"sv}) {
    const Relayed relayed = relay_whole(body);
    EXPECT_TRUE(relayed.is_done) << body;
    EXPECT_EQ(relayed.chunked, body);
    EXPECT_EQ(relayed.consumed, body.size());
    expect_same_however_cut(body);
  }
}

TEST(ChunkDecoder, BytesBehindTheBodyAreLeftAlone) {
  const Relayed relayed = relay_whole("1\r\nx\r\n0\r\n\r\nGET / HTTP/1.1\r\n");
  EXPECT_TRUE(relayed.is_done);
  EXPECT_EQ(relayed.consumed, "1\r\nx\r\n0\r\n\r\n"sv.size());
}

TEST(ChunkDecoder, WhatWeWouldNotWriteIsRewritten) {
  struct Case {
    std::string_view body;
    std::string_view relayed;
  };
  const Case kCases[] = {
      {"005\r\nhello\r\n000\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n"},
      {"5;a=b\r\nhello\r\n0;last\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n"},
      {"5;q=\"x y\" ; z\r\nhello\r\n00;\r\n\r\n", "5\r\nhello\r\n0\r\n\r\n"},
      {"0000000000000010\r\n0123456789abcdef\r\n0\r\n\r\n", "10\r\n0123456789abcdef\r\n0\r\n\r\n"},
      {"0\r\nA:b\r\n\r\n", "0\r\nA: b\r\n\r\n"},
      {"0\r\nA: \t b \t\r\nC:\r\n\r\n", "0\r\nA: b\r\nC: \r\n\r\n"},
      {"0\r\nA:\tb\r\n\r\n", "0\r\nA: b\r\n\r\n"},
      {"0\r\nContent-Length: 5\r\nA: b\r\nHost: evil\r\nAuthorization: x\r\n\r\n", "0\r\nA: b\r\n\r\n"},
      {"0\r\nTransfer-Encoding: chunked\r\n\r\n", "0\r\n\r\n"},
  };
  for (const Case& row : kCases) {
    const Relayed relayed = relay_whole(row.body);
    EXPECT_TRUE(relayed.is_done) << row.body;
    EXPECT_EQ(relayed.chunked, row.relayed);
    EXPECT_EQ(relayed.consumed, row.body.size());
    expect_same_however_cut(row.body);
    const Relayed again = relay_whole(relayed.chunked);
    EXPECT_EQ(again.chunked, relayed.chunked);
  }
}

TEST(ChunkDecoder, MalformedChunksAreRejected) {
  for (const std::string_view body : {"\r\n"sv,
                                      "x\r\n"sv,
                                      "0x5\r\nhello\r\n"sv,
                                      "+5\r\nhello\r\n"sv,
                                      "-5\r\nhello\r\n"sv,
                                      " 5\r\nhello\r\n"sv,
                                      "5 \r\nhello\r\n"sv,
                                      "5\t\r\nhello\r\n"sv,
                                      "5 ;a\r\nhello\r\n"sv,
                                      "5_0\r\n"sv,
                                      "5\nhello\r\n"sv,
                                      "5\rhello\r\n"sv,
                                      "5\r\r\nhello"sv,
                                      "5\r\nhello\n0\r\n\r\n"sv,
                                      "5\r\nhelloX\r\n"sv,
                                      "5\r\nhello\r0"sv,
                                      "5\r\nhell\r\n0\r\n\r\n"sv,
                                      "00000000000000005\r\nhello\r\n"sv,
                                      "10000000000000000\r\n"sv,
                                      "ffffffffffffffff\r\n"sv,
                                      "4000000000000001\r\n"sv,
                                      "5;a\nhello\r\n"sv,
                                      "5;a\rb\r\n"sv,
                                      "5;a\0b\r\nhello\r\n"sv,
                                      "5;\x01\r\nhello\r\n"sv,
                                      "5,5\r\nhello\r\n"sv,
                                      "5\0\r\nhello\r\n"sv,
                                      "0\n\r\n"sv,
                                      "000x\r\n"sv}) {
    const Relayed relayed = relay_whole(body);
    EXPECT_EQ(describe(relayed.reason).token, "bad_chunk") << body;
    EXPECT_FALSE(relayed.is_done) << body;
    expect_same_however_cut(body);
  }
}

TEST(ChunkDecoder, MalformedTrailersAreRejected) {
  for (const std::string_view body :
       {"0\r\nA\r\n\r\n"sv, "0\r\nA : b\r\n\r\n"sv, "0\r\n A: b\r\n\r\n"sv, "0\r\nA: b\r\n c\r\n\r\n"sv,
        "0\r\nA: b\n\r\n"sv, "0\r\nA: b\rC: d\r\n\r\n"sv, "0\r\nA: \0\r\n\r\n"sv, "0\r\n: b\r\n\r\n"sv,
        "0\r\n\n"sv, "0\r\n\rX"sv, "0\r\nGET / HTTP/1.1\r\n\r\n"sv}) {
    const Relayed relayed = relay_whole(body);
    EXPECT_EQ(describe(relayed.reason).token, "bad_trailer") << body;
    EXPECT_EQ(relayed.chunked, "0\r\n") << body;  // Nothing of a bad section leaves, not even its good lines.
    expect_same_however_cut(body);
  }
}

TEST(ChunkDecoder, ExtensionsAndTrailersAreCapped) {
  const std::string extension = "1;" + std::string(1023, 'e') + "\r\nx\r\n0\r\n\r\n";
  EXPECT_TRUE(relay_whole(extension).is_done);
  EXPECT_EQ(relay_whole("1;e" + extension.substr(2)).reason, Reason::bad_chunk);
  const std::string trailer = "0\r\nA: " + std::string(93, 'b') + "\r\n\r\n";  // 100 bytes of section.
  EXPECT_TRUE(relay_whole(trailer, 100).is_done);
  EXPECT_EQ(relay_whole(trailer, 99).reason, Reason::bad_trailer);
  expect_same_however_cut(trailer, 99);
  EXPECT_EQ(relay_whole("0\r\nA: " + std::string(200, 'b'), 100).reason, Reason::bad_trailer);
}

TEST(ChunkDecoder, TheLargestChunkIsTwoToTheSixtyTwo) {
  EXPECT_EQ(relay_whole("4000000000000000\r\nabc").data, "abc");
  EXPECT_EQ(relay_whole("4000000000000000\r\nabc").reason, Reason::none);
}

TEST(ChunkDecoder, RandomBodiesRelayTheirDataAndParseAgain) {
  Rng rng(99);
  for (int round = 0; round < 2'000; ++round) {
    std::string body;
    std::string data;
    for (uint64_t chunks = rng.below(5); chunks > 0; --chunks) {
      std::string chunk;
      for (uint64_t length = 1 + rng.below(40); length > 0; --length)
        chunk += static_cast<char>(rng.below(256));
      char size[32];
      std::snprintf(size, sizeof size, "%s%zx", rng.chance(1, 3) ? "000" : "", chunk.size());
      body += size;
      if (rng.chance(1, 3)) body += ";ext=\"v\"";
      body += "\r\n" + chunk + "\r\n";
      data += chunk;
    }
    body += rng.chance(1, 2) ? "0\r\n" : "00;x\r\n";
    if (rng.chance(1, 2)) body += "A:  b\r\nHost: h\r\n";
    body += "\r\n";
    const Relayed whole = relay_whole(body);
    ASSERT_TRUE(whole.is_done);
    ASSERT_EQ(whole.data, data);
    const Relayed pieces =
        relay(body, 4096, [&](size_t cut) { return std::min(body.size(), cut + 1 + rng.below(20)); });
    ASSERT_EQ(pieces, whole);
    ASSERT_EQ(relay_whole(whole.chunked).chunked, whole.chunked);
  }
}

TEST(ChunkDecoder, MutatedBodiesAreJudgedAlikeHoweverCut) {
  constexpr std::string_view kSeed =
      "5;a\r\nhello\r\n0012\r\n0123456789abcdef01\r\n0\r\nA: b\r\nHost: x\r\n\r\n";
  constexpr std::string_view kBytes = "\r\n ;0f:Ax\0\x7f"sv;
  Rng rng(5);
  for (int round = 0; round < 5'000; ++round) {
    std::string body(kSeed);
    for (uint64_t edits = 1 + rng.below(2); edits > 0; --edits) {
      const size_t at = rng.below(body.size());
      if (rng.chance(1, 3)) {
        body.erase(at, 1);
      } else {
        body[at] = kBytes[rng.below(kBytes.size())];
      }
    }
    const Relayed whole = relay_whole(body);
    Relayed pieces =
        relay(body, 4096, [&](size_t cut) { return std::min(body.size(), cut + 1 + rng.below(9)); });
    if (whole.reason != Reason::none) pieces.consumed = whole.consumed;
    ASSERT_EQ(pieces, whole) << body;
  }
}

}  // namespace
}  // namespace sluice::dataplane
