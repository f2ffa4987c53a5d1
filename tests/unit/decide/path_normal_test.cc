#include "dataplane/decide/path_normal.h"

#include <gtest/gtest.h>

#include <string>

#include "schemas/base/rng.h"
#include "tests/unit/decide/path_reference.h"

namespace sluice::decide {
namespace {

constexpr PathPolicy kDefault{};
constexpr PathPolicy kReject{.mode = wire::PathMode::reject};
constexpr PathPolicy kAsIs{.mode = wire::PathMode::as_is};
constexpr PathPolicy kKeepEmpty{.merge_slashes = false};
constexpr PathPolicy kRejectSlash{.encoded_slash = wire::EncodedSlash::reject};
constexpr PathPolicy kDecodeSlash{.encoded_slash = wire::EncodedSlash::decode};

// The normal form, or the reason's token.
std::string normal(std::string_view path, const PathPolicy& policy = kDefault) {
  std::string out(path.size(), '?');
  const auto result = normal_path(path, policy, out.data());
  return result ? std::string(*result) : std::string(describe(result.error()).token);
}

TEST(PathNormal, APlainPathIsNotCopied) {
  for (const std::string_view path : {"/", "/a", "/index.html", "/a/b/c.d/e-f_g~h", "/a;b=c/d,e", "*",
                                      "/\xc3\xa4", "/a.b../c", "/0123456789abcdef/0123456789abcdef/"}) {
    EXPECT_FALSE(may_need_normalising(path)) << path;
    char out = 'x';
    EXPECT_EQ(normal_path(path, kDefault, &out)->data(), path.data()) << path;
  }
}

TEST(PathNormal, WhatMakesAPathUnusualIsSeenAtEveryPlace) {
  for (const std::string_view unusual : {"%", "\\", "//", "/."}) {
    for (size_t at = 1; at < 40; ++at) {
      std::string path = "/" + std::string(40, 'a');
      path.replace(at, unusual.size(), unusual);
      EXPECT_TRUE(may_need_normalising(path)) << path;
      EXPECT_TRUE(may_need_normalising(path.substr(0, at + unusual.size()))) << path;
    }
  }
}

TEST(PathNormal, EscapesHaveOneSpelling) {
  EXPECT_EQ(normal("/%7euser/%41%2d%5f"), "/~user/A-_");
  EXPECT_EQ(normal("/%c3%a4"), "/%C3%A4");
  EXPECT_EQ(normal("/a%20b%3ac"), "/a%20b%3Ac");
  EXPECT_EQ(normal("/%21%3b%3D"), "/%21%3B%3D");  // Reserved ones mean something else when decoded.
  EXPECT_EQ(normal("/%252f%252e%252e"), "/%252f%252e%252e");  // Decoded once, as the origin will.
}

TEST(PathNormal, DotSegmentsAreResolvedInEverySpelling) {
  EXPECT_EQ(normal("/a/./b"), "/a/b");
  EXPECT_EQ(normal("/a/b/../c"), "/a/c");
  EXPECT_EQ(normal("/a/%2e%2E/c"), "/c");
  EXPECT_EQ(normal("/a/.%2e/c"), "/c");
  EXPECT_EQ(normal("/a/b/.."), "/a/");
  EXPECT_EQ(normal("/a/."), "/a/");
  EXPECT_EQ(normal("/."), "/");
  EXPECT_EQ(normal("/a/.."), "/");
  EXPECT_EQ(normal("/a/b/c/./../../g"), "/a/g");  // RFC 3986 5.2.4.
  EXPECT_EQ(normal("/.well-known/x"), "/.well-known/x");
  EXPECT_EQ(normal("/.../..a/b.."), "/.../..a/b..");
}

TEST(PathNormal, NothingLiesAboveTheRoot) {
  EXPECT_EQ(normal("/.."), "path_above_root");
  EXPECT_EQ(normal("/../etc/passwd"), "path_above_root");
  EXPECT_EQ(normal("/a/../../b"), "path_above_root");
  EXPECT_EQ(normal("/%2e%2e/b"), "path_above_root");
  EXPECT_EQ(normal("//../b"), "path_above_root");
}

TEST(PathNormal, EmptySegmentsAreMergedUnlessKept) {
  EXPECT_EQ(normal("//a///b//"), "/a/b/");
  EXPECT_EQ(normal("/a//../b"), "/b");
  EXPECT_EQ(normal("//a///b//", kKeepEmpty), "//a///b//");
  EXPECT_EQ(normal("/a//../b", kKeepEmpty), "/a/b");
  EXPECT_EQ(normal("//../b", kKeepEmpty), "/b");
}

TEST(PathNormal, AnEncodedSlashIsNoSeparatorUnlessDecoded) {
  EXPECT_EQ(normal("/a%2fb%5cc"), "/a%2Fb%5Cc");
  EXPECT_EQ(normal("/a/..%2f..%2fb"), "/a/..%2F..%2Fb");  // One segment, and not "..".
  EXPECT_EQ(normal("/a%2fb", kRejectSlash), "path_encoded_slash");
  EXPECT_EQ(normal("/a%5Cb", kRejectSlash), "path_encoded_slash");
  EXPECT_EQ(normal("/a%2fb%5cc", kDecodeSlash), "/a/b/c");
  EXPECT_EQ(normal("/a/x%2f..%2f%2e%2e%2fb", kDecodeSlash), "/b");
  EXPECT_EQ(normal("/a%2f%2fb", kDecodeSlash), "/a/b");
  EXPECT_EQ(normal("/%2f..", kDecodeSlash), "path_above_root");
}

TEST(PathNormal, WhatNoTwoParsersReadAlikeIsRefused) {
  EXPECT_EQ(normal("/a\\b"), "path_backslash");
  EXPECT_EQ(normal("/a%00b"), "path_encoded_nul");
  EXPECT_EQ(normal("/a%"), "path_bad_escape");
  EXPECT_EQ(normal("/a%4"), "path_bad_escape");
  EXPECT_EQ(normal("/a%4g"), "path_bad_escape");
  EXPECT_EQ(normal("/%u0041"), "path_bad_escape");
  EXPECT_EQ(normal("/%%32f"), "path_bad_escape");
  EXPECT_EQ(normal("/a/..;/b"), "path_dot_parameters");
  EXPECT_EQ(normal("/a/..;x=y/b"), "path_dot_parameters");
  EXPECT_EQ(normal("/a/%2e;/b"), "path_dot_parameters");
  EXPECT_EQ(normal("/a/..%3b/b"), "path_dot_parameters");
  EXPECT_EQ(normal("/a/.."
                   ";"),
            "path_dot_parameters");
  EXPECT_EQ(normal("/a/b;.."), "/a/b;..");
  EXPECT_EQ(normal("/a%0d%0ab%7f"), "/a%0D%0Ab%7F");  // Encoded they stay.
}

TEST(PathNormal, RejectingChangesSpellingOnly) {
  EXPECT_EQ(normal("/%7euser/%c3", kReject), "/~user/%C3");
  EXPECT_EQ(normal("/a/./b", kReject), "path_not_normal");
  EXPECT_EQ(normal("/a/%2e%2e/b", kReject), "path_not_normal");
  EXPECT_EQ(normal("/..", kReject), "path_not_normal");
  EXPECT_EQ(normal("/a//b", kReject), "path_not_normal");
  EXPECT_EQ(normal("/a//b", {.mode = wire::PathMode::reject, .merge_slashes = false}), "/a//b");
  EXPECT_EQ(normal("/a/b/", kReject), "/a/b/");
}

TEST(PathNormal, AsItIsMeansUntouched) {
  for (const std::string_view path : {"/a/../..//b%zz\\%00", "//", "/%2e", "/..;/"}) {
    EXPECT_EQ(normal(path, kAsIs), path);
  }
}

// 300,000 paths of the pieces that matter, under every policy, against the slow form; and nothing changes a
// second time.
TEST(PathNormal, AgreesWithTheReferenceAndIsIdempotent) {
  constexpr std::string_view kPieces[] = {"/",   "//",  ".",  "..",  "%2e",  "%2E",       "a",   "B",
                                          "%2f", "%5c", "\\", "%41", "%",    ";",         "%3b", "..;",
                                          "%25", "2f",  "-",  "%7E", "%c3",  "0",         "%00", "/..",
                                          "/./", "%2",  "~",  "%30", "/../", "abcdefghij"};
  constexpr wire::PathMode kModes[] = {wire::PathMode::normalize, wire::PathMode::reject,
                                       wire::PathMode::as_is};
  constexpr wire::EncodedSlash kSlashes[] = {wire::EncodedSlash::keep, wire::EncodedSlash::reject,
                                             wire::EncodedSlash::decode};
  Rng rng(20261120);
  uint32_t accepted = 0;
  for (int round = 0; round < 300'000; ++round) {
    std::string path = "/";
    for (uint64_t pieces = rng.below(9); pieces > 0; --pieces) path += kPieces[rng.below(std::size(kPieces))];
    const PathPolicy policy{kModes[rng.below(3)], kSlashes[rng.below(3)], rng.below(2) == 0};
    std::string out(path.size(), '?');
    const auto result = normal_path(path, policy, out.data());
    const auto expected = testing::reference_normal_path(path, policy);
    ASSERT_EQ(result.has_value(), expected.has_value()) << path;
    if (!result) continue;
    ++accepted;
    ASSERT_EQ(*result, *expected) << path;
    std::string again(result->size(), '?');
    const auto twice = normal_path(*result, policy, again.data());
    ASSERT_TRUE(twice.has_value()) << path;
    ASSERT_EQ(*twice, *result) << path;
  }
  EXPECT_GT(accepted, 100'000U);  // The pieces do not make everything a refusal.
}

}  // namespace
}  // namespace sluice::decide
