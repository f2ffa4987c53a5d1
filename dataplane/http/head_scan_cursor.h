// Where a scan of a head stands between two bytes; shared by its scalar and vector forms, so that the vector
// form can leave odd blocks to the scalar one. Pure.
#pragma once

#include <cstdint>

#include "dataplane/http/head_scan.h"

namespace sluice::dataplane {

struct ScanCursor {
  uint32_t at;
  uint32_t line_begin;  // kUnknown when the line began before the scan.
  bool name_is_open;    // The name of the current line has not ended yet.

  static constexpr uint32_t kUnknown = UINT32_MAX;
};

inline ScanCursor start_scan(const char* bytes, uint32_t begin, uint32_t from, HeadLines& lines) {
  lines.count = 0;
  const bool at_line_begin = from == begin || bytes[from - 1] == '\n';
  return {from, at_line_begin ? from : ScanCursor::kUnknown, true};
}

inline void mark_name_end(uint32_t position, HeadLines& lines) {
  if (lines.count < HeadLines::kCapacity) lines.at[lines.count].name_end = position;
}

// The LF at `position` ends a line; true when that was the empty line.
inline bool end_line(uint32_t position, ScanCursor& cursor, HeadLines& lines) {
  if (lines.count < HeadLines::kCapacity) lines.at[lines.count].end = position;
  ++lines.count;
  const bool is_empty = position == cursor.line_begin + 1;
  cursor.line_begin = position + 1;
  return is_empty;
}

ScanResult scan_on_scalar(const char* bytes, uint32_t size, ScanCursor cursor, HeadLines& lines);

}  // namespace sluice::dataplane
