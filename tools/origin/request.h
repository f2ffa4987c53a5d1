// Reads HTTP/1.1 requests for the demo origin. Deliberately forgiving: it shows what a proxy sent, it does
// not judge it. Shares no code with the product's parser, so that one cannot hide the other's mistakes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

namespace sluice::origin {

// Views point into the parsed bytes.
struct Request {
  std::string_view method;
  std::string_view target;
  std::string_view path;   // Without the query.
  std::string_view query;  // Without its '?'.
  std::vector<std::pair<std::string_view, std::string_view>> fields;
  uint64_t content_length = 0;
  size_t head_bytes = 0;
  bool chunked = false;
  bool keep_alive = true;
  bool expects_continue = false;
  bool wants_upgrade = false;
};

enum class ParseResult : uint8_t { need_more, complete, invalid };

ParseResult parse_request(std::string_view bytes, Request& request);

// Follows a request body and keeps its length and CRC-32 (the one of zlib.crc32).
class BodyReader {
 public:
  void begin(const Request& request);
  // Returns how many of `bytes` belonged to the body; SIZE_MAX when the chunked framing is malformed.
  size_t consume(std::string_view bytes);
  bool is_complete() const { return state_ == State::complete; }
  uint64_t body_bytes() const { return body_bytes_; }
  uint32_t crc32() const { return ~crc_; }
  uint64_t trailer_fields() const { return trailer_fields_; }

 private:
  enum class State : uint8_t { data, chunk_size, chunk_end, trailer, complete };
  void take_data(std::string_view data);
  bool take_line(std::string_view line);

  State state_ = State::complete;
  bool chunked_ = false;
  uint64_t remaining_ = 0;
  uint64_t body_bytes_ = 0;
  uint64_t trailer_fields_ = 0;
  uint32_t crc_ = ~0u;
};

}  // namespace sluice::origin
