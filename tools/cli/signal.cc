#include "tools/cli/signal.h"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>

#include "admin/model/system_sources.h"
#include "tools/cli/config_check.h"
#include "tools/cli/pid_file.h"

namespace sluice::cli {
namespace {

struct Known {
  const char* name;
  int number;
};
// stop is a first INT (drain) and a second one (at once), as on a terminal.
constexpr Known kKnown[] = {{"reload", SIGHUP}, {"quit", SIGQUIT}, {"stop", SIGINT}, {"reopen", SIGUSR1}};

const Known* find_known(const std::string& name) {
  for (const Known& known : kKnown) {
    if (name == known.name) return &known;
  }
  return nullptr;
}

// Where the running gateway keeps its data; prints why when that cannot be told.
bool find_data_dir(const Options& options, std::string& data_dir) {
  data_dir = options.data_dir;
  if (options.config_path.empty()) {
    if (data_dir.empty()) data_dir = admin::Config().data_dir;
    return true;
  }
  if (options.signal == "reload") {
    const auto config = check_config_file(options.config_path);
    if (!config) {
      fprintf(stderr, "%s\nsluice: not reloaded; the running gateway keeps what it has\n",
              admin::to_text(config.error()).c_str());
      return false;
    }
    if (data_dir.empty()) data_dir = config->data_dir;
  } else if (data_dir.empty()) {
    const auto config = admin::load_config_file(options.config_path);
    if (!config) {
      fprintf(stderr, "%s\nsluice: which gateway is meant? Repair the file, or pass --data-dir\n",
              admin::to_text(config.error()).c_str());
      return false;
    }
    data_dir = config->data_dir;
  }
  return true;
}

}  // namespace

int send_signal(const Options& options) {
  const Known* known = find_known(options.signal);
  if (known == nullptr) {
    fprintf(stderr, "sluice: unknown signal '%s'; known are reload, quit, stop and reopen\n",
            options.signal.c_str());
    return 1;
  }
  std::string data_dir;
  if (!find_data_dir(options, data_dir)) return 1;
  const auto pid = running_supervisor(data_dir);
  if (!pid) {
    fprintf(stderr, "sluice: %s\n", pid.error().c_str());
    return 1;
  }
  if (kill(*pid, known->number) != 0) {
    fprintf(stderr, "sluice: cannot signal pid %d: %s\n", *pid, strerror(errno));
    return 1;
  }
  if (known->number == SIGINT) {
    const timespec between{.tv_sec = 0, .tv_nsec = 100'000'000};  // Pending signals of one number merge.
    nanosleep(&between, nullptr);
    kill(*pid, SIGINT);
  }
  return 0;
}

}  // namespace sluice::cli
