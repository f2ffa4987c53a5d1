// The receive buffers the kernel may choose from: a ring of addresses shared with it, and who they are.
// The ring's thread only.
//
// 1. At most `max` buffers are lent, each under its own 16-bit number; a number is reused when the
//    completion that names it was claimed.
// 2. The kernel takes them first in, first out, so few lent buffers are a small working set: lending
//    starts at `min` and doubles only when the kernel ran dry; trim() sets it back.
// 3. The kernel writes to a lent buffer only inside our own io_uring_enter (DEFER_TASKRUN), so that between
// two
//    of them the pages of those that no completion names may be dropped.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "dataplane/mem/buffer_pool.h"
#include "dataplane/ring/uring_constants.h"

namespace sluice::dataplane {

class LentBuffers {
 public:
  static constexpr uint16_t kGroup = 0;

  LentBuffers(BufferPool& pool, uint32_t min, uint32_t max);
  ~LentBuffers();  // Requires: give_back() was called, or open() never succeeded.
  LentBuffers(const LentBuffers&) = delete;
  LentBuffers& operator=(const LentBuffers&) = delete;

  // Drops the pages of what is lent, once nothing was claimed since the call before.
  void trim();
  bool is_warm() const { return is_warm_; }

  int open(io_uring& uring);  // 0, or a negated errno.
  void refill();              // Lends up to the target; one publication for all.
  void ran_dry() { is_dry_ = true; }
  // A completion named `number`: the buffer, with one reference. Without data it goes home: kNoBuffer.
  BufferId claim(uint16_t number, bool has_data);
  // Takes the ring of addresses away from the kernel and every buffer home. Requires: no receive in flight.
  void give_back(io_uring& uring);

 private:
  BufferPool& pool_;
  io_uring_buf_ring* shared_ = nullptr;
  std::vector<BufferId> by_number_;     // kNoBuffer: this number is not lent.
  std::vector<uint16_t> free_numbers_;  // A stack.
  uint32_t target_;
  uint32_t target_min_;
  bool is_dry_ = false;
  bool is_warm_ = true;
  bool was_claimed_ = true;  // Since the last trim().
};

}  // namespace sluice::dataplane
