#include "dataplane/http/head_scan.h"

#include <cstring>

#include "dataplane/http/byte_class.h"

namespace sluice::dataplane {
namespace {

// True when any of the eight bytes is below 0x20 or DEL. Borrows can only add false hits above a true one.
bool has_control_byte(const char* bytes) {
  constexpr uint64_t kOnes = 0x0101010101010101ULL;
  constexpr uint64_t kHighs = kOnes * 0x80;
  uint64_t word;
  std::memcpy(&word, bytes, 8);
  const uint64_t below_space = (word - kOnes * 0x20) & ~word;
  const uint64_t delete_xor = word ^ (kOnes * 0x7f);
  const uint64_t is_delete = (delete_xor - kOnes) & ~delete_xor;
  return ((below_space | is_delete) & kHighs) != 0;
}

}  // namespace

ScanResult scan_head(const char* bytes, uint32_t begin, uint32_t from, uint32_t size, LineEnds& lines) {
  lines.count = 0;
  uint32_t at = from;
  for (;;) {
    while (size - at >= 8 && !has_control_byte(bytes + at)) at += 8;
    while (at < size && is_byte(bytes[at], kTextByte)) ++at;
    if (at >= size) return {ScanStop::used_up, size};
    if (bytes[at] != '\r') return {ScanStop::bad_byte, at};
    if (at + 1 == size) return {ScanStop::used_up, at};
    if (bytes[at + 1] != '\n') return {ScanStop::bad_byte, at};
    if (lines.count < LineEnds::kCapacity) lines.at[lines.count] = at + 1;
    ++lines.count;
    const bool is_empty_line = at == begin || bytes[at - 1] == '\n';
    at += 2;
    if (is_empty_line) return {ScanStop::head_end, at};
  }
}

}  // namespace sluice::dataplane
