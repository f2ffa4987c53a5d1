#include "dataplane/keeper/keeper.h"

#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>

#include <algorithm>

#include "dataplane/keeper/clock.h"
#include "schemas/base/log.h"

namespace sluice::dataplane {
namespace {

constexpr Duration kFirstLook = Duration::microseconds(100);
constexpr Duration kLookPauseMaxAnswerDue = Duration::milliseconds(5);
constexpr Duration kLookPauseMax = Duration::seconds(1);

const char* describe(KeeperPhase phase) {
  switch (phase) {
    case KeeperPhase::starting:
      return "starting";
    case KeeperPhase::waiting_for_admin:
      return "waiting for admin";
    case KeeperPhase::serving:
      return "serving";
    case KeeperPhase::draining:
      return "draining";
    case KeeperPhase::stopping:
      return "stopping";
    case KeeperPhase::stopped:
      return "stopped";
  }
  return "";
}

}  // namespace

std::expected<std::unique_ptr<Keeper>, std::string> Keeper::create(const KeeperOptions& options, Shelf& shelf,
                                                                   StatsMemory& stats,
                                                                   AccessLogWriter& access_log,
                                                                   WorkerWaker waker) {
  const std::string folder = options.data_dir + "/snapshots";
  auto boot_files = LastGood::open(folder);
  if (!boot_files) return std::unexpected(boot_files.error());
  auto files = LastGood::open(folder);
  if (!files) return std::unexpected(files.error());
  auto guard = CrashGuard::open(folder + "/crash-guard");
  if (!guard) return std::unexpected(guard.error());
  auto link = ControlLink::listen(options.control_socket);
  if (!link) return std::unexpected(link.error());
  return std::unique_ptr<Keeper>(new Keeper(options, shelf, stats, access_log, waker, std::move(*link),
                                            std::move(*guard), std::move(*boot_files), std::move(*files)));
}

Keeper::Keeper(const KeeperOptions& options, Shelf& shelf, StatsMemory& stats, AccessLogWriter& access_log,
               WorkerWaker waker, ControlLink link, CrashGuard guard, LastGood boot_files, LastGood files)
    : options_(options),
      shelf_(shelf),
      stats_(stats),
      access_log_(access_log),
      link_(std::move(link)),
      crash_guard_(std::move(guard)),
      boot_files_(std::move(boot_files)),
      disk_(boot_files_.pointer()),
      writer_(std::move(files)),
      listeners_(options.worker_count),
      publisher_(shelf, options.worker_count, waker),
      listener_slots_(stats.page().listener_names),
      pool_slots_(stats.page().pool_names),
      applier_({publisher_, listeners_, listener_slots_, pool_slots_, access_log, crash_guard_}) {
  stats.page().stable_generation.set(disk_.stable.generation.number);
}

Keeper::~Keeper() = default;

void Keeper::enter(KeeperPhase phase, const char* why) {
  phase_ = phase;
  log_line(LogLevel::info, "%s: %s", describe(phase), why);
}

int Keeper::run() {
  now_ = monotonic_now();
  next_second_ = now_;
  choose_boot_candidates();
  if (options_.wait_for_admin > Duration{0}) {
    wait_until_ = now_ + options_.wait_for_admin;
    enter(KeeperPhase::waiting_for_admin, "an offer comes before the last good snapshot");
  } else {
    serve_last_good();
  }
  while (phase_ != KeeperPhase::stopped) {
    wait(next_deadline());
    advance();
  }
  crash_guard_.clean_shutdown();
  return exit_code_;
}

Instant Keeper::next_deadline() const {
  return std::min({next_second_, next_look_, wait_until_});
}

void Keeper::wait(Instant deadline) {
  pollfd wanted[] = {{.fd = options_.signal_descriptor, .events = POLLIN, .revents = 0},
                     {.fd = link_.listening_descriptor(), .events = POLLIN, .revents = 0},
                     {.fd = link_.connection_descriptor(), .events = POLLIN, .revents = 0},
                     {.fd = writer_.event_descriptor(), .events = POLLIN, .revents = 0}};
  const int64_t left = std::max<int64_t>((deadline - monotonic_now()).nanoseconds, 0);
  const timespec pause{.tv_sec = left / 1'000'000'000, .tv_nsec = left % 1'000'000'000};
  const int ready = ppoll(wanted, std::size(wanted), &pause, nullptr);
  now_ = monotonic_now();
  if (ready <= 0) return;
  if (wanted[0].revents != 0) read_signals();
  if (wanted[1].revents != 0 && link_.accept()) send_hello();
  if (wanted[2].revents != 0) read_control();
  if (wanted[3].revents != 0) take_disk_results();
}

void Keeper::read_signals() {
  signalfd_siginfo info;
  while (::read(options_.signal_descriptor, &info, sizeof(info)) == static_cast<ssize_t>(sizeof(info))) {
    switch (info.ssi_signo) {
      case SIGUSR1:
        log_line(LogLevel::info, "reopening the access log: USR1");
        access_log_.reopen();
        break;
      case SIGINT:
        if (phase_ == KeeperPhase::draining) {
          begin_stop("second signal");
          break;
        }
        begin_drain("INT");
        break;
      case SIGTERM:
        begin_drain("TERM");
        break;
      case SIGQUIT:
        begin_drain("QUIT");
        break;
      default:
        break;
    }
  }
}

void Keeper::read_control() {
  while (auto received = link_.receive()) {
    if (const auto* offer = std::get_if<OfferMessage>(&received->message)) {
      take_offer(*offer, std::move(received->descriptor));
    } else if (const auto* drain = std::get_if<DrainMessage>(&received->message)) {
      if (drain->action == DrainAction::drain) {
        begin_drain("admin asked for it");
      } else {
        log_line(LogLevel::warning, "admin asked to undrain: a drain ends with the process, start it again");
      }
    } else {
      log_line(LogLevel::warning, "ignored a message of admin that only a data plane sends");
    }
  }
}

void Keeper::look_soon() {
  look_pause_ = kFirstLook;
  next_look_ = monotonic_now() + look_pause_;
}

void Keeper::schedule_next_look() {
  const bool waits_for_workers = publisher_.has_retired() || listeners_.retiring_count() > 0;
  const bool answer_is_due =
      !pending_.empty() || phase_ == KeeperPhase::draining || phase_ == KeeperPhase::stopping;
  if (!waits_for_workers && !answer_is_due) {
    next_look_ = Instant::never();
    return;
  }
  look_pause_ =
      std::clamp(look_pause_ * 2, kFirstLook, answer_is_due ? kLookPauseMaxAnswerDue : kLookPauseMax);
  next_look_ = now_ + look_pause_;
}

// Everything that happens because time passed or a worker moved.
void Keeper::advance() {
  if (now_ >= next_look_) {
    watch_adoption();
    watch_drain();
    schedule_next_look();
  }
  if (now_ >= wait_until_) {
    wait_until_ = Instant::never();
    log_line(LogLevel::info, "no offer came in %lld ms",
             static_cast<long long>(options_.wait_for_admin.in_milliseconds()));
    serve_last_good();
  }
  if (now_ < next_second_) return;
  next_second_ = now_ + 1_s;
  stats_.page().heartbeat_nanoseconds.set(static_cast<uint64_t>(now_.nanoseconds));
  stats_.page().access_log_lost.set(access_log_.lines_lost());
  if (boot_failed_ && phase_ == KeeperPhase::serving) serve_last_good();
  watch_bake();
  watch_pressure();
  send_status();
}

}  // namespace sluice::dataplane
