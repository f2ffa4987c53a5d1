#include "bench/relay/relay.h"

#include <netinet/tcp.h>

#include <cerrno>

#include "schemas/base/check.h"

namespace sluice::relay {

using dataplane::Completion;
using dataplane::OpKind;
using dataplane::OwnerKind;

namespace {

constexpr uint32_t kClient = 0;
constexpr uint32_t kOrigin = 1;
// Bytes one side may be behind before the other is no longer read.
constexpr uint32_t kWindowBytes = 256 * 1024;
constexpr uint32_t kPairsMax = 20'000;

}  // namespace

Relay::Relay(dataplane::Ring& ring, dataplane::BufferPool& buffers, int listener,
             const sockaddr_storage& origin)
    : ring_(ring), buffers_(buffers), listener_(listener), origin_(origin), pairs_(kPairsMax) {}

Relay::~Relay() = default;

dataplane::OpToken Relay::token(const Pair& pair, uint32_t side, OpKind kind) const {
  const OwnerKind owner = side == kClient ? OwnerKind::client_conn : OwnerKind::origin_conn;
  return {pair.slot, static_cast<uint16_t>(pair.generation), kind, owner};
}

void Relay::run() {
  for (;;) {
    if (!accept_op_.is_busy())
      ring_.accept({0, 0, OpKind::accept, OwnerKind::listener}, accept_op_, listener_);
    for (const Completion& completion : ring_.submit_and_wait(Instant::never())) dispatch(completion);
  }
}

void Relay::dispatch(const Completion& completion) {
  if (completion.token.kind == OpKind::accept) {
    on_accept(completion);
    return;
  }
  Pair* pair = pairs_.find(completion.token.slot, completion.token.generation);
  CHECK(pair != nullptr);  // A slot outlives its ops.
  const uint32_t side = completion.token.owner == OwnerKind::client_conn ? kClient : kOrigin;
  switch (completion.token.kind) {
    case OpKind::connect:
      pair->connect_op.finish();
      if (completion.result < 0) {
        close(*pair);
      } else if (!pair->is_closing) {
        pair->is_connected = true;
        want_input(*pair, kOrigin);
        send_front(*pair, kOrigin);
      }
      break;
    case OpKind::receive:
      on_receive(*pair, side, completion);
      break;
    case OpKind::send:
      pair->sides[side].send_op.finish();
      on_send(*pair, side, completion.result);
      break;
    case OpKind::cancel:
      pair->sides[side].cancel_op.finish();
      break;
    default:
      CHECK(false);
  }
  settle(*pair);
}

void Relay::on_accept(const Completion& completion) {
  if (!completion.more_to_come) accept_op_.finish();
  if (completion.result < 0) return;
  Pair* pair = pairs_.take();
  const int to_origin = pair == nullptr ? -1 : ring_.open_socket(origin_.ss_family);
  if (to_origin < 0) {
    if (pair != nullptr) pairs_.give_back(*pair);
    ring_.close(completion.result);
    return;
  }
  // As the product does: without it a large body waits for delayed acknowledgements, 40 ms each.
  const int on = 1;
  (void)setsockopt(completion.result, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  pair->is_connected = pair->is_closing = false;
  for (Side& side : pair->sides) side.has_ended = false;
  pair->sides[kClient].descriptor = completion.result;
  pair->sides[kOrigin].descriptor = to_origin;
  ring_.connect(token(*pair, kOrigin, OpKind::connect), pair->connect_op, to_origin, origin_);
  want_input(*pair, kClient);
}

void Relay::on_receive(Pair& pair, uint32_t side, const Completion& completion) {
  Side& from = pair.sides[side];
  Side& to = pair.sides[1 - side];
  if (!completion.more_to_come) from.receive_op.finish();
  const bool has_bytes = completion.buffer != dataplane::kNoBuffer && completion.result > 0;
  if (has_bytes && !pair.is_closing) {
    const auto length = static_cast<uint32_t>(completion.result);
    to.outbox.push_back({completion.buffer, dataplane::kHeadroomBytes, length});
    to.outbox_bytes += length;
    send_front(pair, 1 - side);
  } else if (completion.buffer != dataplane::kNoBuffer) {
    buffers_.release(completion.buffer);
  }
  if (pair.is_closing) return;
  if (completion.result == 0) {
    from.has_ended = true;
    if (to.outbox.empty()) ring_.shutdown_write(to.descriptor);
    if (to.has_ended && to.outbox.empty() && from.outbox.empty()) close(pair);
  } else if (completion.result < 0 && completion.result != -ENOBUFS) {
    close(pair);
  } else if (!completion.more_to_come) {
    want_input(pair, side);
  }
}

void Relay::want_input(Pair& pair, uint32_t side) {
  Side& from = pair.sides[side];
  const Side& to = pair.sides[1 - side];
  if (pair.is_closing || from.has_ended || from.receive_op.is_busy() || to.outbox_bytes >= kWindowBytes)
    return;
  ring_.receive(token(pair, side, OpKind::receive), from.receive_op, from.descriptor, kWindowBytes, true);
}

void Relay::send_front(Pair& pair, uint32_t side) {
  Side& to = pair.sides[side];
  if (pair.is_closing || to.send_op.is_busy() || to.outbox.empty()) return;
  if (side == kOrigin && !pair.is_connected) return;
  const Side::Piece& piece = to.outbox.front();
  ring_.send(token(pair, side, OpKind::send), to.send_op, to.descriptor,
             buffers_.bytes(piece.buffer).subspan(piece.offset, piece.length), to.outbox.size() > 1);
}

void Relay::on_send(Pair& pair, uint32_t side, int32_t result) {
  Side& to = pair.sides[side];
  if (pair.is_closing) return;
  if (result < 0) {
    close(pair);
    return;
  }
  Side::Piece& piece = to.outbox.front();
  const auto sent = static_cast<uint32_t>(result);
  piece.offset += sent;
  piece.length -= sent;
  to.outbox_bytes -= sent;
  if (piece.length == 0) {
    buffers_.release(piece.buffer);
    to.outbox.pop_front();
  }
  send_front(pair, side);
  Side& from = pair.sides[1 - side];
  if (to.outbox.empty() && from.has_ended) {
    ring_.shutdown_write(to.descriptor);
    if (to.has_ended && from.outbox.empty()) close(pair);
  }
  if (to.outbox_bytes < kWindowBytes / 2) want_input(pair, 1 - side);
}

void Relay::close(Pair& pair) {
  if (pair.is_closing) return;
  pair.is_closing = true;
  for (uint32_t side : {kClient, kOrigin}) {
    Side& closed = pair.sides[side];
    const bool is_connecting = side == kOrigin && pair.connect_op.is_busy();
    if (!closed.has_ops() && !is_connecting) continue;
    ring_.cancel(token(pair, side, OpKind::cancel), closed.cancel_op, closed.descriptor);
  }
}

void Relay::settle(Pair& pair) {
  if (!pair.is_closing || pair.connect_op.is_busy()) return;
  for (const Side& side : pair.sides) {
    if (side.has_ops()) return;
  }
  for (Side& side : pair.sides) {
    ring_.close(side.descriptor);
    side.descriptor = -1;
    for (const Side::Piece& piece : side.outbox) buffers_.release(piece.buffer);
    side.outbox.clear();
    side.outbox_bytes = 0;
  }
  pairs_.give_back(pair);
}

}  // namespace sluice::relay
