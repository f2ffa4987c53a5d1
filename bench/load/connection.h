// One connection of the generator and the request it carries. Closed, connecting, open, or closing: a
// descriptor is closed only when the ring holds no op on it (ring.h, rule 4).
#pragma once

#include <cstdint>
#include <string>

#include "bench/load/answer_reader.h"
#include "dataplane/ring/ring.h"

namespace sluice::load {

struct Request {
  uint64_t id = 0;
  Instant due;
  Instant sent;
  uint8_t attempts = 0;
  bool is_post = false;
};

struct Connection {
  enum class State : uint8_t { closed, connecting, open, closing };

  uint32_t slot = 0;
  uint16_t generation = 0;  // Of the descriptor: completions of an earlier one are told apart.
  State state = State::closed;
  bool has_request = false;
  bool is_listed = false;    // Among the generator's free slots.
  bool was_refused = false;  // The last connect failed: a pause before the next.
  int descriptor = -1;
  uint32_t answered = 0;  // On this descriptor.
  Request request;
  AnswerReader reader;
  std::string head;    // The request's head, built anew for each.
  size_t to_send = 0;  // Of head and body.
  size_t sent = 0;
  dataplane::GatherHeader gather{};
  dataplane::Op connect_op, receive_op, send_op, cancel_op;

  bool is_free() const { return !has_request && (state == State::open || state == State::closed); }
  bool has_ops() const {
    return connect_op.is_busy() || receive_op.is_busy() || send_op.is_busy() || cancel_op.is_busy();
  }
  dataplane::OpToken token(dataplane::OpKind kind) const {
    return {slot, generation, kind, dataplane::OwnerKind::origin_conn};
  }
};

}  // namespace sluice::load
