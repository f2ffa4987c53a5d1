// sluice-load: HTTP/1.1 load over io_uring. options.h says what a run does, generator.h how.
#include <sys/resource.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <memory>
#include <thread>
#include <vector>

#include "bench/load/generator.h"
#include "bench/load/options.h"
#include "bench/load/result.h"

namespace sluice::load {
namespace {

// A line a second until all generators are done.
void print_progress(const std::vector<std::unique_ptr<Progress>>& parts,
                    const std::atomic<uint32_t>& running) {
  uint64_t before = 0;
  for (uint32_t second = 1; running.load() > 0; ++second) {
    for (int i = 0; i < 10 && running.load() > 0; ++i)
      std::this_thread::sleep_for(std::chrono::milliseconds(100));
    uint64_t answered = 0;
    uint64_t failed = 0;
    uint32_t in_flight = 0;
    for (const auto& part : parts) {
      answered += part->answered.load(std::memory_order_relaxed);
      failed += part->failed.load(std::memory_order_relaxed);
      in_flight += part->in_flight.load(std::memory_order_relaxed);
    }
    std::fprintf(stderr, "%4u s  %10lu answered (%lu/s)  %lu failed  %u in flight\n", second,
                 static_cast<unsigned long>(answered), static_cast<unsigned long>(answered - before),
                 static_cast<unsigned long>(failed), in_flight);
    before = answered;
  }
}

// Descriptors for every connection: the soft limit goes up to the hard one.
bool raise_descriptor_limit(uint32_t connections) {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= connections + 64) return true;
  std::fprintf(stderr,
               "sluice-load: %u connections need as many descriptors, the limit is %lu; raise it "
               "with ulimit -Hn\n",
               connections, static_cast<unsigned long>(limit.rlim_cur));
  return false;
}

int run(const Options& options) {
  if (!raise_descriptor_limit(options.connections)) return 2;
  const auto run_id = static_cast<uint64_t>(getpid()) & 0xffff;
  std::vector<std::unique_ptr<Progress>> progress;
  std::vector<std::expected<Result, std::string>> results(options.threads);
  std::vector<std::thread> threads;
  std::atomic<uint32_t> running = options.threads;
  for (uint32_t i = 0; i < options.threads; ++i) {
    progress.push_back(std::make_unique<Progress>());
    threads.emplace_back([&options, &results, &running, i, run_id, part = progress.back().get()] {
      Generator generator(options, i, run_id, *part);
      results[i] = generator.run();
      running.fetch_sub(1);
    });
  }
  if (options.progress) print_progress(progress, running);
  for (std::thread& thread : threads) thread.join();
  Result total;
  for (const auto& result : results) {
    if (!result) {
      std::fprintf(stderr, "sluice-load: %s\n", result.error().c_str());
      return 2;
    }
    total.merge(*result);
  }
  if (!options.ledger_path.empty()) {
    if (const auto written = write_ledger(options.ledger_path, total.ledger, total.names); !written) {
      std::fprintf(stderr, "sluice-load: %s\n", written.error().c_str());
      return 2;
    }
  }
  const std::string text = options.json ? to_json(total, options) : to_text(total, options);
  std::fputs(text.c_str(), stdout);
  return total.answered() > 0 ? 0 : 1;
}

}  // namespace
}  // namespace sluice::load

int main(int argc, char** argv) {
  const auto options = sluice::load::parse_options(argc, argv);
  if (!options) return options.error();
  return sluice::load::run(*options);
}
