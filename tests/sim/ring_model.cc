#include "tests/sim/ring_model.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

#include "dataplane/mem/poison.h"
#include "schemas/base/check.h"
#include "schemas/stable_hash.h"

namespace sluice::sim {
namespace {

using dataplane::kHeadroomBytes;
using dataplane::kNoBuffer;
using dataplane::poison;
using dataplane::unpoison;

constexpr uint64_t kPatternBytes = 256;  // On both sides of the data: enough to be noticed, cheap.
constexpr int kPattern = 0xa5;
constexpr uint32_t kBatchMax = 256;

}  // namespace

uint64_t hash_of_payload(const PendingOp& op) {
  const auto hash_of = [](const iovec& range) {
    return content_hash({static_cast<const std::byte*>(range.iov_base), range.iov_len}).low;
  };
  if (op.header == nullptr) return hash_of(op.single);
  uint64_t hash = op.header->message.msg_iovlen;
  for (std::size_t i = 0; i < op.header->message.msg_iovlen; ++i) {
    hash = stable_hash(HashUse::path, hash, hash_of(op.header->message.msg_iov[i]));
  }
  return hash;
}

RingModel::RingModel(SimKernel& kernel, const RingOptions& options, BufferPool& buffers)
    : kernel_(kernel),
      buffers_(buffers),
      caps_(options.caps_mask),
      lent_target_(options.lent_buffers_min),
      lent_max_(options.lent_buffers_max),
      now_(kernel.now()) {
  if (kernel.faults().one_shot) caps_.bits &= ~RingCaps::kReceiveBudget;
  kernel_.attach(this);
  refill();
}

// What the real one does by cancelling everything: nobody hears of it any more, buffers go home, and
// connections nobody took are closed.
RingModel::~RingModel() {
  kernel_.attach(nullptr);
  for (const Due& due : due_) {
    if (due.completion.buffer != kNoBuffer) buffers_.return_unused(due.completion.buffer);
    if (due.op->kind == OpKind::accept && due.completion.result >= 0) {
      kernel_.close(kernel_.socket_of(due.completion.result));
      kernel_.release_descriptor(due.completion.result);
    }
  }
  for (const BufferId id : lent_) buffers_.return_unused(id);
}

std::vector<PendingOp*>& RingModel::ops_on(int descriptor) {
  const auto index = static_cast<std::size_t>(descriptor + 1);  // -1: the wake-up.
  if (index >= by_descriptor_.size()) by_descriptor_.resize(index + 1);
  return by_descriptor_[index];
}

bool RingModel::is_pending(const Op& op) const {
  for (const std::vector<PendingOp*>& ops : by_descriptor_) {
    for (const PendingOp* pending : ops) {
      if (pending->op == &op) return true;
    }
  }
  return false;
}

PendingOp& RingModel::prepare(OpToken token, Op& op, OpKind kind, int descriptor) {
  op.start();
  if (vacant_.empty()) {
    storage_.push_back(std::make_unique<PendingOp>());
    vacant_.push_back(storage_.back().get());
  }
  PendingOp& pending = *vacant_.back();
  vacant_.pop_back();
  pending = PendingOp{};
  pending.serial = ++serial_;
  pending.token = token;
  pending.op = &op;
  pending.kind = kind;
  pending.descriptor = descriptor;
  if (descriptor >= 0) pending.socket = &kernel_.socket_of(descriptor);
  for (const PendingOp* other : ops_on(descriptor)) {
    // Order among two sends (or two receives) of one socket is not defined; cancels may overlap.
    CHECK(other->kind != kind || kind == OpKind::cancel);
  }
  return pending;
}

void RingModel::enqueue(PendingOp& op) {
  if (op.kind == OpKind::send) op.hash = hash_of_payload(op);
  ops_on(op.descriptor).push_back(&op);
  ++in_flight_;
  queued_.push_back(&op);
}

void RingModel::recycle(PendingOp& op) {
  std::erase(ops_on(op.descriptor), &op);
  --in_flight_;
  vacant_.push_back(&op);
}

void RingModel::shutdown_write(int descriptor) {
  Socket& socket = kernel_.socket_of(descriptor);
  kernel_.note("shutdown_write: fd, socket", descriptor, socket.id);
  kernel_.shutdown_write(socket);
  dirty_.push_back(&socket);
}

void RingModel::close(int descriptor, bool with_reset) {
  Socket& socket = kernel_.socket_of(descriptor);
  CHECK(socket.state != Socket::State::listening);
  CHECK(ops_on(descriptor).empty());  // The kernel still holds the descriptor and what its ops point at.
  for (const auto& [op, ended_on] : ended_in_batch_) {
    // A completion of this batch that its owner has not looked at yet.
    CHECK(ended_on != descriptor || !op->is_busy() || is_pending(*op));
  }
  kernel_.note(with_reset ? "close_with_reset: fd, socket" : "close: fd, socket", descriptor, socket.id);
  std::erase(dirty_, &socket);
  if (with_reset) {
    kernel_.reset(socket);
  } else {
    kernel_.close(socket);
  }
  kernel_.release_descriptor(descriptor);
}

// ---- the tick

std::span<const Completion> RingModel::wait(Instant deadline) {
  ++calls_;
  is_idle_ = false;
  batch_.clear();
  ended_in_batch_.clear();
  kernel_.advance_to(kernel_.now() + Duration{static_cast<int64_t>(1000 + kernel_.rng().below(4000))});
  if (kernel_.strikes(Fault::clock_jump)) {
    kernel_.advance_to(kernel_.now() + Duration::microseconds(static_cast<int64_t>(
                                           kernel_.rng().below(1ULL << kernel_.rng().below(23)))));
  }
  refill();
  submit();
  const bool is_spurious = kernel_.strikes(Fault::spurious_wake);
  for (;;) {
    kernel_.run_due();
    attempt_changed();
    if (wake_requested_ && wake_op_ != nullptr) {
      wake_requested_ = false;
      post(*wake_op_, 0, true);
    }
    hand_out_due();
    if (!batch_.empty() || is_spurious) break;
    const Instant next =
        due_.empty() ? kernel_.next_event() : std::min(kernel_.next_event(), due_.front().when);
    is_idle_ = next.is_never() && deadline.is_never();
    if (deadline <= next) {
      if (!deadline.is_never()) kernel_.advance_to(deadline);
      break;
    }
    kernel_.advance_to(next);
  }
  now_ = kernel_.now();
  return batch_;
}

void RingModel::submit() {
  // attempt() may not queue, so the list does not grow under us.
  for (PendingOp* op : queued_) {
    op->is_submitted = true;
    if (op->kind == OpKind::wake) wake_op_ = op;
    if (op->kind == OpKind::connect) kernel_.start_connect(*op->socket, op->address);
    if (op->kind == OpKind::cancel) {
      run_cancel(*op);
      continue;
    }
    if (op->kind == OpKind::send && kernel_.strikes(Fault::delayed_send)) {
      op->not_before =
          kernel_.now() + Duration::microseconds(static_cast<int64_t>(kernel_.rng().below(30'000)));
      look_again_at(op->not_before, *op->socket);
    }
    attempt(*op);
  }
  queued_.clear();
}

void RingModel::refill() {
  while (buffers_.lent_count() < lent_target_) {
    const BufferId id = buffers_.lend();
    if (id == kNoBuffer) return;
    const std::span<std::byte> bytes = buffers_.bytes(id);
    unpoison(bytes.data(), kHeadroomBytes + kPatternBytes);
    std::memset(bytes.data(), kPattern, kHeadroomBytes + kPatternBytes);
    poison(bytes.data(), kHeadroomBytes + kPatternBytes);
    lent_.push_back(id);
  }
}

// The kernel may outlive the ring, and then nobody looks.
void RingModel::look_again_at(Instant when, Socket& socket) {
  kernel_.call_at(when, [this, &kernel = kernel_, &socket] {
    if (kernel.ring() == this) dirty_.push_back(&socket);
  });
}

void RingModel::attempt_changed() {
  while (!dirty_.empty()) {
    const std::vector<Socket*> changed = std::exchange(dirty_, {});
    for (const Socket* socket : changed) {
      if (socket->descriptor < 0) continue;
      const std::vector<PendingOp*> ops = ops_on(socket->descriptor);  // A copy: posting may end ops.
      for (PendingOp* op : ops) attempt(*op);
    }
  }
}

void RingModel::attempt(PendingOp& op) {
  if (!op.is_submitted || op.is_ended) return;
  switch (op.kind) {
    case OpKind::accept:
      return attempt_accept(op);
    case OpKind::connect:
      return attempt_connect(op);
    case OpKind::receive:
      return attempt_receive(op);
    case OpKind::send:
      return attempt_send(op);
    default:
      return;
  }
}

// ---- completions

void RingModel::post(PendingOp& op, int32_t result, bool more_to_come, BufferId buffer, std::string data) {
  if (kernel_.strikes(Fault::canary_lost) && buffer == kNoBuffer && op.kind == OpKind::send) {
    op.is_ended = true;  // Nobody will ever hear of it.
    return;
  }
  Instant when = std::max(kernel_.now(), op.last_release);
  if (kernel_.strikes(Fault::delayed_completion)) {
    when = when +
           Duration::microseconds(static_cast<int64_t>(kernel_.rng().below(1ULL << kernel_.rng().below(16))));
  }
  op.last_release = when;
  op.is_ended = !more_to_come;
  due_.push_back({when,
                  sequence_++,
                  &op,
                  {.token = op.token, .result = result, .buffer = buffer, .more_to_come = more_to_come},
                  std::move(data)});
  std::push_heap(due_.begin(), due_.end());
}

void RingModel::hand_out_due() {
  uint64_t batch_max = kBatchMax;
  if (kernel_.strikes(Fault::small_batch)) batch_max = 1 + kernel_.rng().below(3);
  while (!due_.empty() && due_.front().when <= kernel_.now() && batch_.size() < batch_max) {
    std::pop_heap(due_.begin(), due_.end());
    Due due = std::move(due_.back());
    due_.pop_back();
    hand_out(due);
  }
}

void RingModel::hand_out(Due& due) {
  PendingOp& op = *due.op;
  CHECK(op.op->is_busy());  // Its owner finished it while the kernel still had it.
  kernel_.note(op.kind == OpKind::receive   ? "receive completes: fd, result, more"
               : op.kind == OpKind::send    ? "send completes: fd, result, more"
               : op.kind == OpKind::accept  ? "accept completes: fd, result, more"
               : op.kind == OpKind::connect ? "connect completes: fd, result, more"
               : op.kind == OpKind::cancel  ? "cancel completes: fd, result, more"
                                            : "wake completes",
               op.descriptor, due.completion.result, due.completion.more_to_come);
  if (due.completion.buffer != kNoBuffer) {
    buffers_.take_back(due.completion.buffer);
    const std::span<std::byte> bytes = buffers_.bytes(due.completion.buffer);
    std::memcpy(bytes.data() + kHeadroomBytes, due.data.data(), due.data.size());
    const uint64_t rest = bytes.size() - kHeadroomBytes - due.data.size();
    std::memset(bytes.data(), kPattern, kHeadroomBytes);
    std::memset(bytes.data() + kHeadroomBytes + due.data.size(), kPattern, std::min(rest, kPatternBytes));
  }
  if (!due.completion.more_to_come) {
    // What a send pointed at was the kernel's until now; reading it again finds early frees and changes.
    if (op.kind == OpKind::send) CHECK(hash_of_payload(op) == op.hash);
    ended_in_batch_.emplace_back(op.op, op.descriptor);
    recycle(op);
  }
  batch_.push_back(due.completion);
}

}  // namespace sluice::sim
