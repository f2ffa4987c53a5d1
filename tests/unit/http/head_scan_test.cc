// The vector form of the scan against the reference, at every alignment and length.
#include "dataplane/http/head_scan.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>

#include "schemas/base/rng.h"

namespace sluice::dataplane {
namespace {

using namespace std::string_view_literals;

#if defined(__x86_64__)

bool has_avx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi");
}

void expect_same(const std::string& text, uint32_t begin, uint32_t from) {
  // A heap block of exactly the text: a wide load past its end is an error under AddressSanitizer.
  const uint32_t size = static_cast<uint32_t>(text.size());
  const auto bytes = std::make_unique<char[]>(size);
  std::copy(text.begin(), text.end(), bytes.get());
  auto reference = std::make_unique<HeadLines>();
  auto vector = std::make_unique<HeadLines>();
  const ScanResult expected = scan_head_scalar(bytes.get(), begin, from, size, *reference);
  const ScanResult actual = scan_head_avx2(bytes.get(), begin, from, size, *vector);
  ASSERT_EQ(actual.stop, expected.stop) << text;
  ASSERT_EQ(actual.position, expected.position) << text;
  ASSERT_EQ(vector->count, reference->count) << text;
  if (from != begin || expected.stop != ScanStop::head_end) return;
  for (uint32_t line = 0; line < std::min(expected.position, reference->count); ++line) {
    if (line >= HeadLines::kCapacity) break;
    ASSERT_EQ(vector->at[line].name_end, reference->at[line].name_end) << line << "\n" << text;
    ASSERT_EQ(vector->at[line].end, reference->at[line].end) << line << "\n" << text;
  }
}

TEST(HeadScan, VectorAndReferenceAgreeOnRandomHeads) {
  if (!has_avx2()) GTEST_SKIP() << "this processor has no AVX2";
  constexpr std::string_view kBytes = "aZ09-_:: \t.\r\n\r\n\r\n\r\n\"\x80\xff/"sv;
  constexpr std::string_view kBad = "\0\x01\x1f\x7f\r\n\x0b"sv;
  Rng rng(42);
  for (int round = 0; round < 60'000; ++round) {
    std::string text;
    const uint64_t length = rng.below(200);
    while (text.size() < length) {
      if (rng.chance(1, 12)) {
        text += "\r\n";
      } else if (rng.chance(1, 400)) {
        text += kBad[rng.below(kBad.size())];
      } else {
        text += rng.chance(1, 3) ? kBytes[rng.below(kBytes.size())] : 'x';
      }
      if (rng.chance(3, 4) && (text.back() == '\r' || text.back() == '\n')) text.back() = ' ';
    }
    if (rng.chance(1, 2)) text += "\r\n\r\n";
    if (rng.chance(1, 4)) text += "\x01\x02 body bytes that no head may hold\r\n\n"sv;
    expect_same(text, 0, 0);
    if (text.size() > 2) expect_same(text, 2, 2);
    uint32_t from = static_cast<uint32_t>(rng.below(text.size() + 1));
    if (from > 0 && text[from - 1] == '\r') --from;  // As scan_head itself would have stopped.
    expect_same(text, 0, from);
  }
}

TEST(HeadScan, VectorAndReferenceAgreeOnEveryByteAtEveryPlace) {
  if (!has_avx2()) GTEST_SKIP() << "this processor has no AVX2";
  const std::string good = "GET /path HTTP/1.1\r\nHost: example.com\r\nAccept: */*\r\nX: y\r\n\r\n";
  for (size_t at = 0; at < good.size(); ++at) {
    for (int byte = 0; byte < 256; ++byte) {
      std::string text = good;
      text[at] = static_cast<char>(byte);
      expect_same(text, 0, 0);
    }
  }
}

TEST(HeadScan, VectorAndReferenceAgreeOnMoreLinesThanTheyRecord) {
  if (!has_avx2()) GTEST_SKIP() << "this processor has no AVX2";
  std::string text = "GET / HTTP/1.1\r\n";
  for (uint32_t i = 0; i < 2 * kFieldCountMax; ++i) text += "A: b\r\n";
  expect_same(text + "\r\n", 0, 0);
}

#endif

}  // namespace
}  // namespace sluice::dataplane
