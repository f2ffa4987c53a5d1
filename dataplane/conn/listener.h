// A listening socket of this worker and its armed accept. The keeper opens and closes the descriptor; a
// worker only stops accepting on it. Lives as long as one of its connections does.
#pragma once

#include <cstdint>

#include "dataplane/conn/conn.h"

namespace sluice::dataplane {

// After EMFILE and the like: connections in the kernel's queue wait this long for descriptors to return.
inline constexpr Duration kAcceptRetryDelay = Duration::milliseconds(100);

struct Listener {
  uint32_t slot = 0;
  uint32_t generation = 0;
  bool in_use = false;
  bool wanted = false;     // Named by the current snapshot and not draining.
  bool paused = false;     // For want of memory.
  bool is_tunnel = false;  // protocol: tcp
  int descriptor = -1;
  uint64_t id = 0;              // wire::Listener.id
  uint32_t index = UINT32_MAX;  // In the current snapshot; UINT32_MAX once it is gone.
  uint16_t stats_slot = 0;
  char port_text[6] = {};
  uint8_t name_length = 0;
  char name[56] = {};  // For the access log; cut when longer.
  uint32_t connections = 0;
  Op accept_op;
  Op cancel_op;
  TimerNode timer;  // Re-arms after an accept error.

  OpToken token(OpKind kind) const {
    return {slot, static_cast<uint16_t>(generation), kind, OwnerKind::listener};
  }
  void arm(ConnContext& context) {
    if (wanted && !paused && !accept_op.is_busy() && !timer.is_set()) {
      context.ring.accept(token(OpKind::accept), accept_op, descriptor);
    }
  }
  void stop(ConnContext& context) {
    wanted = false;
    cancel_accept(context);
  }
  // What comes meanwhile waits in the kernel's queue.
  void pause(ConnContext& context) {
    paused = true;
    cancel_accept(context);
  }
  void resume(ConnContext& context) {
    paused = false;
    arm(context);
  }
  void cancel_accept(ConnContext& context) {
    context.wheel.cancel(timer);
    if (accept_op.is_busy() && !cancel_op.is_busy()) {
      context.ring.cancel(token(OpKind::cancel), cancel_op, descriptor);
    }
  }
  // No accept of ours can still deliver a descriptor: the keeper may close the socket.
  bool is_settled() const { return !accept_op.is_busy() && !cancel_op.is_busy(); }
};

}  // namespace sluice::dataplane
