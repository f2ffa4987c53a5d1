#include "dataplane/keeper/access_log_writer.h"

#include <poll.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "dataplane/keeper/clock.h"
#include "schemas/base/check.h"
#include "schemas/base/log.h"

namespace sluice::dataplane {
namespace {

// At 100,000 requests a second of 300 bytes a 1 MiB ring fills in 35 ms: the idle pause must stay below.
constexpr int kIdlePauseMilliseconds = 20;
constexpr int kBusyPauseMilliseconds = 2;

LogLimit sink_errors(1);

}  // namespace

AccessLogWriter::AccessLogWriter(std::vector<AccessLogRing*> rings)
    : rings_(std::move(rings)), bell_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)), scratch_(rings_.size()) {
  CHECK(bell_.is_open());
  for (AccessLogRing* ring : rings_) ring->turn(false);
  thread_ = std::thread([this] { run(); });
}

AccessLogWriter::~AccessLogWriter() {
  stop(Duration{0});
}

void AccessLogWriter::ring_bell() {
  const uint64_t one = 1;
  [[maybe_unused]] const ssize_t written = ::write(bell_.get(), &one, sizeof(one));  // Full is rung, too.
}

void AccessLogWriter::configure(AccessLogFormat format, std::optional<AccessLogSink> sink) {
  // Before the caller publishes what the lines are for: the first request is logged, too.
  for (AccessLogRing* ring : rings_) ring->turn(!format.is_off());
  {
    const std::lock_guard lock(mutex_);
    orders_.changed = true;
    orders_.format = std::move(format);
    orders_.sink = std::move(sink);
  }
  ring_bell();
}

void AccessLogWriter::reopen() {
  {
    const std::lock_guard lock(mutex_);
    orders_.reopen = true;
  }
  ring_bell();
}

void AccessLogWriter::stop(Duration patience) {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    orders_.stop_deadline_nanoseconds = (monotonic_now() + patience).nanoseconds;
  }
  ring_bell();
  thread_.join();
}

void AccessLogWriter::run() {
  while (true) {
    const bool stays = take_orders();
    const bool popped = collect();
    flush();
    if (!stays) {
      const bool empty = !popped && pending_start_ == pending_.size();
      if (empty || monotonic_now().nanoseconds >= *stop_deadline_nanoseconds_) return;
      if (popped && !sink_is_full_) continue;
    }
    wait(popped);
  }
}

bool AccessLogWriter::take_orders() {
  uint64_t rings = 0;
  [[maybe_unused]] const ssize_t drained = ::read(bell_.get(), &rings, sizeof(rings));
  const std::lock_guard lock(mutex_);
  if (orders_.changed) {
    orders_.changed = false;
    // What was pushed so far belongs to the old format and sink; what that does not take now goes to the new.
    // (After off everything is for the new one: the rings were turned on by this order.)
    while (!format_.is_off() && collect()) flush();
    flush();
    skip_broken_line();
    format_ = std::move(orders_.format);
    sink_ = std::move(orders_.sink);
    orders_.sink.reset();
    sink_is_full_ = false;
  }
  if (orders_.reopen) {
    orders_.reopen = false;
    reopen_sink();
  }
  stop_deadline_nanoseconds_ = orders_.stop_deadline_nanoseconds;
  return !stop_deadline_nanoseconds_.has_value();
}

void AccessLogWriter::reopen_sink() {
  if (!sink_) return;
  std::expected<AccessLogSink, std::string> fresh = AccessLogSink::open(sink_->path());
  if (!fresh) {
    log_line(LogLevel::error, "%s; the file that was open stays in use", fresh.error().c_str());
    return;
  }
  flush();
  skip_broken_line();
  sink_ = std::move(*fresh);
  sink_is_full_ = false;
}

bool AccessLogWriter::collect() {
  bool popped = false;
  AccessRecord record;
  uint64_t lost = 0;
  // Round robin with a bound per ring, so that one busy worker cannot keep the others' records waiting.
  for (std::size_t i = 0; i < rings_.size(); ++i) {
    for (uint32_t count = 0; count < 1024 && pending_.size() - pending_start_ < kPendingBytesMax; ++count) {
      if (!rings_[i]->pop(record, scratch_[i])) break;
      popped = true;
      if (sink_) {
        format_.append(record, pending_);
      } else if (!format_.is_off()) {
        ++lost;
      }
    }
  }
  if (lost > 0) lines_lost_.fetch_add(lost, std::memory_order_relaxed);
  return popped;
}

void AccessLogWriter::flush() {
  sink_is_full_ = false;
  while (pending_start_ < pending_.size()) {
    if (!sink_) return drop_pending(EBADF);
    const ssize_t taken =
        sink_->write_some(pending_.data() + pending_start_, pending_.size() - pending_start_);
    if (taken < 0) return drop_pending(static_cast<int>(-taken));
    if (taken == 0) {
      sink_is_full_ = true;
      break;
    }
    const std::string_view written(pending_.data() + pending_start_, static_cast<std::size_t>(taken));
    lines_written_.fetch_add(static_cast<uint64_t>(std::count(written.begin(), written.end(), '\n')),
                             std::memory_order_relaxed);
    line_is_broken_ = written.back() != '\n';
    pending_start_ += static_cast<std::size_t>(taken);
  }
  // One move of what is left per pass; the capacity stays.
  pending_.erase(0, pending_start_);
  pending_start_ = 0;
}

void AccessLogWriter::drop_pending(int error) {
  const auto lost = static_cast<uint64_t>(
      std::count(pending_.begin() + static_cast<std::ptrdiff_t>(pending_start_), pending_.end(), '\n'));
  lines_lost_.fetch_add(lost, std::memory_order_relaxed);
  log_limited(sink_errors, LogLevel::error, "access log %s: %s; %llu lines lost",
              sink_ ? sink_->path().c_str() : "", std::strerror(error),
              static_cast<unsigned long long>(lost));
  pending_.clear();
  pending_start_ = 0;
  line_is_broken_ = false;
}

// The old sink has the first half of a line and will not take the rest: the new one must not get a torso.
void AccessLogWriter::skip_broken_line() {
  if (!line_is_broken_) return;
  line_is_broken_ = false;
  const std::size_t end = pending_.find('\n', pending_start_);
  pending_.erase(0, end == std::string::npos ? pending_.size() : end + 1);
  pending_start_ = 0;
  lines_lost_.fetch_add(1, std::memory_order_relaxed);
}

void AccessLogWriter::wait(bool busy) {
  pollfd wanted[2] = {{.fd = bell_.get(), .events = POLLIN, .revents = 0},
                      {.fd = sink_is_full_ ? sink_->descriptor() : -1, .events = POLLOUT, .revents = 0}};
  const bool is_asleep = format_.is_off() && !stop_deadline_nanoseconds_;
  poll(wanted, 2, is_asleep ? -1 : busy ? kBusyPauseMilliseconds : kIdlePauseMilliseconds);
}

}  // namespace sluice::dataplane
