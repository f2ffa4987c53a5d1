// Writers take turns, and give up when their turn takes too long. Not a std::timed_mutex: the thread
// sanitizer of GCC 12 does not know pthread_mutex_clocklock and calls every unlock after it an error.
#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace sluice::admin {

class Turns {
 public:
  // Holds the turn while it lives, if it got one.
  class Turn {
   public:
    Turn(Turns& turns, std::chrono::milliseconds patience) : turns_(turns), is_mine_(turns.take(patience)) {}
    Turn(const Turn&) = delete;
    ~Turn() {
      if (is_mine_) turns_.give_back();
    }
    bool is_mine() const { return is_mine_; }

   private:
    Turns& turns_;
    const bool is_mine_;
  };

 private:
  bool take(std::chrono::milliseconds patience) {
    std::unique_lock lock(mutex_);
    if (!free_.wait_for(lock, patience, [&] { return !is_taken_; })) return false;
    is_taken_ = true;
    return true;
  }
  void give_back() {
    {
      const std::lock_guard lock(mutex_);
      is_taken_ = false;
    }
    free_.notify_one();
  }

  std::mutex mutex_;
  std::condition_variable free_;
  bool is_taken_ = false;
};

}  // namespace sluice::admin
