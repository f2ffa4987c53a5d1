#include "dataplane/http/h1_chunked.h"

#include <algorithm>

#include "dataplane/http/byte_class.h"
#include "dataplane/http/field_lines.h"
#include "dataplane/http/head_scan.h"
#include "dataplane/http/header_id.h"

namespace sluice::dataplane {
namespace {

constexpr uint8_t kSizeDigitsMax = 16;
constexpr uint64_t kChunkBytesMax = uint64_t{1} << 62;  // data_bytes_ cannot overflow within one connection.
constexpr uint16_t kExtensionBytesMax = 1024;           // Per size line.

using Kind = ChunkStep::Kind;

}  // namespace

void ChunkDecoder::reset(uint32_t trailer_bytes_max) {
  *this = ChunkDecoder();
  trailer_bytes_max_ = trailer_bytes_max;
}

ChunkStep ChunkDecoder::reject(Reason reason) {
  state_ = State::failed;
  reason_ = reason;
  return {Kind::rejected, 0, {}};
}

ChunkStep ChunkDecoder::step(std::string_view bytes) {
  if (state_ == State::done) return {Kind::end, 0, {}};
  if (state_ == State::failed) return {Kind::rejected, 0, {}};
  if (range_at_ < range_count_) return step_range(bytes);
  if (bytes.empty()) return {Kind::need_more, 0, {}};
  switch (state_) {
    case State::data:
      return step_data(bytes);
    case State::extension:
      return step_extension(bytes);
    case State::trailer:
      return step_trailer(bytes);
    default:
      return step_framing(bytes);
  }
}

ChunkStep ChunkDecoder::step_data(std::string_view bytes) {
  const uint64_t length = std::min<uint64_t>(remaining_, bytes.size());
  remaining_ -= length;
  data_bytes_ += length;
  if (remaining_ == 0) state_ = State::data_return;
  return {Kind::data, length, {}};
}

ChunkStep ChunkDecoder::step_extension(std::string_view bytes) {
  const size_t length = span_of(bytes, kTextByte);
  if (length == 0) {
    state_ = State::size_return;
    return step_framing(bytes);
  }
  if (length > static_cast<size_t>(kExtensionBytesMax - extension_bytes_)) return reject(Reason::bad_chunk);
  extension_bytes_ = static_cast<uint16_t>(extension_bytes_ + length);
  return {Kind::drop, length, {}};
}

// Passes canonical bytes in one range: the CRLF behind a chunk's data together with the next size line.
ChunkStep ChunkDecoder::step_framing(std::string_view bytes) {
  size_t length = 0;
  while (length < bytes.size() && in_framing()) {
    const Verdict verdict = judge_framing_byte(bytes.substr(length));
    if (verdict == Verdict::pass) {
      take_framing_byte(bytes[length], verdict);
      ++length;
      continue;
    }
    // What was canonical so far goes out first, so that the output does not depend on how the input was cut.
    if (length > 0) break;
    if (verdict == Verdict::bad) return reject(Reason::bad_chunk);
    if (verdict == Verdict::extension) {
      state_ = State::extension;
      return step_extension(bytes);
    }
    take_framing_byte(bytes[0], verdict);
    if (verdict == Verdict::drop) return {Kind::drop, 1, {}};
    return {Kind::insert, 0, "0"};
  }
  return {Kind::framing, length, {}};
}

bool ChunkDecoder::in_framing() const {
  return state_ == State::size || state_ == State::size_return || state_ == State::size_line_feed ||
         state_ == State::data_return || state_ == State::data_line_feed;
}

ChunkDecoder::Verdict ChunkDecoder::judge_framing_byte(std::string_view rest) const {
  if (state_ == State::size) return judge_size_byte(rest);
  const bool wants_return = state_ == State::size_return || state_ == State::data_return;
  return rest.front() == (wants_return ? '\r' : '\n') ? Verdict::pass : Verdict::bad;
}

ChunkDecoder::Verdict ChunkDecoder::judge_size_byte(std::string_view rest) const {
  const char byte = rest.front();
  if (!is_byte(byte, kHexByte)) {
    if (digits_ == 0) return Verdict::bad;
    if (zero_held_) return Verdict::insert_zero;
    return byte == '\r' ? Verdict::pass : byte == ';' ? Verdict::extension : Verdict::bad;
  }
  if (digits_ == kSizeDigitsMax) return Verdict::bad;
  if (remaining_ > kChunkBytesMax >> 4 || ((remaining_ << 4) | hex_value(byte)) > kChunkBytesMax) {
    return Verdict::bad;
  }
  if (byte != '0' || remaining_ != 0) return Verdict::pass;
  // A leading zero, or the one digit of the last chunk: it passes only if that can be seen now.
  const bool is_last_digit = rest.size() > 1 && !is_byte(rest[1], kHexByte);
  return is_last_digit ? Verdict::pass : Verdict::drop;
}

void ChunkDecoder::take_framing_byte(char byte, Verdict verdict) {
  switch (state_) {
    case State::size:
      if (verdict == Verdict::insert_zero) {
        zero_held_ = false;
      } else if (byte == '\r') {
        state_ = State::size_line_feed;
      } else {
        ++digits_;
        zero_held_ = verdict == Verdict::drop;
        remaining_ = (remaining_ << 4) | hex_value(byte);
      }
      break;
    case State::size_return:
      state_ = State::size_line_feed;
      break;
    case State::size_line_feed:
      state_ = remaining_ == 0 ? State::trailer : State::data;
      break;
    case State::data_return:
      state_ = State::data_line_feed;
      break;
    default:
      state_ = State::size;
      digits_ = 0;
      extension_bytes_ = 0;
      break;
  }
}

// Judges the section once all of it is there, before its first line is passed on.
Reason ChunkDecoder::judge_trailer_section(std::string_view bytes, bool& is_whole) {
  const uint32_t visible = static_cast<uint32_t>(std::min<size_t>(bytes.size(), trailer_bytes_max_));
  HeadLines lines;
  ScanResult scan = scan_head(bytes.data(), 0, std::min(trailer_scanned_, visible), visible, lines);
  is_whole = scan.stop == ScanStop::head_end;
  if (scan.stop == ScanStop::bad_byte) return Reason::bad_trailer;
  if (!is_whole) {
    trailer_scanned_ = scan.position;
    return visible == trailer_bytes_max_ ? Reason::bad_trailer : Reason::none;
  }
  scan = scan_head(bytes.data(), 0, 0, scan.position, lines);
  if (lines.count > HeadLines::kCapacity) return Reason::bad_trailer;
  uint32_t begin = 0;
  for (uint32_t line = 0; line + 1 < lines.count; ++line) {
    Field field;
    const uint32_t end = lines.at[line].end - 1;
    const std::string_view text = bytes.substr(begin, end - begin);
    if (parse_field_line(text, lines.at[line].name_end - begin, field) != Reason::none) {
      return Reason::bad_trailer;
    }
    begin = lines.at[line].end + 1;
  }
  return Reason::none;
}

ChunkStep ChunkDecoder::step_trailer(std::string_view bytes) {
  if (!trailer_is_clean_) {
    const Reason reason = judge_trailer_section(bytes, trailer_is_clean_);
    if (reason != Reason::none) return reject(reason);
    if (!trailer_is_clean_) return {Kind::need_more, 0, {}};
  }
  const size_t line_feed = bytes.find('\n');
  if (line_feed == std::string_view::npos) return {Kind::need_more, 0, {}};
  if (line_feed == 1) {
    state_ = State::done;
    return {Kind::framing, 2, {}};
  }
  plan_trailer_line(bytes.substr(0, line_feed + 1));
  return step_range(bytes);
}

void ChunkDecoder::plan(Kind kind, size_t length) {
  if (length > 0 || kind == Kind::insert) {
    ranges_[range_count_++] = {kind, static_cast<uint32_t>(length)};
  }
}

// `line` with its CRLF, judged before.
void ChunkDecoder::plan_trailer_line(std::string_view line) {
  range_at_ = range_count_ = 0;
  Field field;
  const std::string_view text = line.substr(0, line.size() - 2);
  const bool is_field = parse_field_line(text, span_of(text, kTokenByte), field) == Reason::none;
  if (!is_field || is_forbidden_in_trailers(field.name, field.id)) {
    plan(Kind::drop, line.size());
    return;
  }
  const size_t value_at = static_cast<size_t>(field.value.data() - line.data());
  const size_t value_end = value_at + field.value.size();
  const size_t colon_end = field.name.size() + 1;
  if (value_at == colon_end + 1 && line[colon_end] == ' ' && value_end == text.size()) {
    plan(Kind::framing, line.size());
    return;
  }
  plan(Kind::framing, colon_end);
  plan(Kind::drop, value_at - colon_end);
  plan(Kind::insert, 0);
  plan(Kind::framing, field.value.size());
  plan(Kind::drop, text.size() - value_end);
  plan(Kind::framing, 2);
}

ChunkStep ChunkDecoder::step_range(std::string_view bytes) {
  Range& range = ranges_[range_at_];
  if (range.kind == Kind::insert) {
    ++range_at_;
    return {Kind::insert, 0, " "};
  }
  if (bytes.empty()) return {Kind::need_more, 0, {}};
  const uint32_t length = static_cast<uint32_t>(std::min<size_t>(range.length, bytes.size()));
  range.length -= length;
  if (range.length == 0) ++range_at_;
  return {range.kind, length, {}};
}

}  // namespace sluice::dataplane
