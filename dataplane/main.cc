// sluice-dataplane: puts the parts together and takes them apart in the right order. Refuses to know what is
// served; that is the keeper's and the workers' business.
#include <malloc.h>
#include <signal.h>
#include <sys/random.h>
#include <sys/signalfd.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <vector>

#include "dataplane/keeper/access_log_writer.h"
#include "dataplane/keeper/clock.h"
#include "dataplane/keeper/data_dir.h"
#include "dataplane/keeper/keeper.h"
#include "dataplane/keeper/memory_plan.h"
#include "dataplane/keeper/options.h"
#include "dataplane/keeper/password_checker.h"
#include "dataplane/keeper/usable_cores.h"
#include "dataplane/keeper/worker_group.h"
#include "dataplane/ring/ring.h"
#include "schemas/base/log.h"

namespace sluice::dataplane {
namespace {

constexpr int kExitUsage = 1;
constexpr int kExitEnvironment = 2;
constexpr Duration kLogFlushTime = Duration::seconds(2);

// One clear line, without a stack of causes.
int fail(int code, const std::string& message) {
  std::fprintf(stderr, "sluice-dataplane: %s\n", message.c_str());
  return code;
}

std::expected<RingCaps, std::string> caps_mask() {
  const char* text = std::getenv("RING_CAPS_MASK");
  if (text == nullptr || *text == '\0') return RingCaps::all();
  return parse_caps_mask(text);
}

// Opens and closes a ring: what the kernel can do, or the line that says why it does not let us.
std::expected<std::string, std::string> probe_ring(RingCaps mask) {
  const BufferPoolSizes sizes{.count = {64, 64, 64, 64}};
  BufferPool buffers(sizes);
  const RingOptions options{.submission_entries = 8,
                            .completion_entries = 64,
                            .lent_buffers_min = 8,
                            .lent_buffers_max = 8,
                            .caps_mask = mask};
  auto ring = Ring::open(options, buffers);
  if (!ring) return std::unexpected(ring.error());
  return describe((*ring)->caps());
}

int print_build() {
  std::printf("sluice-dataplane %s\nliburing %s\n", SLUICE_VERSION, SLUICE_LIBURING_VERSION);
  const auto mask = caps_mask();
  if (!mask) return fail(kExitUsage, mask.error());
  const auto caps = probe_ring(*mask);
  if (!caps) return fail(kExitEnvironment, caps.error());
  std::printf("io_uring: %s\n", caps->c_str());
  return 0;
}

// Blocked before any thread starts, so that all inherit it and the keeper reads them in its loop.
int block_signals() {
  signal(SIGPIPE, SIG_IGN);
  signal(SIGHUP, SIG_IGN);
  sigset_t set;
  sigemptyset(&set);
  for (const int number : {SIGTERM, SIGQUIT, SIGINT, SIGUSR1}) sigaddset(&set, number);
  sigprocmask(SIG_BLOCK, &set, nullptr);
  return signalfd(-1, &set, SFD_NONBLOCK | SFD_CLOEXEC);
}

uint64_t random_number() {
  uint64_t number = 0;
  if (getrandom(&number, sizeof(number), 0) != sizeof(number)) {
    number = static_cast<uint64_t>(wall_clock_nanoseconds()) ^ static_cast<uint64_t>(getpid()) << 48;
  }
  return number;
}

// What the workers and the thread that checks passwords share.
struct Passwords {
  explicit Passwords(uint32_t worker_count) {
    const SipKey secret{random_number(), random_number()};
    for (uint32_t i = 0; i < worker_count; ++i) {
      pointers.push_back(queues.emplace_back(std::make_unique<PasswordQueue>(bell, secret)).get());
    }
  }
  std::atomic<uint32_t> bell{0};
  std::vector<std::unique_ptr<PasswordQueue>> queues;
  std::vector<PasswordQueue*> pointers;
};

std::vector<WorkerOptions> worker_options(const MemoryPlan& plan, Shelf& shelf, StatsMemory& stats,
                                          const std::vector<std::unique_ptr<AccessLogRing>>& rings,
                                          const std::vector<PasswordQueue*>& passwords) {
  std::vector<WorkerOptions> workers;
  for (uint32_t i = 0; i < plan.worker_count; ++i) {
    workers.push_back({.index = i,
                       .shelf = &shelf,
                       .stats = &stats.page().workers[i],
                       .access_log = rings[i].get(),
                       .passwords = passwords[i],
                       .ring = plan.ring,
                       .buffers = plan.buffers,
                       .client_connections_max = plan.client_connections,
                       .origin_connections_max = std::max(1u, plan.origin_connections / plan.worker_count),
                       .streams_max = plan.client_connections,
                       .seed = random_number()});
  }
  return workers;
}

int run(const Options& options, int signals) {
  const auto mask = caps_mask();
  if (!mask) return fail(kExitUsage, mask.error());
  // Large blocks (a snapshot's index) are mapped and so go back to the system when freed; glibc would raise
  // this threshold after the first one and keep them on the heap.
  mallopt(M_MMAP_THRESHOLD, 256 * 1024);
  const auto caps = probe_ring(*mask);
  if (!caps) return fail(kExitEnvironment, caps.error());
  const auto lock = lock_data_dir(options.data_dir);
  if (!lock) return fail(kExitUsage, lock.error());

  const uint32_t worker_count = options.workers != 0 ? options.workers : usable_core_count();
  MemoryPlan plan = plan_memory(worker_count, raise_descriptor_limit(), usable_memory_bytes());
  plan.ring.caps_mask = *mask;
  log_line(LogLevel::info, "sluice-dataplane %s, pid %d, %u workers, io_uring: %s", SLUICE_VERSION, getpid(),
           worker_count, caps->c_str());
  log_line(LogLevel::info, "memory: %s", describe(plan).c_str());

  const uint64_t boot_id = random_number();
  auto stats = StatsMemory::create(worker_count, boot_id);
  if (!stats) return fail(kExitEnvironment, stats.error());
  const auto shelf = std::make_unique<Shelf>();
  std::vector<std::unique_ptr<AccessLogRing>> rings;
  std::vector<AccessLogRing*> ring_pointers;
  for (uint32_t i = 0; i < worker_count; ++i) {
    ring_pointers.push_back(rings.emplace_back(std::make_unique<AccessLogRing>(plan.access_log_bytes)).get());
  }
  AccessLogWriter access_log(ring_pointers);

  Passwords passwords(worker_count);

  WorkerGroup workers;
  const std::vector<int> cores = allowed_cores();
  auto started = workers.start(worker_options(plan, *shelf, *stats, rings, passwords.pointers),
                               worker_count <= cores.size() ? cores : std::vector<int>());
  if (!started) return fail(kExitEnvironment, started.error());
  const PasswordChecker password_checker(passwords.pointers, passwords.bell, workers.waker());
  const auto stop_workers = [&] {
    shelf->phase.store(Phase::stopping, std::memory_order_release);
    const WorkerWaker waker = workers.waker();
    for (uint32_t i = 0; i < worker_count; ++i) waker.wake(waker.context, i);
    workers.join();
  };

  auto keeper = Keeper::create({.data_dir = options.data_dir,
                                .control_socket = options.control_socket,
                                .worker_count = worker_count,
                                .boot_id = boot_id,
                                .ring_caps = *caps,
                                .signal_descriptor = signals,
                                .wait_for_admin = options.wait_for_admin,
                                .stable_after = options.stable_after,
                                .snapshot_limits = {}},
                               *shelf, *stats, access_log, workers.waker());
  if (!keeper) {
    stop_workers();
    return fail(kExitUsage, keeper.error());
  }
  const int code = (*keeper)->run();
  // A worker that does not stop cannot be joined; the kernel cleans up after it.
  if (code != 0) std::_Exit(code);
  workers.join();
  access_log.stop(kLogFlushTime);
  return code;
}

}  // namespace
}  // namespace sluice::dataplane

int main(int count, char** arguments) {
  using namespace sluice::dataplane;
  const auto options = parse_options({arguments + 1, static_cast<std::size_t>(count > 0 ? count - 1 : 0)});
  if (!options) return fail(kExitUsage, options.error());
  switch (options->action) {
    case Options::Action::print_version:
      std::printf("sluice-dataplane %s\n", SLUICE_VERSION);
      return 0;
    case Options::Action::print_build:
      return print_build();
    case Options::Action::print_help:
      std::fputs(kOptionsHelp, stdout);
      return 0;
    case Options::Action::run:
      break;
  }
  umask(0027);
  return run(*options, block_signals());
}
