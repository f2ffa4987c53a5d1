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
    data,      // `length` bytes of body data.
    framing,   // `length` bytes of canonical framing: pass in chunked output, drop when de-chunking.
    drop,      // `length` bytes that must not be relayed.
    insert,    // `text` goes out here in chunked output (length is 0); ignore when de-chunking.
    need_more, // The input is used up (a trailer section must be contiguous: offer more from here).
    end,       // The body and its trailers are complete; `length` bytes were already accounted.
    rejected,  // bad_chunk or bad_trailer.
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
  enum class State : uint8_t { size_first, size_rest, extension, size_line_feed, data,
                               data_return, data_line_feed, trailer, done, failed };
  ChunkStep reject(Reason reason);
  State state_ = State::size_first;
  Reason reason_ = Reason::none;
  uint8_t digits_ = 0;
  uint16_t extension_bytes_ = 0;
  uint32_t trailer_bytes_max_ = 4096;
  uint32_t trailer_bytes_ = 0;
  uint64_t remaining_ = 0;
  uint64_t data_bytes_ = 0;
};

}  // namespace sluice::dataplane
