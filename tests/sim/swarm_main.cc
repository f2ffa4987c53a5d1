// sluice-sim: runs seeds of the simulation.
//   sluice-sim --seed N               one seed, with its parameters and every event as it happens
//   sluice-sim --seeds A..B           a range; stops at the first failure
//   sluice-sim --seeds A..B --all     goes on after failures (each seed in a child) and lists them
//   sluice-sim --file PATH            the seeds in a file, one number a line, # begins a comment
//   sluice-sim --fresh COUNT          new ones, printed first
//   --canary NAME                     switches on a fault no proxy can survive: the run has to fail
#include <sys/wait.h>
#include <unistd.h>

#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <optional>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "tests/sim/swarm.h"

namespace sluice::sim {
namespace {

struct Options {
  std::vector<uint64_t> seeds;
  bool goes_on = false;
  bool is_replay = false;
  uint32_t canary = 0;
};

std::optional<uint64_t> parse_number(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool add_range(std::string_view text, std::vector<uint64_t>& seeds) {
  const std::size_t dots = text.find("..");
  if (dots == std::string_view::npos) return false;
  const auto first = parse_number(text.substr(0, dots));
  const auto last = parse_number(text.substr(dots + 2));
  if (!first || !last || *last < *first) return false;
  for (uint64_t seed = *first; seed <= *last; ++seed) seeds.push_back(seed);
  return true;
}

bool add_file(const char* path, std::vector<uint64_t>& seeds) {
  std::ifstream file(path);
  if (!file) return false;
  std::string line;
  while (std::getline(file, line)) {
    line = line.substr(0, line.find('#'));
    line = line.substr(0, line.find_last_not_of(' ') + 1);
    if (line.empty()) continue;
    const auto seed = parse_number(line);
    if (!seed) return false;
    seeds.push_back(*seed);
  }
  return true;
}

bool add_fresh(std::string_view text, std::vector<uint64_t>& seeds) {
  const auto count = parse_number(text);
  if (!count) return false;
  const uint64_t first = (uint64_t{std::random_device()()} << 16) & 0xffffffff0000ULL;
  std::printf("fresh seeds %llu..%llu\n", static_cast<unsigned long long>(first),
              static_cast<unsigned long long>(first + *count - 1));
  std::fflush(stdout);
  for (uint64_t i = 0; i < *count; ++i) seeds.push_back(first + i);
  return true;
}

bool find_canary(std::string_view name, uint32_t& canary) {
  for (uint32_t i = kFirstCanary; i < kFaultCount; ++i) {
    if (name_of(static_cast<Fault>(i)) == name) canary = i;
  }
  return canary != 0;
}

bool parse(int count, char** arguments, Options& options) {
  for (int i = 1; i < count; ++i) {
    const std::string_view name = arguments[i];
    if (name == "--all") {
      options.goes_on = true;
      continue;
    }
    if (++i == count) return false;
    const std::string_view value = arguments[i];
    bool is_good = false;
    if (name == "--seeds") is_good = add_range(value, options.seeds);
    if (name == "--file") is_good = add_file(arguments[i], options.seeds);
    if (name == "--fresh") is_good = add_fresh(value, options.seeds);
    if (name == "--canary") is_good = find_canary(value, options.canary);
    if (name == "--seed") {
      const auto seed = parse_number(value);
      is_good = options.is_replay = seed.has_value();
      if (seed) options.seeds.push_back(*seed);
    }
    if (!is_good) return false;
  }
  return !options.seeds.empty();
}

struct Totals {
  SwarmResult result;
  uint64_t calm = 0;
};

void run_one(uint64_t seed, const Options& options, Totals& totals) {
  SwarmParameters parameters = draw_parameters(seed);
  if (options.canary != 0) parameters.faults.rate[options.canary] = 65536 / 64;
  if (options.is_replay) std::fprintf(stderr, "%s", describe(parameters).c_str());
  const SwarmResult result = run_seed(parameters);
  totals.calm += parameters.is_calm;
  totals.result.requests += result.requests;
  totals.result.completed += result.completed;
  totals.result.by_proxy += result.by_proxy;
  totals.result.tunnels_completed += result.tunnels_completed;
}

// Runs seeds from `first` in a child until one fails; returns how many went well.
std::size_t run_in_child(const Options& options, std::size_t first) {
  int progress[2];
  if (pipe(progress) != 0) return 0;
  const pid_t child = fork();
  if (child == 0) {
    Totals totals;
    for (std::size_t i = first; i < options.seeds.size(); ++i) {
      run_one(options.seeds[i], options, totals);
      if (write(progress[1], ".", 1) != 1) break;
    }
    _exit(0);
  }
  close(progress[1]);
  std::size_t good = 0;
  char dots[256];
  for (ssize_t count = 0; (count = read(progress[0], dots, sizeof(dots))) > 0;)
    good += static_cast<std::size_t>(count);
  close(progress[0]);
  waitpid(child, nullptr, 0);
  return good;
}

int run_all(const Options& options) {
  std::vector<uint64_t> failed;
  for (std::size_t i = 0; i < options.seeds.size(); ++i) {
    i += run_in_child(options, i);
    if (i < options.seeds.size()) failed.push_back(options.seeds[i]);
  }
  std::printf("%zu seeds, %zu failed:", options.seeds.size(), failed.size());
  for (const uint64_t seed : failed) std::printf(" %llu", static_cast<unsigned long long>(seed));
  std::printf("\n");
  return failed.empty() ? 0 : 1;
}

int run(const Options& options) {
  install_report();
  set_loud(options.is_replay);
  if (options.goes_on) return run_all(options);
  Totals totals;
  const auto begin = std::chrono::steady_clock::now();
  for (const uint64_t seed : options.seeds) run_one(seed, options, totals);
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf(
      "%zu seeds green (%llu calm): %llu requests, %llu answered in full, %llu of them by the proxy; "
      "%llu tunnels delivered; %.1f s\n",
      options.seeds.size(), static_cast<unsigned long long>(totals.calm),
      static_cast<unsigned long long>(totals.result.requests),
      static_cast<unsigned long long>(totals.result.completed),
      static_cast<unsigned long long>(totals.result.by_proxy),
      static_cast<unsigned long long>(totals.result.tunnels_completed), took.count());
  return 0;
}

}  // namespace
}  // namespace sluice::sim

int main(int count, char** arguments) {
  sluice::sim::Options options;
  if (!sluice::sim::parse(count, arguments, options)) {
    std::fprintf(stderr,
                 "usage: sluice-sim --seed N | --seeds A..B [--all] | --file PATH | --fresh COUNT  [--canary "
                 "canary_corrupt|canary_lost|canary_duplicate]\n");
    return 2;
  }
  return sluice::sim::run(options);
}
