#include "tools/cli/signal.h"

#include <csignal>
#include <cstdio>
#include <cstring>
#include <ctime>
#include <nlohmann/json.hpp>

#include "admin/model/system_sources.h"
#include "tools/cli/config_check.h"
#include "tools/cli/http_client.h"
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

// The running gateway: where it keeps its data, and where its admin process answers.
struct Target {
  std::string data_dir;
  std::string admin_address;  // Empty: not known.
};

// Prints why when it cannot be told.
bool find_target(const Options& options, Target& target) {
  std::string& data_dir = target.data_dir;
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
    target.admin_address = admin::to_text(config->admin.listen);
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

void pause(int64_t milliseconds) {
  const timespec time{.tv_sec = milliseconds / 1000, .tv_nsec = milliseconds % 1000 * 1'000'000};
  nanosleep(&time, nullptr);
}

// How the admin's last change of configuration ended; null when it does not answer.
nlohmann::json last_reload(const std::string& admin_address) {
  const auto answer = http_get(admin_address, "/api/v1/status");
  if (!answer) return nullptr;
  const auto status = nlohmann::json::parse(answer->body, nullptr, false);
  if (!status.is_object() || !status.contains("config") || !status["config"].is_object()) return nullptr;
  return status["config"].value("last_reload", nlohmann::json());
}

// Until the admin reports another change than `before`; the exit code.
int wait_for_reload(const std::string& admin_address, const nlohmann::json& before) {
  constexpr int kTriesMax = 500;  // 10 s: a 100,000 route file takes one.
  for (int attempt = 0; attempt < kTriesMax; ++attempt) {
    pause(20);
    const nlohmann::json now = last_reload(admin_address);
    if (!now.is_object() || now == before) continue;
    if (now.value("success", true)) {
      printf("reloaded\n");
      return 0;
    }
    fprintf(stderr, "sluice: not reloaded: %s\nthe running gateway keeps what it had\n",
            now.value("error", "no reason was given").c_str());
    return 1;
  }
  printf("told to reload; `sluice status` shows the outcome\n");
  return 0;
}

}  // namespace

int send_signal(const Options& options) {
  const Known* known = find_known(options.signal);
  if (known == nullptr) {
    fprintf(stderr, "sluice: unknown signal '%s'; known are reload, quit, stop and reopen\n",
            options.signal.c_str());
    return 1;
  }
  Target target;
  if (!find_target(options, target)) return 1;
  const auto pid = running_supervisor(target.data_dir);
  if (!pid) {
    fprintf(stderr, "sluice: %s\n", pid.error().c_str());
    return 1;
  }
  nlohmann::json before;
  if (!target.admin_address.empty()) before = last_reload(target.admin_address);
  if (kill(*pid, known->number) != 0) {
    fprintf(stderr, "sluice: cannot signal pid %d: %s\n", *pid, strerror(errno));
    return 1;
  }
  if (known->number == SIGINT) {
    pause(100);  // Pending signals of one number merge.
    kill(*pid, SIGINT);
  }
  return before.is_object() ? wait_for_reload(target.admin_address, before) : 0;
}

}  // namespace sluice::cli
