// class Ring over the kernel's io_uring (the other side of the link seam is tests/sim/sim_ring.cc). Knows
// nothing about what the bytes mean, decides nothing, and never blocks except in submit_and_wait().
#include <netinet/tcp.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "dataplane/ring/ring.h"
#include "dataplane/ring/uring_impl.h"

namespace sluice::dataplane {
namespace {

socklen_t address_bytes(const sockaddr_storage& address) {
  return address.ss_family == AF_INET ? sizeof(sockaddr_in) : sizeof(sockaddr_in6);
}

}  // namespace

Ring::Ring() = default;
Ring::~Ring() {
  if (impl_ != nullptr) impl_->close();
}

std::expected<std::unique_ptr<Ring>, std::string> Ring::open(const RingOptions& options,
                                                             BufferPool& buffers) {
  std::unique_ptr<Ring> ring(new Ring());
  ring->impl_ = std::make_unique<Impl>(options, buffers);
  if (auto opened = ring->impl_->open(options); !opened) return std::unexpected(opened.error());
  return ring;
}

// ---- the tick ---------------------------------------------------------------------------------------

std::span<const Completion> Ring::submit_and_wait(Instant deadline) {
  Impl& ring = *impl_;
  ring.lent.refill();
  ring.enter(ring.early.empty() ? 1 : 0, deadline);
  ring.completions.assign(ring.early.begin(), ring.early.end());
  ring.early.clear();
  ring.reap(ring.completions);
  ring.sample_clocks();
  return ring.completions;
}

Instant Ring::now() const {
  return impl_->now;
}
Instant Ring::read_clock() const {
  return Instant{clock_nanoseconds(CLOCK_MONOTONIC)};
}
void Ring::trim_lent() {
  impl_->lent.trim();
}

bool Ring::has_warm_lent() const {
  return impl_->lent.is_warm();
}

int64_t Ring::wall_clock_nanoseconds() const {
  return impl_->wall_clock;
}
const RingCaps& Ring::caps() const {
  return impl_->caps;
}
uint32_t Ring::ops_in_flight() const {
  return impl_->in_flight;
}
uint64_t Ring::system_calls() const {
  return impl_->system_calls;
}
uint64_t Ring::completion_overflows() const {
  return impl_->overflows;
}

// ---- ops ---------------------------------------------------------------------------------------------

void Ring::accept(OpToken token, Op& op, int listener) {
  io_uring_sqe& entry = impl_->start(token, op, OpKind::accept, IORING_OP_ACCEPT, listener);
  entry.ioprio = IORING_ACCEPT_MULTISHOT;  // Without an address: all of its accepts would share one.
  entry.accept_flags = SOCK_CLOEXEC;
}

void Ring::connect(OpToken token, Op& op, int descriptor, const sockaddr_storage& address) {
  io_uring_sqe& entry = impl_->start(token, op, OpKind::connect, IORING_OP_CONNECT, descriptor);
  sockaddr_storage& copy = impl_->addresses[static_cast<std::size_t>(&entry - impl_->uring.sq.sqes)];
  copy = address;
  entry.addr = reinterpret_cast<uint64_t>(&copy);
  entry.off = address_bytes(address);
}

void Ring::receive(OpToken token, Op& op, int descriptor, uint32_t budget, bool expect_empty) {
  CHECK(budget > 0);
  budget = std::min(budget, uint32_t{INT32_MAX});
  io_uring_sqe& entry = impl_->start(token, op, OpKind::receive, IORING_OP_RECV, descriptor);
  entry.flags = IOSQE_BUFFER_SELECT;
  entry.buf_group = LentBuffers::kGroup;
  entry.len = std::min(budget, kReceiveBytesMax);  // Of one buffer; bounds the overrun for small budgets.
  if (impl_->caps.has(RingCaps::kReceiveBudget)) {
    // Never polls first: Linux 6.18 then takes bytes and a reset that came together for one wake-up, delivers
    // the bytes and waits for ever. Trying first costs one EAGAIN per arming, which is rare here.
    entry.ioprio |= IORING_RECV_MULTISHOT;
    set_receive_budget(entry, budget);
  } else if (expect_empty) {
    entry.ioprio |= IORING_RECVSEND_POLL_FIRST;
  }
}

void Ring::send(OpToken token, Op& op, int descriptor, std::span<const std::byte> bytes, bool more_follows) {
  CHECK(!bytes.empty() && bytes.size() <= INT32_MAX);
  io_uring_sqe& entry = impl_->start(token, op, OpKind::send, IORING_OP_SEND, descriptor);
  entry.addr = reinterpret_cast<uint64_t>(bytes.data());
  entry.len = static_cast<uint32_t>(bytes.size());
  entry.msg_flags = MSG_NOSIGNAL | (more_follows ? MSG_MORE : 0);
}

void Ring::send_gathered(OpToken token, Op& op, int descriptor, GatherHeader& header, bool more_follows) {
  msghdr& message = header.message;
  CHECK(message.msg_iovlen > 0 && message.msg_iovlen <= kGatherMax);
  io_uring_sqe* entry = nullptr;
  if (impl_->caps.has(RingCaps::kVectorizedSend)) {
    entry = &impl_->start(token, op, OpKind::send, IORING_OP_SEND, descriptor);
    entry->ioprio = IORING_SEND_VECTORIZED;
    entry->addr = reinterpret_cast<uint64_t>(message.msg_iov);
    entry->len = static_cast<uint32_t>(message.msg_iovlen);
  } else {
    message = msghdr{.msg_iov = message.msg_iov, .msg_iovlen = message.msg_iovlen};
    entry = &impl_->start(token, op, OpKind::send, IORING_OP_SENDMSG, descriptor);
    entry->addr = reinterpret_cast<uint64_t>(&message);
    entry->len = 1;
  }
  entry->msg_flags = MSG_NOSIGNAL | (more_follows ? MSG_MORE : 0);
}

void Ring::cancel(OpToken token, Op& op, int descriptor) {
  io_uring_sqe& entry = impl_->start(token, op, OpKind::cancel, IORING_OP_ASYNC_CANCEL, descriptor);
  entry.cancel_flags = IORING_ASYNC_CANCEL_FD | IORING_ASYNC_CANCEL_ALL;
}

void Ring::arm_wake(OpToken token, Op& op) {
  CHECK(token.kind == OpKind::wake);
  op.start();
  ++impl_->in_flight;
  impl_->wake_token = token;
  impl_->prepare_wake();
}

void Ring::wake() {
  const int saved = errno;  // Also called from signal handlers.
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(impl_->wake_descriptor, &one, sizeof one);
  errno = saved;
}

// ---- immediate calls ---------------------------------------------------------------------------------

int Ring::open_socket(int family) {
  impl_->system_calls += 2;
  const int descriptor = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return -errno;
  const int on = 1;
  setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  return descriptor;
}

void Ring::shutdown_write(int descriptor) {
  ++impl_->system_calls;
  ::shutdown(descriptor, SHUT_WR);
}

void Ring::close(int descriptor) {
  ++impl_->system_calls;
  ::close(descriptor);
}

void Ring::close_with_reset(int descriptor) {
  ++impl_->system_calls;
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
  close(descriptor);
}

sockaddr_storage Ring::peer_address(int descriptor) {
  ++impl_->system_calls;
  sockaddr_storage address{};
  socklen_t bytes = sizeof address;
  if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &bytes) != 0) return {};
  return address;
}

sockaddr_storage Ring::local_address(int descriptor) {
  ++impl_->system_calls;
  sockaddr_storage address{};
  socklen_t bytes = sizeof address;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &bytes) != 0) return {};
  return address;
}

}  // namespace sluice::dataplane
