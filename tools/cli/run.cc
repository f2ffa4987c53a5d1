#include "tools/cli/run.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>

#include "tools/cli/address.h"
#include "tools/cli/config_check.h"
#include "tools/cli/pid_file.h"
#include "tools/cli/supervisor.h"

namespace sluice::cli {
namespace {

std::string traffic_summary(const admin::Config& config) {
  std::string text;
  for (const auto& listener : config.listeners) {
    if (!text.empty()) text += ", ";
    text += listener->protocol == wire::Protocol::http ? "http://" : "tcp://";
    text += admin::to_text(listener->address);
  }
  return text.empty() ? "no listeners" : text;
}

// A folder that goes away with everything in it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    const char* parent = std::getenv("TMPDIR");
    path_ = std::string(parent != nullptr ? parent : "/tmp") + "/sluice-proxy-XXXXXX";
    if (mkdtemp(path_.data()) == nullptr) path_.clear();
  }
  ~TemporaryFolder() {
    std::error_code ignored;
    if (!path_.empty()) std::filesystem::remove_all(path_, ignored);
  }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::string& path() const { return path_; }  // Empty: it could not be made.

 private:
  std::string path_;
};

std::string proxy_config(const Options& options, const std::string& admin_address) {
  std::string text = "admin: {listen: \"" + admin_address + "\"}\n";
  text += "listeners:\n  - {name: proxy, address: \"" + options.from + "\", protocol: " + options.protocol +
          "}\n";
  text += "peers:\n";
  std::string members;
  for (size_t i = 0; i < options.to.size(); ++i) {
    const std::string name = "origin-" + std::to_string(i + 1);
    text += "  - {name: " + name + ", address: \"" + options.to[i] + "\"}\n";
    members += (i == 0 ? "" : ", ") + name;
  }
  text += "pools:\n  - {name: origins, mode: load_balancing, policy: " + options.policy + ", members: [" +
          members + "]}\n";
  const std::string match = options.protocol == "http" ? "match: {path_prefix: /}" : "listener: proxy";
  return text + "routes:\n  - {name: all, " + match + ", pool: origins}\n";
}

}  // namespace

std::string binary_folder() {
  std::error_code failure;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", failure);
  return failure ? "." : self.parent_path().string();
}

int run(const Options& options) {
  const auto config = check_config_file(options.config_path);
  if (!config) {
    fprintf(stderr, "%s\n", admin::to_text(config.error()).c_str());
    return 1;
  }
  SupervisorOptions supervised;
  supervised.binary_folder = binary_folder();
  supervised.data_dir = options.data_dir.empty() ? config->data_dir : options.data_dir;
  for (const char* program : {"/sluice-dataplane", "/sluice-admin"}) {
    if (access((supervised.binary_folder + program).c_str(), X_OK) == 0) continue;
    fprintf(stderr, "sluice: %s%s is missing; install all three programs into one folder\n",
            supervised.binary_folder.c_str(), program);
    return 2;
  }
  const auto pid_file = PidFile::acquire(supervised.data_dir);
  if (!pid_file) {
    fprintf(stderr, "sluice: %s\n", pid_file.error().c_str());
    return 1;
  }
  const admin::ConfigErrors in_use = find_addresses_in_use(*config);
  if (!in_use.empty()) {
    fprintf(stderr, "%s\n", admin::to_text(in_use).c_str());
    return 1;
  }
  supervised.config_path = options.config_path;
  supervised.workers = config->workers == 0 ? "auto" : std::to_string(config->workers);
  supervised.admin_address = admin::to_text(config->admin.listen);
  supervised.traffic_summary = traffic_summary(*config);
  supervised.drain_timeout = Duration::milliseconds(config->drain_milliseconds);
  return Supervisor(supervised).run();
}

int run_proxy(const Options& options) {
  const TemporaryFolder folder;
  if (folder.path().empty()) {
    fprintf(stderr, "sluice: cannot make a temporary directory: %s; set TMPDIR\n", strerror(errno));
    return 2;
  }
  std::string admin_address = options.admin_address;
  if (admin_address.empty()) admin_address = "127.0.0.1:" + std::to_string(free_port());
  Options generated = options;
  generated.config_path = folder.path() + "/proxy.yaml";
  generated.data_dir = folder.path() + "/data";
  std::ofstream(generated.config_path) << proxy_config(options, admin_address);
  return run(generated);
}

}  // namespace sluice::cli
