// The floor: what forwarding bytes costs when nothing is done with them. One thread, one ring, one connection
// to the origin for each client; bytes leave in the buffer they came in. No parsing, routing, timers,
// counters or log: what a proxy uses above this is its own.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <utility>

#include "dataplane/mem/slab.h"
#include "dataplane/ring/ring.h"

namespace sluice::relay {

// One direction's destination and the bytes on their way to it.
struct Side {
  int descriptor = -1;
  bool has_ended = false;  // Nothing more comes from this side.
  dataplane::Op receive_op, send_op, cancel_op;
  struct Piece {
    dataplane::BufferId buffer;
    uint32_t offset;
    uint32_t length;
  };
  std::deque<Piece> outbox;  // Towards this side; the front is being sent.
  uint64_t outbox_bytes = 0;

  bool has_ops() const { return receive_op.is_busy() || send_op.is_busy() || cancel_op.is_busy(); }
};

struct Pair {
  uint32_t slot = 0;
  uint32_t generation = 0;
  bool is_connected = false;
  bool is_closing = false;
  dataplane::Op connect_op;
  Side sides[2];  // Client, origin.
};

class Relay {
 public:
  Relay(dataplane::Ring& ring, dataplane::BufferPool& buffers, int listener, const sockaddr_storage& origin);
  ~Relay();
  // Serves until the ring fails; never returns in practice.
  [[noreturn]] void run();

 private:
  void dispatch(const dataplane::Completion& completion);
  void on_accept(const dataplane::Completion& completion);
  void on_receive(Pair& pair, uint32_t side, const dataplane::Completion& completion);
  void on_send(Pair& pair, uint32_t side, int32_t result);
  void want_input(Pair& pair, uint32_t side);
  void send_front(Pair& pair, uint32_t side);
  void close(Pair& pair);
  void settle(Pair& pair);
  dataplane::OpToken token(const Pair& pair, uint32_t side, dataplane::OpKind kind) const;

  dataplane::Ring& ring_;
  dataplane::BufferPool& buffers_;
  int listener_;
  sockaddr_storage origin_;
  dataplane::Slab<Pair> pairs_;
  dataplane::Op accept_op_;
};

}  // namespace sluice::relay
