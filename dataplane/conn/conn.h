// One socket: what it received and nobody consumed yet, what it has to send, the ops the kernel holds for
// it, and the walk that closes it. Knows nothing of requests. One thread: its worker's.
//
// 1. States move along open walks only: vacant → opening → open → draining → closing → vacant.
// 2. Each op is busy exactly from its ring call to its last completion. At most one send is in flight, and
//    what it reads stays in `outbox` until the completion says how much left.
// 3. Completions record facts and put the connection (or its user) on the ready list; decisions are made
//    later in the tick, and objects die only in Worker::reap().
// 4. Nothing but drain_step() closes the descriptor, and only when no op is in flight.
#pragma once

#include <cstdint>

#include "dataplane/mem/byte_chain.h"
#include "dataplane/mem/timer_wheel.h"
#include "dataplane/ring/ring.h"
#include "schemas/base/intrusive_list.h"
#include "schemas/base/units.h"

namespace sluice::dataplane {

enum class ConnState : uint8_t { vacant, opening, open, draining, closing };

// How a connection ends.
enum class Farewell : uint8_t {
  reset,   // At once, with RST: the other side must not take what it got for complete.
  close,   // Send what is queued, then close.
  linger,  // Send what is queued, shut down writing, read and discard until the peer closes (bounded), so
           // that a RST for unread input cannot destroy the answer on its way.
};

// Bytes one direction may hold for a reader that does not keep up.
inline constexpr uint32_t kWindowBytes = 256 * 1024;
// Received ranges up to this length are copied behind the previous one instead of pinning a buffer each.
inline constexpr uint32_t kCoalesceBytesMax = 2048;
inline constexpr Duration kLingerIdle = Duration::seconds(2);
inline constexpr Duration kLingerTotal = Duration::seconds(10);
inline constexpr uint64_t kLingerBytesMax = 1024 * 1024;
inline constexpr Duration kFlushStall = Duration::seconds(30);

class Conn;
struct ConnContext;

class Conn {
 public:
  Conn() = default;
  Conn(const Conn&) = delete;
  Conn& operator=(const Conn&) = delete;

  // ---- identity (slab contract)
  uint32_t slot = 0;
  uint32_t generation = 0;
  OwnerKind owner = OwnerKind::none;  // client_conn or origin_conn: which class this really is.

  ConnState state = ConnState::vacant;
  Farewell farewell = Farewell::close;
  bool input_ended = false;        // The peer's FIN arrived; what came before it is in the inbox.
  bool output_shut = false;        // Our FIN is out.
  bool shut_when_flushed = false;  // Send FIN once the outbox is empty.
  bool timed_out = false;          // The timer fired; whoever decides looks and clears it.
  bool cancel_sent = false;
  int32_t receive_error = 0;  // errno of the failed receive, 0 = none.
  int32_t send_error = 0;
  int descriptor = -1;

  Op receive_op;
  Op send_op;
  Op connect_op;
  Op cancel_op;

  ByteChain inbox;
  ByteChain outbox;
  BufferId gather_buffer = kNoBuffer;  // Memory of a gathered send in flight.
  uint64_t bytes_received = 0;
  uint64_t bytes_sent = 0;
  uint64_t lingered_bytes = 0;
  Instant active_at;      // Last byte in or out.
  Instant sending_since;  // When the send in flight was handed to the kernel.
  Instant drain_started;

  TimerNode timer;
  ListHook ready_hook;
  ListHook place_hook;  // starved list, or the vacated list.

  // ---- life
  void open(ConnContext& context, int fd);  // vacant/opening → open.
  bool is_open() const { return state == ConnState::open; }
  bool has_failed() const { return receive_error != 0 || send_error != 0; }
  bool ops_in_flight() const {
    return receive_op.is_busy() || send_op.is_busy() || connect_op.is_busy() || cancel_op.is_busy();
  }
  OpToken token(OpKind kind) const { return {slot, static_cast<uint16_t>(generation), kind, owner}; }

  // ---- receiving
  // Arms the receive for as much as the window leaves when `outstanding` bytes of this direction are
  // still held somewhere. Does nothing while armed, ended, failed, or above half the window.
  void want_input(ConnContext& context, uint64_t outstanding, bool expect_empty);
  void on_receive(ConnContext& context, const Completion& completion);

  // ---- sending
  void flush(ConnContext& context);  // Starts one send of everything queued, unless one is in flight.
  void on_send(ConnContext& context, const Completion& completion);

  // ---- closing
  void drain(ConnContext& context, Farewell how);  // open/opening → draining.
  void drain_step(ConnContext& context);           // After every fact about a draining connection.
  void on_cancel(ConnContext& context);
  void on_timer(ConnContext& context);  // The deadline passed: ready, or the next drain step.
  void reset_for_reuse();               // reap() only: back to vacant defaults.

 private:
  void join(ConnContext& context);
};

using ReadyList = IntrusiveList<Conn, &Conn::ready_hook>;
using PlaceList = IntrusiveList<Conn, &Conn::place_hook>;

// What every connection of one worker works with.
struct ConnContext {
  Ring& ring;
  ChainMemory memory;
  TimerWheel& wheel;
  ReadyList ready;                       // Has news: decide this tick.
  PlaceList starved;                     // Receive ended with ENOBUFS while no buffer was free.
  PlaceList vacated;                     // Closed; recycled by reap().
  Instant now;                           // Of this tick.
  uint32_t window_bytes = kWindowBytes;  // Less when memory runs short.

  // What a receive could still get: free buffers, and those the ring has taken already. (Free ones alone
  // would not do: the ring takes what was returned before anybody starved can be woken for it.)
  uint32_t receive_buffers_left() const {
    return memory.buffers.free_count(SizeClass::k64KiB) + memory.buffers.lent_count();
  }

  void mark_ready(Conn& conn) {
    if (!conn.ready_hook.is_linked()) ready.push_back(conn);
  }
};

}  // namespace sluice::dataplane
