// The op-by-op half of RingModel: what makes an accept, a connect, a receive, a send and a cancel end.
#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "schemas/base/check.h"
#include "tests/sim/ring_model.h"

namespace sluice::sim {
namespace {

using dataplane::kNoBuffer;
using dataplane::kReceiveBytesMax;

// A multishot receive is retried this often before others get a turn (MULTISHOT_MAX_RETRY).
constexpr int kRetriesMax = 32;
constexpr int kDescriptorsMax = 4096;

}  // namespace

void RingModel::attempt_accept(PendingOp& op) {
  std::deque<Socket*>& backlog = op.socket->backlog;
  while (!backlog.empty() && !op.is_ended) {
    if (kernel_.open_descriptors() >= kDescriptorsMax) return post(op, -EMFILE, false);
    if (kernel_.strikes(Fault::accept_fails)) {
      constexpr int kErrors[] = {EMFILE, ECONNABORTED, ENOMEM};
      return post(op, -kErrors[kernel_.rng().below(3)], false);
    }
    Socket& accepted = *backlog.front();
    backlog.pop_front();
    post(op, kernel_.assign_descriptor(accepted), !kernel_.strikes(Fault::multishot_ends));
  }
}

void RingModel::attempt_connect(PendingOp& op) {
  if (op.socket->state == Socket::State::connecting) return;
  if (op.socket->state == Socket::State::connected) return post(op, 0, false);
  post(op, -std::exchange(op.socket->error, 0), false);
}

void RingModel::post_no_buffers(PendingOp& op) {
  kernel_.note("no buffers: fd, lent, free", op.descriptor, static_cast<int64_t>(lent_.size()),
               buffers_.free_count(dataplane::SizeClass::k64KiB));
  lent_target_ = std::min(lent_target_ * 2, lent_max_);
  post(op, -ENOBUFS, false);
}

void RingModel::attempt_receive(PendingOp& op) {
  Socket& socket = *op.socket;
  CHECK(socket.other != nullptr);  // A receive on a socket that never connected.
  for (int round = 0; round < kRetriesMax; ++round) {
    if (op.is_ended) return;
    if (socket.arrived == 0) {
      const int64_t result = kernel_.read(socket, {});
      if (result != -EAGAIN) return post(op, static_cast<int32_t>(result), false);
      // Measured on 6.18: without POLL_FIRST the first try takes a buffer before it looks for data.
      if (!op.expect_empty && !op.was_attempted && lent_.empty()) return post_no_buffers(op);
      op.was_attempted = true;
      return;
    }
    op.was_attempted = true;
    if (lent_.empty() || kernel_.strikes(Fault::no_buffers)) return post_no_buffers(op);
    uint64_t most = std::min<uint64_t>({socket.arrived, kReceiveBytesMax, op.budget});
    if (kernel_.strikes(Fault::budget_overrun)) most = std::min<uint64_t>(socket.arrived, kReceiveBytesMax);
    if (kernel_.strikes(Fault::short_receive)) most = 1 + kernel_.rng().below(most);
    if (kernel_.strikes(Fault::one_byte_receive)) most = 1;
    std::string data(most, '\0');
    kernel_.read(socket, std::as_writable_bytes(std::span(data)));
    if (kernel_.strikes(Fault::canary_corrupt)) data[kernel_.rng().below(most)] ^= 0x20;
    op.budget -= std::min(op.budget, most);
    const bool more_to_come =
        caps_.has(RingCaps::kReceiveBudget) && op.budget > 0 && !kernel_.strikes(Fault::multishot_ends);
    const BufferId buffer = lent_.front();
    lent_.pop_front();
    if (more_to_come && !lent_.empty() && kernel_.strikes(Fault::canary_duplicate)) {
      post(op, static_cast<int32_t>(most), true, lent_.front(), data);
      lent_.pop_front();
    }
    post(op, static_cast<int32_t>(most), more_to_come, buffer, std::move(data));
  }
  if (!op.is_ended) look_again_at(kernel_.now(), socket);
}

// Offers what is left of the next range, or a part of it. The result is SimKernel::write's.
int64_t RingModel::write_next(PendingOp& op) {
  const std::size_t count = op.header == nullptr ? 1 : op.header->message.msg_iovlen;
  const iovec* ranges = op.header == nullptr ? &op.single : op.header->message.msg_iov;
  uint64_t skip = op.done;
  for (std::size_t i = 0; i < count; ++i) {
    if (skip < ranges[i].iov_len) {
      const auto* bytes = static_cast<const std::byte*>(ranges[i].iov_base);
      uint64_t length = ranges[i].iov_len - skip;
      if (length > 1 && kernel_.strikes(Fault::short_send)) length = 1 + kernel_.rng().below(length);
      if (kernel_.strikes(Fault::one_byte_send)) length = 1;
      return kernel_.write(*op.socket, {bytes + skip, length});
    }
    skip -= ranges[i].iov_len;
  }
  return 0;
}

// Ends with what the socket took at once, like the kernel without MSG_WAITALL; waits while it takes nothing.
void RingModel::attempt_send(PendingOp& op) {
  if (kernel_.now() < op.not_before) return;
  CHECK(op.socket->other != nullptr);  // A send on a socket that never connected.
  while (op.done < op.total) {
    const int64_t result = write_next(op);
    if (result == -EAGAIN) {
      if (op.done == 0) return;
      break;
    }
    if (result < 0 && op.done == 0) return post(op, static_cast<int32_t>(result), false);
    if (result < 0) break;
    op.done += static_cast<uint64_t>(result);
    if (kernel_.strikes(Fault::short_send) || kernel_.strikes(Fault::one_byte_send)) break;
  }
  post(op, static_cast<int32_t>(op.done), false);
}

void RingModel::end_cancelled(PendingOp& op) {
  if (!op.is_ended) post(op, -ECANCELED, false);
}

void RingModel::end_cancelled_later(PendingOp& op) {
  const Instant when =
      kernel_.now() + Duration::microseconds(static_cast<int64_t>(kernel_.rng().below(20'000)));
  kernel_.call_at(when, [this, &kernel = kernel_, &op, serial = op.serial] {
    if (kernel.ring() == this && op.serial == serial) end_cancelled(op);
  });
}

// Every op of the descriptor that was submitted before the cancel ends, now or a little later. A later one
// may still succeed; the cancel's own completion comes before or after and proves nothing.
void RingModel::run_cancel(PendingOp& cancel) {
  std::vector<PendingOp*> now;
  std::vector<PendingOp*> later;
  for (PendingOp* op : ops_on(cancel.descriptor)) {
    if (!op->is_submitted || op->is_ended || op->kind == OpKind::cancel) continue;
    (kernel_.strikes(Fault::cancel_loses) ? later : now).push_back(op);
  }
  const int32_t result = later.empty() ? static_cast<int32_t>(now.size()) : -EALREADY;
  const bool is_last = kernel_.strikes(Fault::cancel_is_last);
  if (!is_last) post(cancel, result, false);
  for (PendingOp* op : now) end_cancelled(*op);
  for (PendingOp* op : later) end_cancelled_later(*op);
  if (is_last) post(cancel, result, false);
}

}  // namespace sluice::sim
