#include "dataplane/conn/conn.h"

#include <algorithm>
#include <cerrno>

namespace sluice::dataplane {

void Conn::open(ConnContext& context, int fd) {
  CHECK(state == ConnState::vacant || state == ConnState::opening);
  state = ConnState::open;
  descriptor = fd;
  active_at = context.now;
}

void Conn::want_input(ConnContext& context, uint64_t outstanding, bool expect_empty) {
  if (receive_op.is_busy() || state != ConnState::open || input_ended || receive_error != 0) return;
  if (place_hook.is_linked()) return;  // Starved: woken when buffers return.
  if (outstanding >= context.window_bytes / 2) return;
  const auto budget = static_cast<uint32_t>(context.window_bytes - outstanding);
  context.ring.receive(token(OpKind::receive), receive_op, descriptor, budget, expect_empty);
}

void Conn::on_receive(ConnContext& context, const Completion& completion) {
  if (!completion.more_to_come) receive_op.finish();
  if (completion.result > 0) {
    const auto length = static_cast<uint32_t>(completion.result);
    bytes_received += length;
    active_at = context.now;
    if (state == ConnState::open) {
      std::byte* data = context.memory.buffers.bytes(completion.buffer).data() + kHeadroomBytes;
      inbox.append_coalescing(context.memory, completion.buffer, data, length, kCoalesceBytesMax);
    } else {  // Lingering, or data that raced with the cancel: read and discard.
      lingered_bytes += length;
      context.memory.buffers.release(completion.buffer);
    }
    return;
  }
  if (completion.buffer != kNoBuffer) context.memory.buffers.release(completion.buffer);
  if (completion.result == 0) {
    input_ended = true;
  } else if (completion.result == -ENOBUFS) {
    // Not a connection error. With buffers free, the ring lends more before the next submission, and the
    // ready list re-arms; with some lent meanwhile, it can try at once; without, wait until some come back.
    if (context.receive_buffers_left() == 0) {
      if (state != ConnState::open) {
        timed_out = true;  // Lingering is a courtesy; it does not wait for memory.
      } else if (!place_hook.is_linked()) {
        context.starved.push_back(*this);
      }
    }
  } else if (completion.result != -ECANCELED && completion.result != -EINTR && completion.result != -EAGAIN) {
    receive_error = -completion.result;
  }
}

void Conn::flush(ConnContext& context) {
  if (send_op.is_busy() || send_error != 0 || cancel_sent) return;
  if (outbox.is_empty()) {
    if (shut_when_flushed && !output_shut) {
      output_shut = true;
      context.ring.shutdown_write(descriptor);
    }
    return;
  }
  sending_since = context.now;
  Segment* first = outbox.front();
  if (first->next == nullptr) {
    context.ring.send(token(OpKind::send), send_op, descriptor, {first->data, first->length}, false);
    return;
  }
  gather_buffer = context.memory.buffers.take(sizeof(GatherHeader));
  if (gather_buffer == kNoBuffer) {  // No room for the header: one range at a time still makes progress.
    context.ring.send(token(OpKind::send), send_op, descriptor, {first->data, first->length}, true);
    return;
  }
  auto* header = reinterpret_cast<GatherHeader*>(context.memory.buffers.bytes(gather_buffer).data());
  std::span<std::byte> ranges[kGatherMax];
  const uint32_t count = outbox.gather(ranges);
  for (uint32_t i = 0; i < count; ++i) header->ranges[i] = {ranges[i].data(), ranges[i].size()};
  header->message = {};
  header->message.msg_iov = header->ranges;
  header->message.msg_iovlen = count;
  context.ring.send_gathered(token(OpKind::send), send_op, descriptor, *header, false);
}

void Conn::on_send(ConnContext& context, const Completion& completion) {
  send_op.finish();
  if (gather_buffer != kNoBuffer) {
    context.memory.buffers.release(gather_buffer);
    gather_buffer = kNoBuffer;
  }
  if (completion.result > 0) {
    bytes_sent += static_cast<uint32_t>(completion.result);
    active_at = context.now;
    outbox.consume(context.memory, static_cast<uint32_t>(completion.result));
  } else if (completion.result == 0) {
    send_error = EPIPE;  // A stream socket that takes nothing of a non-empty send is gone.
  } else if (completion.result != -ECANCELED && completion.result != -EAGAIN && completion.result != -EINTR &&
             completion.result != -ENOBUFS) {
    send_error = -completion.result;
  }
}

void Conn::drain(ConnContext& context, Farewell how) {
  CHECK(state == ConnState::open || state == ConnState::opening);
  state = ConnState::draining;
  farewell = how;
  timed_out = false;
  drain_started = context.now;
  if (place_hook.is_linked()) place_hook.unlink();
  inbox.clear(context.memory);
  context.wheel.set(timer, context.now + kFlushStall);
  drain_step(context);
}

void Conn::drain_step(ConnContext& context) {
  if (state != ConnState::draining) return;
  const bool gave_up = timed_out || cancel_sent;
  if (farewell != Farewell::reset && !gave_up && send_error == 0 && !outbox.is_empty()) {
    context.wheel.set(timer, active_at + kFlushStall);
    flush(context);
    return;
  }
  if (farewell == Farewell::linger && !gave_up && send_error == 0 && receive_error == 0) {
    if (!output_shut) {
      output_shut = true;
      context.ring.shutdown_write(descriptor);
      active_at = context.now;
    }
    if (!input_ended && lingered_bytes < kLingerBytesMax) {
      context.wheel.set(timer, std::min(active_at + kLingerIdle, drain_started + kLingerTotal));
      if (!receive_op.is_busy()) {
        context.ring.receive(token(OpKind::receive), receive_op, descriptor, kWindowBytes, true);
      }
      return;
    }
  }
  join(context);
}

// Waits for the kernel to give everything back, then closes. The only way from draining to closing.
void Conn::join(ConnContext& context) {
  if (receive_op.is_busy() || send_op.is_busy() || connect_op.is_busy()) {
    if (!cancel_sent) {
      cancel_sent = true;
      context.ring.cancel(token(OpKind::cancel), cancel_op, descriptor);
    }
    return;
  }
  if (cancel_op.is_busy()) return;
  context.wheel.cancel(timer);
  if (ready_hook.is_linked()) ready_hook.unlink();
  // Bytes that were queued but never left must not look like a clean end to a close-delimited reader.
  const bool cut_short = farewell == Farewell::reset || !outbox.is_empty();
  outbox.clear(context.memory);
  if (descriptor >= 0) {
    if (cut_short) {
      context.ring.close_with_reset(descriptor);
    } else {
      context.ring.close(descriptor);
    }
  }
  descriptor = -1;
  state = ConnState::closing;
  context.vacated.push_back(*this);
}

void Conn::on_cancel(ConnContext& context) {
  cancel_op.finish();
  // The cancel may have looked while the kernel was between two polls of the target (EALREADY, ENOENT):
  // ask again a little later if the target is still out.
  if (receive_op.is_busy() || send_op.is_busy() || connect_op.is_busy()) {
    context.wheel.set(timer, context.now + Duration::milliseconds(20));
  }
}

void Conn::on_timer(ConnContext& context) {
  timed_out = true;
  if (state != ConnState::draining) {
    context.mark_ready(*this);
    return;
  }
  if (!cancel_op.is_busy()) cancel_sent = false;
  drain_step(context);
}

void Conn::reset_for_reuse() {
  CHECK(state == ConnState::closing && !ops_in_flight());
  CHECK(!ready_hook.is_linked() && !place_hook.is_linked() && !timer.is_set());
  CHECK(inbox.is_empty() && outbox.is_empty() && gather_buffer == kNoBuffer);
  state = ConnState::vacant;
  input_ended = output_shut = shut_when_flushed = timed_out = cancel_sent = false;
  receive_error = send_error = 0;
  bytes_received = bytes_sent = lingered_bytes = 0;
}

}  // namespace sluice::dataplane
