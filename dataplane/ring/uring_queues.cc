// How the ring reaches the kernel: one system call a tick, entries in, completions out, and a way to leave
// with nothing in flight.
#include <poll.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <bit>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "dataplane/ring/uring_impl.h"
#include "dataplane/ring/uring_setup.h"

namespace sluice::dataplane {
namespace {

// Our own ops, for nobody to see: no caller's token has this kind and owner.
constexpr OpToken kInternal{.slot = UINT32_MAX, .kind = OpKind::none, .owner = OwnerKind::none};

// The kernel broke its promises or ran out of memory in a way that leaves ops without an end. Nothing that
// they point at may ever be reused, so the process must not go on.
[[noreturn]] void give_up(const char* what, int error) {
  std::fprintf(stderr, "io_uring: %s (%s); stopping, because requests in flight cannot be accounted for\n",
               what, strerrordesc_np(error));
  std::abort();
}

}  // namespace

int64_t clock_nanoseconds(clockid_t clock) {
  timespec time{};
  clock_gettime(clock, &time);
  return time.tv_sec * int64_t{1'000'000'000} + time.tv_nsec;
}

std::expected<void, std::string> Ring::Impl::open(const RingOptions& options) {
  const auto opened = open_uring(options, uring);
  if (!opened) return std::unexpected(opened.error());
  caps = opened->caps;
  is_open = true;
  if (const int error = lent.open(uring); error != 0) {
    return std::unexpected(explain_setup_error(-error, read_setup_circumstances()));
  }
  wake_descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (wake_descriptor < 0) return std::unexpected(explain_setup_error(errno, read_setup_circumstances()));
  enter_flags = IORING_ENTER_GETEVENTS | IORING_ENTER_EXT_ARG;
  if (opened->is_registered) enter_flags |= IORING_ENTER_REGISTERED_RING;
  if (caps.has(RingCaps::kNoIowait)) enter_flags |= IORING_ENTER_NO_IOWAIT;
  // Twice what one pass over the queue can find, so that neither list ever grows.
  const std::size_t entries = *uring.cq.kring_entries;
  completions.reserve(2 * entries);
  early.reserve(entries);
  addresses = std::make_unique_for_overwrite<sockaddr_storage[]>(*uring.sq.kring_entries);
  sample_clocks();
  return {};
}

void Ring::Impl::close() {
  is_closing = true;
  settle(early);
  while (in_flight > 0) {
    // The cancel is counted as well, so every turn ends; what escapes one cancel meets the next.
    io_uring_sqe& entry = next_entry();
    io_uring_prep_rw(IORING_OP_ASYNC_CANCEL, &entry, -1, nullptr, 0, 0);
    entry.cancel_flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL;
    entry.user_data = std::bit_cast<uint64_t>(kInternal);
    ++in_flight;
    enter(1, Instant{clock_nanoseconds(CLOCK_MONOTONIC)} + 10_ms);
    completions.clear();
    reap(completions);
    settle(completions);
    settle(early);
  }
  if (is_open) {
    lent.give_back(uring);
    io_uring_queue_exit(&uring);
  }
  if (wake_descriptor >= 0) ::close(wake_descriptor);
}

// Nobody is left to act on these: what they carry goes home.
void Ring::Impl::settle(std::vector<Completion>& orphans) {
  for (const Completion& completion : orphans) {
    if (completion.buffer != kNoBuffer) buffers.release(completion.buffer);
    if (completion.token.kind == OpKind::accept && completion.result >= 0) ::close(completion.result);
  }
  orphans.clear();
}

io_uring_sqe& Ring::Impl::next_entry() {
  io_uring_sqe* entry = io_uring_get_sqe(&uring);
  if (entry == nullptr) {
    submit_early();
    entry = io_uring_get_sqe(&uring);
    CHECK(entry != nullptr);
  }
  return *entry;
}

io_uring_sqe& Ring::Impl::start(OpToken token, Op& op, OpKind kind, int opcode, int descriptor) {
  CHECK(token.kind == kind);
  op.start();
  ++in_flight;
  io_uring_sqe& entry = next_entry();
  io_uring_prep_rw(opcode, &entry, descriptor, nullptr, 0, 0);
  entry.user_data = std::bit_cast<uint64_t>(token);
  return entry;
}

// Makes the queued entries visible to the kernel; returns how many it has not taken yet.
uint32_t Ring::Impl::publish() {
  io_uring_sq& queue = uring.sq;
  queue.sqe_head = queue.sqe_tail;
  io_uring_smp_store_release(queue.ktail, queue.sqe_tail);
  return queue.sqe_tail - io_uring_smp_load_acquire(queue.khead);
}

// One system call: submits what is queued and, with DEFER_TASKRUN, lets the kernel run what is due. Waits
// for `wait_count` completions until the deadline. Returns what it returned.
int Ring::Impl::enter(uint32_t wait_count, Instant deadline) {
  __kernel_timespec timeout{};
  io_uring_getevents_arg argument{};
  argument.sigmask_sz = _NSIG / 8;
  if (wait_count > 0 && !deadline.is_never()) {
    const int64_t left = deadline.nanoseconds - clock_nanoseconds(CLOCK_MONOTONIC);
    if (left <= 0) wait_count = 0;
    timeout.tv_sec = left / 1'000'000'000;
    timeout.tv_nsec = left % 1'000'000'000;
    if (left > 0) argument.ts = reinterpret_cast<uint64_t>(&timeout);
  }
  ++system_calls;
  const long result = syscall(__NR_io_uring_enter, uring.enter_ring_fd, publish(), wait_count, enter_flags,
                              &argument, sizeof argument);
  if (result >= 0) return static_cast<int>(result);
  switch (errno) {
    case ETIME:   // The deadline.
    case EINTR:   // A signal; whoever handles it says so by other means.
    case EBUSY:   // Completions overflowed and must be reaped first.
    case EAGAIN:  // No memory for a request right now: what is queued stays queued.
    case ENOMEM:
      return -errno;
    case EBADR:
      give_up("the kernel dropped a completion", EBADR);
    case EEXIST:
      give_up("used by another thread than the one that opened it", EEXIST);
    default:
      give_up("entering failed", errno);
  }
}

// More ops in one tick than the submission queue holds. Completions that turn up are kept for the wait.
void Ring::Impl::submit_early() {
  lent.refill();
  for (int attempts = 0; io_uring_sq_space_left(&uring) == 0; ++attempts) {
    const int result = enter(0, Instant::never());
    if (result < 0) {
      if (attempts == 10'000) give_up("the kernel takes no more requests", -result);
      reap(early);
    }
  }
}

void Ring::Impl::reap(std::vector<Completion>& into) {
  io_uring_cq& queue = uring.cq;
  const uint32_t mask = *queue.kring_mask;
  const uint32_t tail = io_uring_smp_load_acquire(queue.ktail);
  uint32_t head = *queue.khead;
  for (; head != tail && into.size() < into.capacity(); ++head) {
    Completion completion;
    if (convert(queue.cqes[head & mask], completion)) into.push_back(completion);
  }
  io_uring_smp_store_release(queue.khead, head);
  if ((*uring.sq.kflags & IORING_SQ_CQ_OVERFLOW) != 0) ++overflows;
  if (wake_ended && !is_closing) {
    wake_ended = false;
    prepare_wake();
  }
}

// False: nothing for the caller.
bool Ring::Impl::convert(const io_uring_cqe& entry, Completion& completion) {
  completion.token = std::bit_cast<OpToken>(entry.user_data);
  completion.result = entry.res;
  completion.more_to_come = (entry.flags & IORING_CQE_F_MORE) != 0;
  if ((entry.flags & IORING_CQE_F_BUFFER) != 0) {
    completion.buffer =
        lent.claim(static_cast<uint16_t>(entry.flags >> IORING_CQE_BUFFER_SHIFT), entry.res > 0);
  }
  if (completion.token.kind == OpKind::wake) {
    completion.result = 0;
    if (!completion.more_to_come && !is_closing) {
      wake_ended = true;
      completion.more_to_come = true;
    }
  }
  if (completion.token.kind == OpKind::receive && entry.res == -ENOBUFS) lent.ran_dry();
  if (!completion.more_to_come) --in_flight;
  return entry.user_data != std::bit_cast<uint64_t>(kInternal);
}

void Ring::Impl::sample_clocks() {
  now = Instant{clock_nanoseconds(CLOCK_MONOTONIC)};
  wall_clock = clock_nanoseconds(CLOCK_REALTIME);
}

// A multishot poll reports every write to the eventfd by itself, so nobody has to read it: its counter
// would be full after 2^64 wake-ups.
void Ring::Impl::prepare_wake() {
  io_uring_sqe& entry = next_entry();
  io_uring_prep_rw(IORING_OP_POLL_ADD, &entry, wake_descriptor, nullptr, IORING_POLL_ADD_MULTI, 0);
  entry.poll32_events = POLLIN;
  if constexpr (std::endian::native == std::endian::big) entry.poll32_events <<= 16;
  entry.user_data = std::bit_cast<uint64_t>(wake_token);
}

}  // namespace sluice::dataplane
