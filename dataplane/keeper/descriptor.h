// A file descriptor with an owner. Closing ignores errors: nothing that needs to know is closed here (files
// that must be durable are fsynced first).
#pragma once

#include <unistd.h>

#include <utility>

namespace sluice::dataplane {

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(Descriptor&& other) noexcept : number_(std::exchange(other.number_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    reset(std::exchange(other.number_, -1));
    return *this;
  }
  ~Descriptor() { reset(-1); }

  bool is_open() const { return number_ >= 0; }
  int get() const { return number_; }
  int release() { return std::exchange(number_, -1); }
  void reset(int number) {
    if (number_ >= 0 && number_ != number) ::close(number_);
    number_ = number;
  }

 private:
  int number_ = -1;
};

}  // namespace sluice::dataplane
