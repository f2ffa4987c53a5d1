// A streaming filter over a chunked body. It tells, range by range, what of the received bytes may be
// relayed as they are: canonical framing (hex CRLF data CRLF) passes untouched, chunk extensions and
// leading zeros are dropped, so that no byte sequence leaves that we would not write ourselves.
// Trailers: allowed fields pass, framing, routing and auth fields are dropped (RFC 9110 6.5.1).
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/http/head.h"

namespace sluice::dataplane {

struct ChunkStep {
  enum class Kind : uint8_t {
    data,       // `length` bytes of body data.
    framing,    // `length` bytes of canonical framing: pass in chunked output, drop when de-chunking.
    drop,       // `length` bytes that must not be relayed.
    insert,     // `text` goes out here in chunked output (length is 0); ignore when de-chunking.
    need_more,  // The input is used up (a trailer section must be contiguous: offer more from here).
    end,        // The body and its trailers are complete; `length` bytes were already accounted.
    rejected,   // bad_chunk or bad_trailer.
  };
  Kind kind = Kind::need_more;
  uint64_t length = 0;
  std::string_view text;  // Valid until the next step.
};

class ChunkDecoder {
 public:
  // `trailer_bytes_max`: the whole trailer section.
  void reset(uint32_t trailer_bytes_max = 4096);

  // What comes first in `bytes`, which begins where the previous step's ranges ended.
  ChunkStep step(std::string_view bytes);

  Reason reason() const { return reason_; }
  uint64_t data_bytes() const { return data_bytes_; }  // Body bytes seen so far.
  bool is_done() const { return state_ == State::done; }

 private:
  enum class State : uint8_t {
    size,  // Hex digits of a chunk size, and the CR behind them.
    extension,
    size_return,  // The CR behind an extension.
    size_line_feed,
    data,
    data_return,
    data_line_feed,
    trailer,  // At the start of a line of the trailer section.
    done,
    failed
  };
  enum class Verdict : uint8_t { pass, drop, insert_zero, extension, bad };

  // What becomes of the trailer line that comes next: name and colon, blanks, " ", value, blanks, CRLF.
  struct Range {
    ChunkStep::Kind kind;
    uint32_t length;
  };
  static constexpr uint8_t kRangesMax = 6;

  ChunkStep reject(Reason reason);
  ChunkStep step_framing(std::string_view bytes);
  ChunkStep step_extension(std::string_view bytes);
  ChunkStep step_data(std::string_view bytes);
  ChunkStep step_trailer(std::string_view bytes);
  ChunkStep step_range(std::string_view bytes);
  bool in_framing() const;
  Verdict judge_framing_byte(std::string_view rest) const;
  Verdict judge_size_byte(std::string_view rest) const;
  void take_framing_byte(char byte, Verdict verdict);
  Reason judge_trailer_section(std::string_view bytes, bool& is_whole);
  void plan_trailer_line(std::string_view line);
  void plan(ChunkStep::Kind kind, size_t length);

  State state_ = State::size;
  Reason reason_ = Reason::none;
  uint8_t digits_ = 0;             // Of this size line, leading zeros included.
  bool zero_held_ = false;         // Only zeros so far, and they were dropped.
  bool trailer_is_clean_ = false;  // The whole section was seen and judged.
  uint8_t range_count_ = 0;
  uint8_t range_at_ = 0;
  uint16_t extension_bytes_ = 0;
  uint32_t trailer_bytes_max_ = 4096;
  uint32_t trailer_scanned_ = 0;
  uint64_t remaining_ = 0;  // Of the size being read, then of the data.
  uint64_t data_bytes_ = 0;
  Range ranges_[kRangesMax] = {};
};

}  // namespace sluice::dataplane
