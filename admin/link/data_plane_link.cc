#include "admin/link/data_plane_link.h"

#include <poll.h>
#include <spdlog/spdlog.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <chrono>
#include <utility>

#include "admin/link/clock.h"

namespace sluice::admin {
namespace {

// Both processes are usually started together: the first tries come quickly, so that the first snapshot
// does not wait for a clock. Later ones grow, so that a missing data plane costs nothing.
constexpr uint32_t kQuickAttempts = 50;
constexpr Duration kQuickBackoff = 10_ms;
constexpr Duration kBackoffMin = 50_ms;
constexpr Duration kBackoffMax = 1_s;
// A connection that ends sooner counts as a failed try: one that breaks at once must not be made in a loop.
constexpr Duration kSettled = 1_s;
constexpr Duration kHelloTimeout = 5_s;
// A data plane says something once a second; half a minute of silence is a hung keeper. A new connection
// is the only thing that can help, and its traffic goes on either way.
constexpr Duration kSilenceMax = 30_s;

int poll_timeout(Duration time) {
  return static_cast<int>(std::max<int64_t>(0, time.in_milliseconds() + 1));
}

std::chrono::nanoseconds chrono_of(Duration time) {
  return std::chrono::nanoseconds(time.nanoseconds);
}

}  // namespace

DataPlaneLink::DataPlaneLink(LinkOptions options)
    : options_(std::move(options)),
      wake_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      jitter_(options_.seed),
      backoff_(kBackoffMin) {}

DataPlaneLink::~DataPlaneLink() {
  stop();
}

void DataPlaneLink::start(std::function<void(const LinkEvent&)> on_event) {
  on_event_ = std::move(on_event);
  thread_ = std::thread([this] { run(); });
}

void DataPlaneLink::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  wake();
  if (thread_.joinable()) thread_.join();
}

void DataPlaneLink::wake() {
  const uint64_t one = 1;
  (void)!write(wake_.get(), &one, sizeof(one));  // Full means a wake-up is already waiting.
}

bool DataPlaneLink::is_stopping() const {
  const std::lock_guard lock(mutex_);
  return stopping_;
}

void DataPlaneLink::want(SnapshotOffer offer) {
  {
    const std::lock_guard lock(mutex_);
    state_.want(std::move(offer));
  }
  wake();
}

Outcome DataPlaneLink::wait(Generation generation, Duration timeout) {
  std::unique_lock lock(mutex_);
  if (!state_.view().connected) return {.kind = OutcomeKind::not_connected};
  Outcome outcome{.kind = OutcomeKind::timed_out};
  changed_.wait_for(lock, chrono_of(timeout), [&] {
    const DataPlaneView& view = state_.view();
    if (view.conflict == generation) {  // First: the number may be equal and the bytes different.
      outcome.kind = OutcomeKind::conflict;
      outcome.seen = view.conflict_seen;
      outcome.seen_hash = view.conflict_seen == view.applied ? view.applied_hash : ContentHash{};
    } else if (view.applied == generation) {
      outcome.kind = OutcomeKind::applied;
      outcome.applied = view.last_applied.generation == generation ? view.last_applied
                                                                   : AppliedMessage{.generation = generation};
    } else if (view.last_rejection && view.last_rejection->rejected.generation == generation) {
      outcome.kind = OutcomeKind::rejected;
      outcome.rejected = view.last_rejection->rejected;
    }
    return stopping_ || outcome.kind != OutcomeKind::timed_out;
  });
  return outcome;
}

CheckVerdict DataPlaneLink::check(SnapshotOffer offer, Duration timeout) {
  auto request = std::make_shared<CheckRequest>();
  request->offer = std::move(offer);
  std::unique_lock lock(mutex_);
  state_.ask(request);
  wake();
  changed_.wait_for(lock, chrono_of(timeout), [&] { return stopping_ || request->is_done; });
  if (!request->is_done) state_.forget(request);
  return request->verdict;
}

DataPlaneView DataPlaneLink::view() const {
  const std::lock_guard lock(mutex_);
  return state_.view();
}

void DataPlaneLink::run() {
  while (!is_stopping()) {
    if (try_connect()) {
      const Instant began = monotonic_now();
      serve();
      if (monotonic_now() - began >= kSettled) {
        backoff_ = kBackoffMin;
        attempts_ = 0;
      }
    }
    if (++attempts_ <= kQuickAttempts) {
      pause(kQuickBackoff);
      continue;
    }
    const auto spread = static_cast<uint64_t>(backoff_.nanoseconds);
    pause(Duration{static_cast<int64_t>(spread / 2 + jitter_.below(spread))});
    backoff_ = std::min(backoff_ * 2, kBackoffMax);
  }
}

bool DataPlaneLink::wait_for_input(int fd, Duration time) {
  pollfd events[2] = {{fd, POLLIN, 0}, {wake_.get(), POLLIN, 0}};  // A negative fd is ignored.
  poll(events, 2, poll_timeout(time));
  if ((events[1].revents & POLLIN) != 0) {
    uint64_t count = 0;
    (void)!read(wake_.get(), &count, sizeof(count));
  }
  return events[0].revents != 0;
}

// A new wish does not make a missing data plane appear: only stop() ends the pause early.
void DataPlaneLink::pause(Duration time) {
  const Instant end = monotonic_now() + time;
  for (Instant now = monotonic_now(); now < end && !is_stopping(); now = monotonic_now()) {
    wait_for_input(-1, end - now);
  }
}

void DataPlaneLink::disconnect(const std::string& reason) {
  socket_.reset();
  {
    const std::lock_guard lock(mutex_);
    state_.disconnected(reason);
  }
  changed_.notify_all();
  // Said once per reason. A data plane that starts a moment later than we do is not worth a line.
  if (!is_stopping() && attempts_ >= kQuickAttempts && reason != logged_trouble_) {
    spdlog::warn("data plane is not connected: {}; traffic does not depend on it, trying again", reason);
    logged_trouble_ = reason;
  }
  deliver_events();
}

bool DataPlaneLink::try_connect() {
  auto connected = ControlSocket::connect(options_.socket_path, options_.uid);
  if (!connected) {
    disconnect(connected.error());
    return false;
  }
  socket_ = std::move(*connected);
  const Instant deadline = monotonic_now() + kHelloTimeout;
  for (;;) {
    auto frame = socket_->receive();
    if (frame) return greet(std::move(*frame));
    if (frame.error().end != ReceiveEnd::nothing_now) {
      disconnect(frame.error().message);
      return false;
    }
    const Duration left = deadline - monotonic_now();
    if (left.nanoseconds <= 0 || is_stopping()) {
      disconnect("it accepted the connection but sent no HELLO within 5 s");
      return false;
    }
    wait_for_input(socket_->fd(), left);
  }
}

bool DataPlaneLink::greet(ReceivedFrame frame) {
  auto* hello = std::get_if<HelloMessage>(&frame.message);
  if (hello == nullptr) {
    disconnect("its first message was not HELLO");
    return false;
  }
  std::shared_ptr<const StatsMapping> stats;
  if (auto attached = StatsMapping::attach(frame.descriptor)) {
    stats = std::move(*attached);
  } else {
    spdlog::warn("no metrics from the data plane: {}", attached.error());
  }
  spdlog::info("connected to the data plane, process {}, version {}, {} workers, applied revision {}",
               hello->pid, hello->version, hello->workers, hello->applied_revision);
  logged_trouble_.clear();
  {
    const std::lock_guard lock(mutex_);
    state_.connected(std::move(*hello), std::move(stats), unix_milliseconds());
  }
  changed_.notify_all();
  deliver_events();
  return true;
}

std::optional<std::string> DataPlaneLink::read_messages() {
  for (;;) {
    auto frame = socket_->receive();
    if (!frame) {
      if (frame.error().end == ReceiveEnd::nothing_now) return std::nullopt;
      return frame.error().message;
    }
    bool understood = false;
    {
      const std::lock_guard lock(mutex_);
      understood = state_.received(frame->message, monotonic_now(), unix_milliseconds());
    }
    changed_.notify_all();
    if (!understood)
      return "it sent a message that has no place here (type " + std::to_string(frame->message.index()) + ")";
  }
}

std::optional<std::string> DataPlaneLink::send_due_offer() {
  std::optional<OutgoingOffer> outgoing;
  {
    const std::lock_guard lock(mutex_);
    outgoing = state_.next_offer(monotonic_now());
  }
  if (!outgoing) return std::nullopt;
  auto sent = socket_->send(encode_offer(outgoing->message), outgoing->memory->fd());
  if (!sent) return sent.error();
  return std::nullopt;
}

void DataPlaneLink::serve() {
  Instant heard = monotonic_now();
  while (!is_stopping()) {
    std::optional<std::string> end = send_due_offer();
    deliver_events();
    if (end) return lose(*end);
    Instant next = heard + kSilenceMax;
    {
      const std::lock_guard lock(mutex_);
      next = std::min(next, state_.retry_at());
    }
    if (wait_for_input(socket_->fd(), next - monotonic_now())) {
      heard = monotonic_now();
      end = read_messages();
      deliver_events();
      if (end) return lose(*end);
    } else if (monotonic_now() >= heard + kSilenceMax) {
      return lose("it was silent for 30 s");
    }
  }
  disconnect("the admin is stopping");
}

void DataPlaneLink::lose(const std::string& reason) {
  spdlog::warn("lost the data plane: {}; connecting again", reason);
  disconnect(reason);
}

void DataPlaneLink::deliver_events() {
  std::vector<LinkEvent> events;
  {
    const std::lock_guard lock(mutex_);
    events = state_.take_events();
  }
  if (!on_event_) return;
  for (const LinkEvent& event : events) on_event_(event);
}

}  // namespace sluice::admin
