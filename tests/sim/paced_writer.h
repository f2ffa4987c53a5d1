// How a script writes: at once, or in small pieces with pauses; never more than the connection takes.
#pragma once

#include <algorithm>
#include <cerrno>
#include <string>

#include "tests/sim/sim_kernel.h"

namespace sluice::sim {

struct Pace {
  uint64_t piece_bytes_max = 0;  // 0: everything at once.
  Duration pause;                // Between pieces.
};

class PacedWriter {
 public:
  explicit PacedWriter(SimKernel& kernel) : kernel_(kernel) {}

  // A new connection, nothing to write yet.
  void begin(Socket& socket, Pace pace) {
    socket_ = &socket;
    pace_ = pace;
    pending_.clear();
    has_failed_ = false;
    ++life_;
    is_waiting_ = false;
  }
  void set_pace(Pace pace) { pace_ = pace; }
  void add(std::string_view bytes) {
    pending_.append(bytes);
    flush();
  }
  bool is_done() const { return pending_.empty(); }
  bool has_failed() const { return has_failed_; }
  uint64_t written() const { return socket_ == nullptr ? 0 : socket_->written; }
  void forget() {
    pending_.clear();
    ++life_;
  }

  void flush() {
    while (!pending_.empty() && !has_failed_ && !is_waiting_) {
      uint64_t count = pending_.size();
      if (pace_.piece_bytes_max > 0) count = 1 + kernel_.rng().below(std::min(count, pace_.piece_bytes_max));
      const int64_t result = kernel_.write(*socket_, std::as_bytes(std::span(pending_.data(), count)));
      if (result == -EAGAIN) return;  // on_writable() comes back here.
      if (result < 0) {
        has_failed_ = true;
        return;
      }
      pending_.erase(0, static_cast<std::size_t>(result));
      if (pace_.piece_bytes_max > 0 && !pending_.empty()) return pause();
    }
  }

 private:
  void pause() {
    is_waiting_ = true;
    kernel_.call_at(kernel_.now() + pace_.pause, [this, life = life_] {
      if (life != life_) return;
      is_waiting_ = false;
      flush();
      if (after_pause) after_pause();
    });
  }

  SimKernel& kernel_;
  Socket* socket_ = nullptr;
  Pace pace_;
  std::string pending_;
  bool has_failed_ = false;
  bool is_waiting_ = false;
  uint64_t life_ = 0;

 public:
  std::function<void()> after_pause;  // What was waiting for is_done() looks again.
};

}  // namespace sluice::sim
