// The byte level of a head: where its lines and their names end, where the head ends, and the first byte no
// head may hold (bare CR or LF, NUL, control bytes other than HTAB, DEL). What this pass lets through has
// clean values, so the line level (field_lines.h) looks at names and structure only. Pure.
#pragma once

#include <cstdint>

#include "dataplane/http/head.h"

namespace sluice::dataplane {

enum class ScanStop : uint8_t { head_end, used_up, bad_byte };

struct ScanResult {
  ScanStop stop = ScanStop::used_up;
  // head_end: one past the final LF. used_up: everything before was fine, resume here (a CR that ends the
  // bytes is not counted). bad_byte: that byte.
  uint32_t position = 0;
};

struct LineMark {
  uint32_t name_end;  // The first byte that is no token byte: the colon of a proper field line.
  uint32_t end;       // The LF.
};

// The lines of a head, the empty one last. Valid when the scan began at the head's first byte and came to
// head_end. Beyond the capacity lines are counted only: so many are rejected anyhow.
struct HeadLines {
  static constexpr uint32_t kCapacity = kFieldCountMax + 2;
  uint32_t count;
  LineMark at[kCapacity];
};

// The head begins at `begin`; bytes [begin, from) were scanned before. The fastest form this processor has.
ScanResult scan_head(const char* bytes, uint32_t begin, uint32_t from, uint32_t size, HeadLines& lines);

// The reference form, and the vector form that must agree with it on every input.
ScanResult scan_head_scalar(const char* bytes, uint32_t begin, uint32_t from, uint32_t size,
                            HeadLines& lines);
#if defined(__x86_64__)
ScanResult scan_head_avx2(const char* bytes, uint32_t begin, uint32_t from, uint32_t size, HeadLines& lines);
#endif

}  // namespace sluice::dataplane
