// The only door between a worker and the world. Bytes, accepts, wake-ups and the time of day come in
// as completions; every wish goes out as an op. Two .cc files define class Ring, chosen per executable:
//   dataplane/ring/ring_uring.cc   the kernel        (the product)
//   tests/sim/sim_ring.cc          a seeded model    (the simulation)
// One thread: the worker that constructed it (SINGLE_ISSUER), except wake().
//
// Rules for callers (dataplane-notes section 4; ADR 0003):
// 1. Every op has a named Op member; busy from submit to its last completion (no more_to_come).
// 2. What an op points at (Op owner, buffers, message headers, addresses) stays put until then.
// 3. A cancel's completion proves nothing; only the target's own last completion does.
// 4. close() only when no op on that descriptor is in flight.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <span>
#include <string>

#include "dataplane/mem/buffer_pool.h"
#include "dataplane/ring/ring_caps.h"
#include "schemas/base/check.h"
#include "schemas/base/units.h"

namespace sluice::dataplane {

// An op the kernel holds. From start() to finish() the kernel may use every pointer we passed it, so an
// Op cannot be copied, moved, or destroyed while busy. Only the ring starts it; the owner finishes it.
class Op {
 public:
  Op() = default;
  Op(const Op&) = delete;
  Op& operator=(const Op&) = delete;
  ~Op() { CHECK(!busy_); }
  bool is_busy() const { return busy_; }
  void start() {
    CHECK(!busy_);
    busy_ = true;
  }
  void finish() {
    CHECK(busy_);
    busy_ = false;
  }

 private:
  bool busy_ = false;
};

enum class OpKind : uint8_t { none, accept, connect, receive, send, cancel, wake };
enum class OwnerKind : uint8_t { none, listener, client_conn, origin_conn, worker, stream, tunnel };

// Travels through the kernel as user_data; exactly 64 bits.
struct OpToken {
  uint32_t slot = 0;        // Which object (slab slot or listener index).
  uint16_t generation = 0;  // Which life of that object.
  OpKind kind = OpKind::none;
  OwnerKind owner = OwnerKind::none;
};
static_assert(sizeof(OpToken) == sizeof(uint64_t));

struct Completion {
  OpToken token;
  int32_t result = 0;           // Bytes, a descriptor (accept), or a negated errno.
  BufferId buffer = kNoBuffer;  // Receive only: the buffer holding the bytes, already taken back from
                                // the ring with one reference; the receiver owns that reference.
                                // Data starts kHeadroomBytes into it.
  bool more_to_come = false;    // The op is still in flight; do not finish() it.
};

struct RingOptions {
  uint32_t submission_entries = 1024;
  uint32_t completion_entries = 16384;  // >= lent buffers + sends in flight + accept bursts.
  uint32_t lent_buffers_min = 128;      // Kept with the kernel; doubles on ENOBUFS up to the max.
  uint32_t lent_buffers_max = 1024;     // Power of two.
  RingCaps caps_mask = RingCaps::all();
};

// How many sends one sendmsg may gather.
inline constexpr uint32_t kGatherMax = 16;

// The memory of one gathered send: lives in the connection until the send's completion.
struct GatherHeader {
  msghdr message;
  iovec ranges[kGatherMax];
};

class Ring {
 public:
  // The error is one line that says what failed and what to do (seccomp, sysctl, kernel too old).
  static std::expected<std::unique_ptr<Ring>, std::string> open(const RingOptions& options,
                                                                BufferPool& buffers);
  // Cancels everything and reaps until the kernel holds nothing. Returns lent buffers. After it the owners
  // may finish() the ops that were still busy (the wake-up always is).
  ~Ring();
  Ring(const Ring&) = delete;
  Ring& operator=(const Ring&) = delete;

  const RingCaps& caps() const;

  // ---- ops -----------------------------------------------------------------------------------------
  // One completion per accepted descriptor (result >= 0). Ends on any error; re-arm after a delay.
  void accept(OpToken token, Op& op, int listener);
  // `address` is copied before the call returns.
  void connect(OpToken token, Op& op, int descriptor, const sockaddr_storage& address);
  // Delivers up to `budget` bytes in one or more completions (overrun: at most one buffer). Ends at the
  // budget, at end of input (result 0), on an error, or for no reason at all: re-arm. -ENOBUFS is not a
  // connection error: re-arm next tick. `expect_empty`: do not try before polling (POLL_FIRST).
  void receive(OpToken token, Op& op, int descriptor, uint32_t budget, bool expect_empty);
  // As much of `bytes` as the socket takes at once: the result may be short, send the rest. (Not
  // MSG_WAITALL: a slow reader's progress must show, or a stall timer could not tell slow from stuck.)
  void send(OpToken token, Op& op, int descriptor, std::span<const std::byte> bytes, bool more_follows);
  // `header` must outlive the op; the caller filled its ranges, message.msg_iov and message.msg_iovlen.
  void send_gathered(OpToken token, Op& op, int descriptor, GatherHeader& header, bool more_follows);
  // Asks for every op on the descriptor to end. Its own completion only finishes `op`.
  void cancel(OpToken token, Op& op, int descriptor);
  // Arms the wake-up; one completion per burst of wake() calls, always re-armed by the ring.
  void arm_wake(OpToken token, Op& op);

  // ---- immediate calls -----------------------------------------------------------------------------
  // A stream socket with TCP_NODELAY and CLOEXEC, or a negated errno.
  int open_socket(int family);
  void shutdown_write(int descriptor);    // shutdown(2): 5.6 us; OP_SHUTDOWN takes an io-wq thread, 75 us.
  void close(int descriptor);             // Requires: no op of ours on it.
  void close_with_reset(int descriptor);  // SO_LINGER{1,0} first: the peer sees RST.
  // The address of the other end (zero family when it is already gone).
  sockaddr_storage peer_address(int descriptor);
  sockaddr_storage local_address(int descriptor);

  // ---- the tick ------------------------------------------------------------------------------------
  // Submits everything queued, refills the lent buffers, sleeps until a completion or the deadline, and
  // copies completions out, so that the kernel can reuse its queue before any of them is acted on. The
  // span is valid until the next call.
  std::span<const Completion> submit_and_wait(Instant deadline);
  Instant now() const;         // Sampled once per wait; constant within a tick.
  Instant read_clock() const;  // Fresh, 25 ns: how long a tick took.
  // Seconds since the epoch, sampled with now(); for logs and Date-like values only.
  int64_t wall_clock_nanoseconds() const;

  // When nothing was received since the last call, the memory of lent buffers goes back to the system, and
  // fewer are lent from then on. has_warm_lent(): another call may find some.
  void trim_lent();
  bool has_warm_lent() const;

  // Any thread, async-signal-safe: makes submit_and_wait return.
  void wake();

  // Ops started and not yet finished by a last completion, as the ring counts them.
  uint32_t ops_in_flight() const;
  uint64_t system_calls() const;  // For the stats page: enters and immediate calls.
  uint64_t completion_overflows() const;

 private:
  Ring();
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace sluice::dataplane
