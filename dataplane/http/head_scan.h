// The byte level of a head: where its lines end, where it ends, and the first byte no head may hold (bare
// CR or LF, NUL, control bytes other than HTAB, DEL). What this pass lets through has clean values, so
// the line level (field_lines.h) checks names and structure only. Pure.
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

// Positions of the LFs, the one of the empty line last. Beyond the capacity they are counted only: more
// lines than that are rejected anyhow.
struct LineEnds {
  static constexpr uint32_t kCapacity = kFieldCountMax + 2;
  uint32_t count;
  uint32_t at[kCapacity];
};

// The head begins at `begin`; bytes [begin, from) were scanned before. Fills `lines` from `from` on.
ScanResult scan_head(const char* bytes, uint32_t begin, uint32_t from, uint32_t size, LineEnds& lines);

}  // namespace sluice::dataplane
