// The inside of class Ring over io_uring: the two queues, who is in flight, and the clocks. Private to
// ring_uring.cc (what callers see) and uring_queues.cc (how it reaches the kernel).
#pragma once

#include <time.h>

#include <memory>
#include <vector>

#include "dataplane/ring/ring.h"
#include "dataplane/ring/uring_constants.h"
#include "dataplane/ring/uring_lent_buffers.h"

namespace sluice::dataplane {

int64_t clock_nanoseconds(clockid_t clock);

struct Ring::Impl {
  Impl(const RingOptions& options, BufferPool& pool)
      : buffers(pool), lent(pool, options.lent_buffers_min, options.lent_buffers_max) {}

  std::expected<void, std::string> open(const RingOptions& options);
  void close();  // Returns when the kernel holds nothing of ours.
  void settle(std::vector<Completion>& orphans);

  io_uring_sqe& next_entry();  // Submits early when the queue is full.
  io_uring_sqe& start(OpToken token, Op& op, OpKind kind, int opcode, int descriptor);
  void prepare_wake();
  uint32_t publish();
  int enter(uint32_t wait_count, Instant deadline);  // The only place that waits.
  void submit_early();
  void reap(std::vector<Completion>& into);  // Copies out what there is.
  bool convert(const io_uring_cqe& entry, Completion& completion);
  void sample_clocks();

  io_uring uring{};
  RingCaps caps;
  BufferPool& buffers;
  LentBuffers lent;
  bool is_open = false;
  bool is_closing = false;
  bool wake_ended = false;  // The kernel ended our poll: queue it again.
  int wake_descriptor = -1;
  OpToken wake_token;
  uint32_t enter_flags = 0;
  uint32_t in_flight = 0;  // Ops without a last completion yet, our own cancels included.
  uint64_t system_calls = 0;
  uint64_t overflows = 0;  // Times that the kernel had more completions than its queue holds.
  Instant now;
  int64_t wall_clock = 0;
  std::vector<Completion> completions;  // What the last wait returned; never grows.
  std::vector<Completion> early;        // Reaped while submitting early; the next wait returns them first.
  // The addresses of connects, by submission entry: the kernel copies them at submission.
  std::unique_ptr<sockaddr_storage[]> addresses;
};

}  // namespace sluice::dataplane
