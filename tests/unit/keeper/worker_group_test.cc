// Real workers on real rings, without any traffic: how they start, are woken, and end.
#include "dataplane/keeper/worker_group.h"

#include <dirent.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "dataplane/keeper/stats_memory.h"
#include "dataplane/keeper/usable_cores.h"

namespace sluice::dataplane {
namespace {

// Name and allowed cores of every thread of this process whose name begins with "worker-".
std::map<std::string, std::string> worker_threads() {
  std::map<std::string, std::string> found;
  DIR* tasks = opendir("/proc/self/task");
  while (const dirent* entry = readdir(tasks)) {
    std::ifstream status("/proc/self/task/" + std::string(entry->d_name) + "/status");
    std::string name;
    for (std::string line; std::getline(status, line);) {
      if (line.starts_with("Name:\t")) name = line.substr(6);
      if (line.starts_with("Cpus_allowed_list:\t") && name.starts_with("worker-"))
        found[name] = line.substr(19);
    }
  }
  closedir(tasks);
  return found;
}

class WorkerGroupTest : public testing::Test {
 protected:
  void SetUp() override {
    auto stats = StatsMemory::create(kWorkers, 1);
    ASSERT_TRUE(stats.has_value()) << stats.error();
    stats_ = std::make_unique<StatsMemory>(std::move(*stats));
  }
  std::vector<WorkerOptions> options() {
    std::vector<WorkerOptions> workers;
    for (uint32_t i = 0; i < kWorkers; ++i) {
      workers.push_back({.index = i,
                         .shelf = &shelf_,
                         .stats = &stats_->page().workers[i],
                         .ring = {.submission_entries = 64,
                                  .completion_entries = 256,
                                  .lent_buffers_min = 8,
                                  .lent_buffers_max = 16},
                         .buffers = {.count = {64, 64, 64, 64}},
                         .client_connections_max = 64,
                         .origin_connections_max = 64,
                         .streams_max = 64});
    }
    return workers;
  }
  void publish(Phase phase, WorkerGroup& group) {
    shelf_.phase.store(phase, std::memory_order_release);
    const WorkerWaker waker = group.waker();
    for (uint32_t i = 0; i < kWorkers; ++i) waker.wake(waker.context, i);
  }
  static constexpr uint32_t kWorkers = 3;
  Shelf shelf_;
  std::unique_ptr<StatsMemory> stats_;
};

TEST_F(WorkerGroupTest, WokenWorkersSeeThePhaseAndEnd) {
  WorkerGroup group;
  const auto started = group.start(options(), {});
  ASSERT_TRUE(started.has_value()) << started.error();
  EXPECT_EQ(worker_threads().size(), kWorkers);
  publish(Phase::draining, group);
  group.join();
  for (uint32_t i = 0; i < kWorkers; ++i) EXPECT_TRUE(shelf_.workers[i].drained.load());
  const WorkerWaker waker = group.waker();
  waker.wake(waker.context, 0);  // Late, and harmless.
}

TEST_F(WorkerGroupTest, EachWorkerIsPinnedToItsCore) {
  const std::vector<int> allowed = allowed_cores();
  const std::vector<int> cores = {allowed.front(), allowed.back(), allowed.front()};
  WorkerGroup group;
  ASSERT_TRUE(group.start(options(), cores).has_value());
  const std::map<std::string, std::string> threads = worker_threads();
  for (uint32_t i = 0; i < kWorkers; ++i) {
    EXPECT_EQ(threads.at("worker-" + std::to_string(i)), std::to_string(cores[i]));
  }
  publish(Phase::stopping, group);
  group.join();
}

// A gateway with two of three workers would refuse a third of its connections: nobody runs.
TEST_F(WorkerGroupTest, WhenOneCannotStartNoneDoesAndTheReasonIsOneLine) {
  std::vector<WorkerOptions> workers = options();
  // More entries than any kernel grants.
  workers[1].ring.submission_entries = 1u << 30;
  WorkerGroup group;
  const auto started = group.start(workers, {});
  ASSERT_FALSE(started.has_value());
  EXPECT_NE(started.error().find("io_uring"), std::string::npos) << started.error();
  EXPECT_EQ(started.error().find('\n'), std::string::npos);
  EXPECT_TRUE(worker_threads().empty());
}

}  // namespace
}  // namespace sluice::dataplane
