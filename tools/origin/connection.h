// One connection of the demo origin: reads requests one after the other, answers them in order.
//
// 1. Bytes that wait to be sent stay below kOutputBytesMax plus one read; above it, reading pauses.
// 2. A connection with a timer pending (delay, paced body) decides nothing until it fires.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "tools/origin/answer.h"
#include "tools/origin/request.h"

namespace sluice::origin {

using Clock = std::chrono::steady_clock;

// What all connections share.
struct Site {
  Settings settings;
  Counters counters;
  std::string plain;            // "/" with its body.
  std::string plain_head_only;  // The answer to HEAD /.
};

class Connection {
 public:
  static constexpr size_t kOutputBytesMax = 256 * 1024;

  Connection(int descriptor, Site& site) : descriptor_(descriptor), site_(site) {}
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Each returns false when the connection is over and must be destroyed.
  bool on_readable();
  bool on_writable() { return advance(); }
  bool on_timer();

  bool wants_read() const { return !input_ended_ && output_.size() - output_sent_ < kOutputBytesMax; }
  bool wants_write() const { return output_sent_ < output_.size(); }
  // The next time on_timer() is due; Clock::time_point::max() when none is.
  Clock::time_point deadline() const { return deadline_; }

 private:
  enum class Phase : uint8_t { head, body, pause, answer, hang, raw, linger };

  bool advance();
  bool step();
  bool read_head();
  bool read_body();
  void choose();
  void begin_answer();
  bool continue_answer();
  void append_pattern();
  bool flush();
  bool say_goodbye();
  void reset_on_close();

  int descriptor_;
  Site& site_;
  Phase phase_ = Phase::head;
  bool input_ended_ = false;
  bool close_after_flush_ = false;
  bool keep_alive_ = true;
  bool head_only_ = false;
  std::string input_;
  size_t input_used_ = 0;
  std::string output_;
  size_t output_sent_ = 0;
  std::string head_copy_;  // What request_ points into while a body is read.
  Request request_;
  BodyReader body_;
  Answer answer_;
  uint64_t pattern_sent_ = 0;
  Clock::time_point deadline_ = Clock::time_point::max();
};

}  // namespace sluice::origin
