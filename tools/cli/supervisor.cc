#include "tools/cli/supervisor.h"

#include <poll.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace sluice::cli {
namespace {

// How long the data plane waits for the admin's first offer before it serves the last good snapshot: long
// enough for a 100,000 route file, so that an edited file is not preceded by the old one.
constexpr const char* kFirstOfferMilliseconds = "3000";
constexpr Duration kFirstStartWindow = 10_s;
constexpr Duration kAdminStopTimeout = 5_s;
constexpr Duration kDrainGrace = 5_s;
constexpr Duration kHurryTimeout = 1_s;

Instant read_clock() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return {now.tv_sec * 1'000'000'000LL + now.tv_nsec};
}

sigset_t handled_signals() {
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGCHLD, SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1}) sigaddset(&set, number);
  return set;
}

}  // namespace

Supervisor::Supervisor(const SupervisorOptions& options)
    : options_(options), readiness_(options.admin_address) {
  data_plane_.title = "data plane";
  data_plane_.command = {options.binary_folder + "/sluice-dataplane", "--data-dir", options.data_dir};
  if (options.workers != "auto") {
    data_plane_.command.insert(data_plane_.command.end(), {"--workers", options.workers});
  }
  data_plane_.first_start_arguments = {"--wait-for-admin", kFirstOfferMilliseconds};
  admin_.title = "admin";
  admin_.command = {options.binary_folder + "/sluice-admin", "-c", options.config_path, "--data-dir",
                    options.data_dir};
}

int Supervisor::run() {
  const sigset_t handled = handled_signals();
  sigprocmask(SIG_BLOCK, &handled, nullptr);
  signal(SIGPIPE, SIG_IGN);
  const int signal_descriptor = signalfd(-1, &handled, SFD_NONBLOCK | SFD_CLOEXEC);
  Instant now = read_clock();
  data_plane_.start_due = admin_.start_due = now;
  while (!is_over()) {
    start_due_children(now);
    wait(signal_descriptor, now);
    now = read_clock();
    take_signals(signal_descriptor, now);
    enforce_deadline(now);
    if (phase_ == Phase::running && readiness_.advance(now)) {
      fprintf(stderr, "sluice: serving %s, admin http://%s\n", options_.traffic_summary.c_str(),
              options_.admin_address.c_str());
      notify_service_manager("READY=1");
    }
  }
  close(signal_descriptor);
  return exit_code_;
}

bool Supervisor::is_over() const {
  return phase_ == Phase::stopping && !data_plane_.is_running() && !admin_.is_running();
}

void Supervisor::start_due_children(Instant now) {
  if (phase_ != Phase::running) return;
  for (Child* child : {&data_plane_, &admin_}) {
    if (child->is_running() || now < child->start_due) continue;
    if (start(*child, now)) {
      fprintf(stderr, "sluice: %s started (pid %d)\n", child->title, child->pid);
    } else {
      child->start_due = now + child->restart.on_death({});
    }
  }
}

void Supervisor::wait(int signal_descriptor, Instant now) {
  Instant due = std::min({data_plane_.start_due, admin_.start_due, kill_due_, second_interrupt_due_});
  if (phase_ == Phase::running) due = std::min(due, readiness_.next_due());
  int timeout = -1;
  if (!due.is_never()) {
    timeout = static_cast<int>(std::max<int64_t>(0, (due - now).in_milliseconds() + 1));
  }
  pollfd watched[2] = {
      {.fd = signal_descriptor, .events = POLLIN, .revents = 0},
      {.fd = readiness_.descriptor(),
       .events = static_cast<short>(readiness_.is_waiting_to_write() ? POLLOUT : POLLIN),
       .revents = 0},
  };
  poll(watched, phase_ == Phase::running ? 2 : 1, timeout);
}

void Supervisor::take_signals(int signal_descriptor, Instant now) {
  signalfd_siginfo info{};
  while (read(signal_descriptor, &info, sizeof info) == static_cast<ssize_t>(sizeof info)) {
    switch (static_cast<int>(info.ssi_signo)) {
      case SIGCHLD:
        break;  // Signals merge, so every turn reaps.
      case SIGHUP:
        fprintf(stderr, "sluice: reloading %s\n", options_.config_path.c_str());
        admin_.signal(SIGHUP);
        break;
      case SIGUSR1:
        admin_.signal(SIGUSR1);
        data_plane_.signal(SIGUSR1);
        break;
      default:
        on_stop_signal(static_cast<int>(info.ssi_signo), now);
    }
  }
  reap(now);
}

void Supervisor::on_stop_signal(int number, Instant now) {
  if (number == SIGINT && ++interrupts_ > 1) {
    stop_at_once(now);
  } else if (phase_ == Phase::running) {
    fprintf(stderr, "sluice: draining (%s); a second INT stops at once\n", strsignal(number));
    begin_drain(now);
  }
}

void Supervisor::begin_drain(Instant now) {
  phase_ = Phase::draining;
  notify_service_manager("STOPPING=1");
  data_plane_.start_due = admin_.start_due = Instant::never();
  kill_due_ = now + options_.drain_timeout + kDrainGrace;
  data_plane_.signal(SIGTERM);
  if (!data_plane_.is_running()) {
    phase_ = Phase::stopping;
    admin_.signal(SIGTERM);
    kill_due_ = now + kAdminStopTimeout;
  }
}

// The data plane stops at its second INT; signals of one number merge while pending, so the two are sent a
// moment apart, and SIGKILL follows.
void Supervisor::stop_at_once(Instant now) {
  if (hurried_) return;
  hurried_ = true;
  fprintf(stderr, "sluice: stopping at once\n");
  if (phase_ == Phase::running) begin_drain(now);
  data_plane_.signal(SIGINT);
  admin_.signal(SIGTERM);
  second_interrupt_due_ = now + 50_ms;
  kill_due_ = now + kHurryTimeout;
}

void Supervisor::enforce_deadline(Instant now) {
  if (now >= second_interrupt_due_) {
    second_interrupt_due_ = Instant::never();
    data_plane_.signal(SIGINT);
  }
  if (now < kill_due_) return;
  kill_due_ = Instant::never();
  for (const Child* child : {&data_plane_, &admin_}) {
    if (!child->is_running() || (phase_ == Phase::draining && !hurried_ && child == &admin_)) continue;
    fprintf(stderr, "sluice: %s did not stop in time; killing it\n", child->title);
    child->signal(SIGKILL);
  }
}

void Supervisor::reap(Instant now) {
  int wait_status = 0;
  pid_t pid = 0;
  while ((pid = waitpid(-1, &wait_status, WNOHANG)) > 0) {
    for (Child* child : {&data_plane_, &admin_}) {
      if (child->pid == pid) on_death(*child, wait_status, now);
    }
  }
}

void Supervisor::on_death(Child& child, int wait_status, Instant now) {
  const Duration lifetime = now - child.started_at;
  const bool first_start = child.restart.is_fresh() && lifetime < kFirstStartWindow;
  child.pid = -1;
  char how[64];
  if (WIFSIGNALED(wait_status)) {
    snprintf(how, sizeof how, "was killed by signal %d", WTERMSIG(wait_status));
  } else {
    snprintf(how, sizeof how, "exited with code %d", WEXITSTATUS(wait_status));
  }
  if (phase_ != Phase::running) {
    fprintf(stderr, "sluice: %s stopped\n", child.title);
    if (&child == &data_plane_) {
      phase_ = Phase::stopping;
      admin_.signal(SIGTERM);
      if (!hurried_) kill_due_ = now + kAdminStopTimeout;
    }
    return;
  }
  const int code = WIFEXITED(wait_status) ? WEXITSTATUS(wait_status) : -1;
  if (first_start && (code == 1 || code == 2)) {
    fprintf(stderr, "sluice: %s could not start; giving up\n", child.title);
    exit_code_ = code;
    begin_drain(now);
    return;
  }
  const Duration pause = child.restart.on_death(lifetime);
  child.start_due = now + pause;
  fprintf(stderr, "sluice: %s %s after %.1f s; restarting it in %lld ms\n", child.title, how,
          static_cast<double>(lifetime.in_milliseconds()) / 1000.0,
          static_cast<long long>(pause.in_milliseconds()));
}

}  // namespace sluice::cli
