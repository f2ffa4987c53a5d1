// Parsing a request head in a test: whole, or offered in pieces of memory of exactly their length, so that
// the sanitizer sees every read past what was received.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>

#include "dataplane/http/h1_parse.h"
#include "schemas/base/rng.h"

namespace sluice::dataplane::request_testing {

struct Parsed {
  std::string text;  // Keeps the bytes `head` points into.
  std::unique_ptr<RequestHead> head = std::make_unique<RequestHead>();
  ParseResult result = ParseResult::need_more;
  Reason reason = Reason::none;
};

inline Parsed parse(std::string_view text, const HeadLimits& limits = {}) {
  Parsed parsed;
  parsed.text = text;
  uint32_t scanned = 0;
  parsed.result = parse_request_head(parsed.text, limits, scanned, *parsed.head, parsed.reason);
  return parsed;
}

// Offers the bytes in pieces of random or single size, each time in memory of exactly that length, until the
// parser decides.
inline Parsed parse_in_pieces(std::string_view text, const HeadLimits& limits, uint64_t seed) {
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

inline std::string_view token(Reason reason) {
  return describe(reason).token;
}

inline void expect_same_however_cut(std::string_view text, const HeadLimits& limits = {}) {
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

}  // namespace sluice::dataplane::request_testing
