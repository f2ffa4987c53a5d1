// The worker threads: each creates its worker (a ring belongs to the thread that made it), runs it and
// destroys it on that thread. One worker per core is pinned, so that its caches stay its own.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/keeper/shelf_publisher.h"
#include "dataplane/worker/worker.h"

namespace sluice::dataplane {

class WorkerGroup {
 public:
  WorkerGroup();
  ~WorkerGroup();  // Joins.
  WorkerGroup(const WorkerGroup&) = delete;
  WorkerGroup& operator=(const WorkerGroup&) = delete;

  // Starts one thread per entry and waits until every worker is ready to run, or one is not: then all end and
  // the first error is returned. `cores` empty: not pinned; else worker i runs on cores[i].
  std::expected<void, std::string> start(const std::vector<WorkerOptions>& workers,
                                         const std::vector<int>& cores);
  void join();  // Returns when every worker's run() has returned: the phase must tell them to.

  WorkerWaker waker() { return {.wake = &WorkerGroup::wake, .context = this}; }

 private:
  struct Member {
    WorkerOptions options;
    int core = -1;
    std::mutex mutex;
    Worker* worker = nullptr;  // Guarded by mutex; null before and after the worker's life.
    std::thread thread;
  };
  class StartGate;

  static void wake(void* context, uint32_t index);
  static void run_member(Member& member, StartGate& gate);

  std::vector<std::unique_ptr<Member>> members_;
  std::unique_ptr<StartGate> gate_;
};

}  // namespace sluice::dataplane
