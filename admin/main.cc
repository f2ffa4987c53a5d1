// sluice-admin: puts store, link, service and API together, follows signals, takes them apart again.
// Decides nothing about configurations; ConfigService does.
#include <malloc.h>
#include <signal.h>
#include <spdlog/spdlog.h>
#include <sys/signalfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <future>
#include <memory>
#include <optional>

#include "admin/api/api.h"
#include "admin/api/http_server.h"
#include "admin/app/file_reload.h"
#include "admin/app/logging.h"
#include "admin/app/options.h"
#include "admin/link/clock.h"
#include "admin/link/data_plane_link.h"
#include "admin/model/system_sources.h"
#include "admin/store/data_dir_lock.h"
#include "admin/store/sqlite_store.h"

namespace sluice::admin {
namespace {

constexpr int kExitUsage = 1;
constexpr int kExitEnvironment = 2;

// Blocked before the first thread starts, so that all of them inherit it and only main takes signals.
int block_signals() {
  signal(SIGPIPE, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGHUP, SIGTERM, SIGINT, SIGQUIT, SIGUSR1}) sigaddset(&set, number);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_CLOEXEC);
}

// A change allocates and frees tens of megabytes at 100,000 routes. One arena, and blocks kept for the next
// change instead of mapped anew: 16 request threads with arenas of their own kept 600 MB, and a third of
// the time of a change went into page faults. ConfigService gives the memory back when it is idle.
void keep_memory_between_changes() {
  mallopt(M_ARENA_MAX, 1);
  mallopt(M_MMAP_THRESHOLD, 32 << 20);  // The largest glibc takes.
  mallopt(M_TRIM_THRESHOLD, 512 << 20);
}

int fail(int code, const std::string& message) {
  spdlog::error("{}", message);
  return code;
}

// Until a signal says stop.
void follow_signals(int signals, ConfigService& service, const Options& options) {
  for (;;) {
    signalfd_siginfo info{};
    const ssize_t size = read(signals, &info, sizeof(info));
    if (size != sizeof(info)) {
      if (size < 0 && errno == EINTR) continue;
      spdlog::error("cannot read signals: {}", strerror(errno));
      return;
    }
    switch (info.ssi_signo) {
      case SIGHUP:
        reload_file(service, options.config_path, options.allow_empty);
        break;
      case SIGUSR1:
        open_log(options.log_file, options.log_level);
        break;
      default:
        spdlog::info("stopping on signal {}; traffic goes on", strsignal(static_cast<int>(info.ssi_signo)));
        return;
    }
  }
}

struct Opened {
  std::unique_ptr<DataDirLock> lock;
  std::unique_ptr<SqliteStore> store;
};

// Under the lock nobody else opens the database.
std::expected<Opened, std::string> open_store(const std::string& data_dir) {
  auto lock = DataDirLock::acquire(data_dir);
  if (!lock) return std::unexpected(lock.error());
  auto store = SqliteStore::open(data_dir + "/sluice.db", unix_milliseconds());
  if (!store) return std::unexpected(store.error().message);
  return Opened{std::make_unique<DataDirLock>(std::move(*lock)), std::move(*store)};
}

int run(const Options& options, int signals) {
  // Opening the database (milliseconds of fsync when it is new) and reading the file need not wait for each
  // other, unless the file has to say where the database is.
  std::future<std::expected<Opened, std::string>> opening;
  if (!options.data_dir.empty()) opening = std::async(std::launch::async, open_store, options.data_dir);
  std::optional<FileConfig> file = read_file_config(options.config_path);
  if (!file && options.data_dir.empty()) {
    return fail(kExitUsage, options.config_path +
                                " is refused; repair it, or pass --data-dir to go on with what is stored");
  }
  const std::string data_dir = options.data_dir.empty() ? file->config.data_dir : options.data_dir;
  auto opened = opening.valid() ? opening.get() : open_store(data_dir);
  if (!opened) return fail(kExitUsage, opened.error());

  // The address is taken before anything is offered: a second admin on the port must not configure anything.
  std::unique_ptr<HttpServer> server;
  const auto bind = [&](const Endpoint& listen) -> bool {
    auto bound = HttpServer::bind(listen);
    if (bound) server = std::move(*bound);
    if (!bound) spdlog::error("{}", bound.error());
    return bound.has_value();
  };
  if (file && !bind(file->config.admin.listen)) return kExitEnvironment;

  const std::string socket =
      options.control_socket.empty() ? data_dir + "/dataplane.sock" : options.control_socket;
  DataPlaneLink link(
      {.socket_path = socket, .uid = geteuid(), .seed = static_cast<uint64_t>(unix_milliseconds())});
  ConfigService service(*opened->store, link, system_resolver());
  ApplyRequest request =
      file_request(options.config_path, file ? file->hash : ContentHash{}, options.allow_empty);
  request.wait = {};
  if (auto started = service.start(file ? &file->config : nullptr, request); !started) {
    return fail(kExitUsage, started.error().message);
  }
  if (!file) service.note_failure(options.config_path + " is refused; its errors are in the log");
  if (!server && !bind(service.active()->config->admin.listen)) return kExitEnvironment;

  Api api(service, *opened->store, link, SLUICE_VERSION);
  const uint16_t port = server->port();
  server->start([&api](const ApiRequest& call) { return api.handle(call); });
  spdlog::info("sluice-admin {}, pid {}, data directory {}, API on port {}, revision {} active",
               SLUICE_VERSION, getpid(), data_dir, port, service.active()->revision.id);
  file.reset();
  follow_signals(signals, service, options);
  service.stop();
  server->stop();
  return 0;
}

}  // namespace
}  // namespace sluice::admin

int main(int argument_count, char** arguments) {
  using namespace sluice::admin;
  const auto parsed = parse_options(argument_count, arguments, SLUICE_VERSION);
  if (!parsed.options) return parsed.exit_code;
  umask(0077);
  keep_memory_between_changes();
  const int signals = block_signals();
  if (!open_log(parsed.options->log_file, parsed.options->log_level)) return kExitUsage;
  return run(*parsed.options, signals);
}
