// Reads answers off a connection as a client that trusts nobody: where the answer ends, whether it is whole,
// who gave it. A reader of its own, so that the verdict on the proxy does not come from the proxy's parser.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::load {

enum class ReadResult : uint8_t { need_more, complete, broken };

class AnswerReader {
 public:
  // Before each request. `to_head`: the answer has no body whatever it says.
  void reset(bool to_head);

  // Takes what arrived. `complete`: the answer is whole; `consumed` may then be less than all.
  ReadResult read(std::string_view bytes, size_t& consumed);
  // The connection was closed by the other side in order. True when that ends the answer.
  bool ends_with_connection() const { return state_ == State::until_close; }

  bool has_begun() const { return state_ != State::head || !head_.empty(); }
  uint16_t status() const { return status_; }
  bool keeps_alive() const { return keeps_alive_; }
  // The value of the field asked for, or empty.
  std::string_view answered_by() const { return answered_by_; }
  uint64_t body_bytes() const { return body_bytes_; }

  // In lower case; which field names the answering server.
  void set_answered_by_field(std::string name) { answered_by_field_ = std::move(name); }

 private:
  enum class State : uint8_t { head, length, chunk_size, chunk_data, chunk_end, trailers, until_close, done };
  static constexpr size_t kHeadBytesMax = 256 * 1024;

  ReadResult read_head(std::string_view bytes, size_t& consumed);
  bool parse_head(std::string_view head);
  bool take_field(std::string_view name, std::string_view value, bool& is_chunked);
  ReadResult read_line(std::string_view bytes, size_t& consumed);
  bool take_line(std::string_view line);

  State state_ = State::head;
  bool to_head_ = false;
  bool keeps_alive_ = true;
  uint16_t status_ = 0;
  uint64_t remaining_ = 0;
  uint64_t body_bytes_ = 0;
  bool has_length_ = false;
  std::string head_;  // What came of a head, or of a line of chunk framing, that is not whole yet.
  std::string answered_by_;
  std::string answered_by_field_ = "x-origin";
};

}  // namespace sluice::load
