#include "tools/cli/child.h"

#include <sys/prctl.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstring>

namespace sluice::cli {

void Child::signal(int number) const {
  if (is_running()) kill(pid, number);
}

bool start(Child& child, Instant now) {
  std::vector<std::string> command = child.command;
  if (!child.was_started) {
    command.insert(command.end(), child.first_start_arguments.begin(), child.first_start_arguments.end());
  }
  std::vector<char*> arguments;
  for (std::string& argument : command) arguments.push_back(argument.data());
  arguments.push_back(nullptr);

  child.start_due = Instant::never();
  child.started_at = now;
  const pid_t supervisor = getpid();
  const pid_t pid = fork();
  if (pid < 0) {
    fprintf(stderr, "sluice: cannot start the %s: %s\n", child.title, strerror(errno));
    return false;
  }
  if (pid == 0) {
    setpgid(0, 0);
    prctl(PR_SET_PDEATHSIG, SIGTERM);
    if (getppid() != supervisor) _exit(0);  // The supervisor died before prctl took effect.
    // What the supervisor (or the shell that started it) ignores, its children do not.
    for (const int number : {SIGHUP, SIGINT, SIGTERM, SIGQUIT, SIGUSR1, SIGPIPE}) ::signal(number, SIG_DFL);
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, nullptr);
    execv(arguments[0], arguments.data());
    fprintf(stderr, "sluice: cannot run %s: %s\n", arguments[0], strerror(errno));
    _exit(2);
  }
  child.pid = pid;
  child.was_started = true;
  return true;
}

}  // namespace sluice::cli
