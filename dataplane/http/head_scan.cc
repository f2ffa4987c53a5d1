#include "dataplane/http/head_scan.h"

#include "dataplane/http/byte_class.h"
#include "dataplane/http/head_scan_cursor.h"
#include "dataplane/http/swar.h"

namespace sluice::dataplane {
namespace {

// Among the next eight bytes: anything below 0x20, or DEL?
bool has_control_byte(const char* bytes) {
  const uint64_t word = load_word(bytes);
  return (any_below(word, 0x20) | any_equal(word, 0x7f)) != 0;
}

using ScanFunction = ScanResult (*)(const char*, uint32_t, uint32_t, uint32_t, HeadLines&);

ScanFunction choose_scan() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi")) return scan_head_avx2;
#endif
  return scan_head_scalar;
}

const ScanFunction kScan = choose_scan();

}  // namespace

ScanResult scan_on_scalar(const char* bytes, uint32_t size, ScanCursor cursor, HeadLines& lines) {
  uint32_t at = cursor.at;
  for (;;) {
    if (cursor.name_is_open) {
      while (at < size && is_byte(bytes[at], kTokenByte)) ++at;
      if (at == size) return {ScanStop::used_up, size};
      mark_name_end(at, lines);
      cursor.name_is_open = false;
    }
    while (size - at >= 8 && !has_control_byte(bytes + at)) at += 8;
    while (at < size && is_byte(bytes[at], kTextByte)) ++at;
    if (at == size) return {ScanStop::used_up, size};
    if (bytes[at] != '\r') return {ScanStop::bad_byte, at};
    if (at + 1 == size) return {ScanStop::used_up, at};
    if (bytes[at + 1] != '\n') return {ScanStop::bad_byte, at};
    const bool is_head_end = end_line(at + 1, cursor, lines);
    at += 2;
    if (is_head_end) return {ScanStop::head_end, at};
    cursor.name_is_open = true;
  }
}

ScanResult scan_head_scalar(const char* bytes, uint32_t begin, uint32_t from, uint32_t size,
                            HeadLines& lines) {
  return scan_on_scalar(bytes, size, start_scan(bytes, begin, from, lines), lines);
}

ScanResult scan_head(const char* bytes, uint32_t begin, uint32_t from, uint32_t size, HeadLines& lines) {
  return kScan(bytes, begin, from, size, lines);
}

}  // namespace sluice::dataplane
