// Appends the parts of a head into memory the caller has sized (forward_*_bytes_max). Writes bytes and
// checks nothing: what is written was parsed by us or verified with the snapshot. Pure.
#pragma once

#include <charconv>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>

#include "dataplane/http/byte_class.h"
#include "dataplane/http/h1_write.h"
#include "dataplane/http/header_id.h"

namespace sluice::dataplane {

class HeadWriter {
 public:
  explicit HeadWriter(char* out) : begin_(out), at_(out) {}

  void text(std::string_view text) {
    if (text.empty()) return;  // Its data may be null.
    std::memcpy(at_, text.data(), text.size());
    at_ += text.size();
  }
  void number(uint64_t value) { at_ = std::to_chars(at_, at_ + kNumberBytesMax, value).ptr; }
  void field(std::string_view name, std::string_view value) {
    text(name);
    text(": ");
    text(value);
    text("\r\n");
  }
  // `line_start` is "Name: ".
  void line(std::string_view line_start, std::string_view value) {
    text(line_start);
    text(value);
    text("\r\n");
  }
  void line(std::string_view line_start, uint64_t value) {
    text(line_start);
    number(value);
    text("\r\n");
  }
  uint32_t length() const { return static_cast<uint32_t>(at_ - begin_); }

  static constexpr size_t kNumberBytesMax = 20;  // 2^64 - 1.

 private:
  char* begin_;
  char* at_;
};

// Header edits of a route, applied in their order after everything else. Edits of framing and hop-by-hop
// fields and Host are ignored: the compiler of the configuration refuses them, and here they could split
// a message in two.
class HeaderEdits {
 public:
  explicit HeaderEdits(std::span<const HeaderEdit> edits) : edits_(edits) {}

  bool empty() const { return edits_.empty(); }

  // Is a field of this name, written before the edits, taken away by one?
  bool replace(std::string_view name) const { return is_replaced_from(0, name); }

  // The fields the edits add, unless a later edit takes them away again.
  void write(HeadWriter& out) const;

  size_t bytes_max() const;

 private:
  bool is_replaced_from(size_t first, std::string_view name) const;

  std::span<const HeaderEdit> edits_;
};

// Copies the fields `is_kept` lets through, in order, their names as they were spelled. Neighbours that
// already look as we would write them go out in one copy.
template <typename IsKept>
void copy_fields(const Field* fields, uint32_t field_count, HeadWriter& out, IsKept is_kept) {
  const char* run_begin = nullptr;
  const char* run_end = nullptr;  // End of the last value in the run; its CRLF follows.
  const auto flush = [&] {
    if (run_begin == nullptr) return;
    out.line({run_begin, static_cast<size_t>(run_end - run_begin)}, "");
    run_begin = nullptr;
  };
  for (uint32_t i = 0; i < field_count; ++i) {
    const Field& field = fields[i];
    if (!is_kept(field)) continue;
    const char* name_end = field.name.data() + field.name.size();
    const bool is_canonical = field.value.data() == name_end + 2 && name_end[1] == ' ';
    if (!is_canonical) {
      flush();
      out.field(field.name, field.value);
      continue;
    }
    if (run_begin != nullptr && field.name.data() != run_end + 2) flush();
    if (run_begin == nullptr) run_begin = field.name.data();
    run_end = field.value.data() + field.value.size();
  }
  flush();
}

}  // namespace sluice::dataplane
