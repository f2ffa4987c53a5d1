// The seeded model behind class Ring in the simulation: which op completes when, with what result, on top
// of the sockets of a SimKernel. It is hostile to lifetime mistakes where the kernel would be silent:
//
// 1. Received bytes are copied into the lent buffer when the completion is handed out, and what a send
//    points at is hashed when it starts and again when its completion is handed out: memory that was freed
//    or reused too early is an AddressSanitizer report or an abort here.
// 2. Lent and taken-back buffers carry a pattern where no received byte belongs.
// 3. Closing a descriptor with an op on it, two sends or two receives on one socket, or an op on a closed
//    descriptor abort.
#pragma once

#include <array>
#include <deque>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "dataplane/ring/ring.h"
#include "tests/sim/sim_kernel.h"

namespace sluice::sim {

using dataplane::BufferId;
using dataplane::BufferPool;
using dataplane::Completion;
using dataplane::GatherHeader;
using dataplane::Op;
using dataplane::OpKind;
using dataplane::OpToken;
using dataplane::RingCaps;
using dataplane::RingOptions;

// An op from its call to its last completion.
struct PendingOp {
  uint64_t serial = 0;  // Distinguishes lives of a recycled entry.
  OpToken token;
  Op* op = nullptr;
  OpKind kind = OpKind::none;
  int descriptor = -1;
  Socket* socket = nullptr;
  bool is_submitted = false;
  bool is_ended = false;  // Its last completion exists, but may not have been handed out.
  Instant not_before;
  Instant last_release;  // Completions of one op stay in order.
  uint64_t budget = 0;   // receive
  bool expect_empty = false;
  bool was_attempted = false;
  sockaddr_storage address{};      // connect
  GatherHeader* header = nullptr;  // send; null: `single` is the payload.
  iovec single{};
  uint64_t total = 0;
  uint64_t done = 0;
  uint64_t hash = 0;
};

class RingModel final : public RingSide {
 public:
  RingModel(SimKernel& kernel, const RingOptions& options, BufferPool& buffers);
  ~RingModel() override;

  SimKernel& kernel() { return kernel_; }
  const RingCaps& caps() const { return caps_; }

  // The caller fills in what the kind needs and then calls enqueue().
  PendingOp& prepare(OpToken token, Op& op, OpKind kind, int descriptor);
  void enqueue(PendingOp& op);
  void shutdown_write(int descriptor);
  void close(int descriptor, bool with_reset);
  void wake() { wake_requested_ = true; }

  std::span<const Completion> wait(Instant deadline);
  Instant now() const { return now_; }
  uint64_t calls() const { return calls_; }
  void count_call() { ++calls_; }

  void on_socket_changed(Socket& socket) override { dirty_.push_back(&socket); }
  void look_again_at(Instant when, Socket& socket);
  uint32_t ops_in_flight() const override { return in_flight_; }
  bool is_idle() const override { return is_idle_; }

 private:
  struct Due {
    Instant when;
    uint64_t sequence;
    PendingOp* op;
    Completion completion;
    std::string data;
    bool operator<(const Due& other) const {  // For a heap whose front is the earliest.
      return when != other.when ? when > other.when : sequence > other.sequence;
    }
  };

  void submit();
  void refill();
  void attempt_changed();
  void attempt(PendingOp& op);
  void attempt_accept(PendingOp& op);
  void attempt_connect(PendingOp& op);
  void attempt_receive(PendingOp& op);
  void attempt_send(PendingOp& op);
  int64_t write_next(PendingOp& op);
  void run_cancel(PendingOp& cancel);
  void end_cancelled(PendingOp& op);
  void end_cancelled_later(PendingOp& op);
  void post_no_buffers(PendingOp& op);
  void post(PendingOp& op, int32_t result, bool more_to_come, BufferId buffer = dataplane::kNoBuffer,
            std::string data = {});
  void hand_out_due();
  void hand_out(Due& due);
  void recycle(PendingOp& op);
  std::vector<PendingOp*>& ops_on(int descriptor);
  bool is_pending(const Op& op) const;

  SimKernel& kernel_;
  BufferPool& buffers_;
  RingCaps caps_;
  uint32_t lent_target_;
  uint32_t lent_max_;
  std::deque<BufferId> lent_;  // With the "kernel", not yet named by a completion.
  std::vector<std::unique_ptr<PendingOp>> storage_;
  std::vector<PendingOp*> vacant_;
  std::vector<PendingOp*> queued_;
  std::vector<std::vector<PendingOp*>> by_descriptor_;
  std::vector<Socket*> dirty_;
  std::vector<Due> due_;
  std::vector<Completion> batch_;
  std::vector<std::pair<Op*, int>> ended_in_batch_;
  PendingOp* wake_op_ = nullptr;
  bool wake_requested_ = false;
  bool is_idle_ = false;
  Instant now_;
  uint64_t sequence_ = 0;
  uint64_t serial_ = 0;
  uint64_t calls_ = 0;
  uint32_t in_flight_ = 0;
};

uint64_t hash_of_payload(const PendingOp& op);

}  // namespace sluice::sim
