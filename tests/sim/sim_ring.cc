// class Ring over the seeded model (the other side of the link seam is dataplane/ring/ring_uring.cc). It
// binds to the SimKernel of the calling thread and never touches the real kernel.
#include "dataplane/ring/ring.h"

#include "tests/sim/ring_model.h"

namespace sluice::dataplane {

using sim::PendingOp;
using sim::SimKernel;
using sim::Socket;

struct Ring::Impl {
  Impl(SimKernel& kernel, const RingOptions& options, BufferPool& buffers)
      : model(kernel, options, buffers) {}
  sim::RingModel model;
};

Ring::Ring() = default;
Ring::~Ring() = default;

std::expected<std::unique_ptr<Ring>, std::string> Ring::open(const RingOptions& options,
                                                             BufferPool& buffers) {
  std::unique_ptr<Ring> ring(new Ring());
  ring->impl_ = std::make_unique<Impl>(*SimKernel::current(), options, buffers);
  return ring;
}

const RingCaps& Ring::caps() const {
  return impl_->model.caps();
}

void Ring::accept(OpToken token, Op& op, int listener) {
  impl_->model.enqueue(impl_->model.prepare(token, op, OpKind::accept, listener));
}

void Ring::connect(OpToken token, Op& op, int descriptor, const sockaddr_storage& address) {
  PendingOp& pending = impl_->model.prepare(token, op, OpKind::connect, descriptor);
  pending.address = address;
  impl_->model.enqueue(pending);
}

void Ring::receive(OpToken token, Op& op, int descriptor, uint32_t budget, bool expect_empty) {
  CHECK(budget > 0);
  PendingOp& pending = impl_->model.prepare(token, op, OpKind::receive, descriptor);
  pending.budget = budget;
  pending.expect_empty = expect_empty;
  impl_->model.enqueue(pending);
}

void Ring::send(OpToken token, Op& op, int descriptor, std::span<const std::byte> bytes,
                bool /*more_follows*/) {
  PendingOp& pending = impl_->model.prepare(token, op, OpKind::send, descriptor);
  pending.single = {const_cast<std::byte*>(bytes.data()), bytes.size()};
  pending.total = bytes.size();
  impl_->model.enqueue(pending);
}

void Ring::send_gathered(OpToken token, Op& op, int descriptor, GatherHeader& header, bool /*more_follows*/) {
  CHECK(header.message.msg_iovlen > 0 && header.message.msg_iovlen <= kGatherMax);
  PendingOp& pending = impl_->model.prepare(token, op, OpKind::send, descriptor);
  pending.header = &header;
  for (std::size_t i = 0; i < header.message.msg_iovlen; ++i)
    pending.total += header.message.msg_iov[i].iov_len;
  impl_->model.enqueue(pending);
}

void Ring::cancel(OpToken token, Op& op, int descriptor) {
  impl_->model.enqueue(impl_->model.prepare(token, op, OpKind::cancel, descriptor));
}

void Ring::arm_wake(OpToken token, Op& op) {
  impl_->model.enqueue(impl_->model.prepare(token, op, OpKind::wake, -1));
}

int Ring::open_socket(int family) {
  impl_->model.count_call();
  return impl_->model.kernel().open_socket(family);
}

void Ring::shutdown_write(int descriptor) {
  impl_->model.count_call();
  impl_->model.shutdown_write(descriptor);
}

void Ring::close(int descriptor) {
  impl_->model.count_call();
  impl_->model.close(descriptor, false);
}

void Ring::close_with_reset(int descriptor) {
  impl_->model.count_call();
  impl_->model.close(descriptor, true);
}

sockaddr_storage Ring::peer_address(int descriptor) {
  const Socket& socket = impl_->model.kernel().socket_of(descriptor);
  return socket.is_dead ? sockaddr_storage{} : socket.remote;
}

sockaddr_storage Ring::local_address(int descriptor) {
  return impl_->model.kernel().socket_of(descriptor).local;
}

std::span<const Completion> Ring::submit_and_wait(Instant deadline) {
  return impl_->model.wait(deadline);
}
Instant Ring::now() const {
  return impl_->model.now();
}

Instant Ring::read_clock() const {
  return impl_->model.now();
}

// The simulated epoch began on 2026-01-01.
// The model's kernel copies at completion; its buffers have no pages to give back.
void Ring::trim_lent() {}

bool Ring::has_warm_lent() const {
  return false;
}

int64_t Ring::wall_clock_nanoseconds() const {
  return 1'767'225'600'000'000'000 + impl_->model.now().nanoseconds;
}

void Ring::wake() {
  impl_->model.wake();
}
uint32_t Ring::ops_in_flight() const {
  return impl_->model.ops_in_flight();
}
uint64_t Ring::system_calls() const {
  return impl_->model.calls();
}
uint64_t Ring::completion_overflows() const {
  return 0;
}

}  // namespace sluice::dataplane
