// One child process of the supervisor: how to start it, whether it lives, when it may start again.
// Refuses to decide anything: the supervisor says when to start and what to send.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "schemas/base/units.h"
#include "tools/cli/restart_policy.h"

namespace sluice::cli {

struct Child {
  const char* title = "";                          // "data plane"
  std::vector<std::string> command;                // Program and arguments; [0] is a path.
  std::vector<std::string> first_start_arguments;  // Added at the very first start only.
  pid_t pid = -1;                                  // -1: not running.
  bool was_started = false;
  Instant started_at;
  Instant start_due = Instant::never();  // When it is to be started (again).
  RestartPolicy restart;

  bool is_running() const { return pid > 0; }
  void signal(int number) const;  // Nothing when it does not run.
};

// Starts the child in a process group of its own, so that Ctrl-C reaches only the supervisor, which forwards
// it once; asks the kernel to send it SIGTERM when the supervisor dies. False: fork failed (message printed).
bool start(Child& child, Instant now);

}  // namespace sluice::cli
