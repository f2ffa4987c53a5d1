// The vector form of scan_head: 32 bytes a step. Runs only where the processor has AVX2 (head_scan.cc asks).
// A block with an anomaly is left to the scalar form from that byte on, so there is one place that judges.
#if defined(__x86_64__)

#include <immintrin.h>

#include <algorithm>
#include <array>

#include "dataplane/http/byte_class.h"
#include "dataplane/http/head_scan_cursor.h"

// Attributes instead of a compiler flag for the file: inline functions of other headers, compiled here with
// AVX2, could be the copies the linker keeps for everyone.
#define SLUICE_AVX2 __attribute__((target("avx2,bmi")))

namespace sluice::dataplane {
namespace {

constexpr uint32_t kBlockBytes = 32;

// Bit h of entry l: the byte h << 4 | l is a token byte. Only the lower half of the code has any.
consteval std::array<uint8_t, 16> make_token_nibbles() {
  std::array<uint8_t, 16> nibbles{};
  for (uint32_t byte = 0; byte < 128; ++byte) {
    if (is_byte(static_cast<char>(byte), kTokenByte)) {
      nibbles[byte & 15] = static_cast<uint8_t>(nibbles[byte & 15] | 1u << (byte >> 4));
    }
  }
  return nibbles;
}
alignas(16) constexpr std::array<uint8_t, 16> kTokenNibbles = make_token_nibbles();
alignas(16) constexpr std::array<uint8_t, 16> kHighNibbleBits = {1, 2, 4, 8, 16, 32, 64, 128,
                                                                 0, 0, 0, 0, 0,  0,  0,  0};

// One bit per byte of a block.
struct BlockMasks {
  uint32_t carriage_return;
  uint32_t line_feed;
  uint32_t no_token;
  uint32_t bad;  // Control bytes other than HTAB, CR, LF.
};

SLUICE_AVX2 inline __m256i load_table(const std::array<uint8_t, 16>& table) {
  return _mm256_broadcastsi128_si256(_mm_load_si128(reinterpret_cast<const __m128i*>(table.data())));
}

SLUICE_AVX2 inline uint32_t bits_of(__m256i bytes) {
  return static_cast<uint32_t>(_mm256_movemask_epi8(bytes));
}

SLUICE_AVX2 inline uint32_t equal_bits(__m256i block, char byte) {
  return bits_of(_mm256_cmpeq_epi8(block, _mm256_set1_epi8(byte)));
}

SLUICE_AVX2 inline BlockMasks classify(const char* bytes) {
  const __m256i block = _mm256_loadu_si256(reinterpret_cast<const __m256i*>(bytes));
  // pshufb gives 0 for indices with bit 7 set, so bytes from 0x80 up are no token bytes by themselves.
  const __m256i by_low = _mm256_shuffle_epi8(load_table(kTokenNibbles), block);
  const __m256i high = _mm256_and_si256(_mm256_srli_epi16(block, 4), _mm256_set1_epi8(15));
  const __m256i by_high = _mm256_shuffle_epi8(load_table(kHighNibbleBits), high);
  const __m256i no_token = _mm256_cmpeq_epi8(_mm256_and_si256(by_low, by_high), _mm256_setzero_si256());
  const __m256i control = _mm256_cmpeq_epi8(_mm256_min_epu8(block, _mm256_set1_epi8(0x1f)), block);
  BlockMasks masks;
  masks.carriage_return = equal_bits(block, '\r');
  masks.line_feed = equal_bits(block, '\n');
  masks.no_token = bits_of(no_token);
  const uint32_t allowed = masks.carriage_return | masks.line_feed | equal_bits(block, '\t');
  masks.bad = (bits_of(control) & ~allowed) | equal_bits(block, 0x7f);
  return masks;
}

}  // namespace

SLUICE_AVX2 ScanResult scan_head_avx2(const char* bytes, uint32_t begin, uint32_t from, uint32_t size,
                                      HeadLines& lines) {
  ScanCursor cursor = start_scan(bytes, begin, from, lines);
  if (size < kBlockBytes) return scan_on_scalar(bytes, size, cursor, lines);
  uint32_t carry = 0;  // The byte before the block is a CR.
  while (cursor.at < size) {
    // The last block overlaps what was scanned; its masks are shifted to begin at the cursor.
    const uint32_t load_at = std::min(cursor.at, size - kBlockBytes);
    const uint32_t overlap = cursor.at - load_at;
    BlockMasks masks = classify(bytes + load_at);
    masks.carriage_return >>= overlap;
    masks.line_feed >>= overlap;
    masks.no_token >>= overlap;
    masks.bad >>= overlap;

    // A CR that ends the bytes shows as an anomaly behind them; the scalar form knows to wait.
    const uint32_t after_return = masks.carriage_return << 1 | carry;
    const uint32_t anomalies = masks.bad | (after_return ^ masks.line_feed);
    uint32_t line_feeds = masks.line_feed & (_blsmsk_u32(anomalies) >> 1);
    if (anomalies == 0) line_feeds = masks.line_feed;

    if (cursor.name_is_open && masks.no_token != 0) {
      mark_name_end(cursor.at + _tzcnt_u32(masks.no_token), lines);
      cursor.name_is_open = false;
    }
    while (line_feeds != 0) {
      const uint32_t position = cursor.at + _tzcnt_u32(line_feeds);
      if (end_line(position, cursor, lines)) return {ScanStop::head_end, position + 1};
      const uint32_t behind = masks.no_token & ~_blsmsk_u32(line_feeds);
      cursor.name_is_open = behind == 0;
      if (behind != 0) mark_name_end(cursor.at + _tzcnt_u32(behind), lines);
      line_feeds = _blsr_u32(line_feeds);
    }
    if (anomalies != 0) [[unlikely]] {
      const uint32_t first = _tzcnt_u32(anomalies);
      cursor.at += first - ((after_return >> first) & 1);  // A bare CR is judged where it stands.
      return scan_on_scalar(bytes, size, cursor, lines);
    }
    carry = masks.carriage_return >> 31;
    cursor.at = load_at + kBlockBytes;
    if (overlap != 0) carry = bytes[size - 1] == '\r';
  }
  return {ScanStop::used_up, size - carry};
}

}  // namespace sluice::dataplane

#undef SLUICE_AVX2

#endif  // __x86_64__
