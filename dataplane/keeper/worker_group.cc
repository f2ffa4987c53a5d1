#include "dataplane/keeper/worker_group.h"

#include <pthread.h>
#include <sched.h>

#include <condition_variable>
#include <cstdio>

#include "schemas/base/check.h"
#include "schemas/base/log.h"

namespace sluice::dataplane {

// Nobody runs before everybody could be created: a gateway with half of its workers would serve half of its
// connections.
class WorkerGroup::StartGate {
 public:
  explicit StartGate(uint32_t count) : missing_(count) {}

  // Worker thread. True: run.
  bool arrive(std::string error) {
    std::unique_lock lock(mutex_);
    if (!error.empty() && error_.empty()) error_ = std::move(error);
    if (--missing_ == 0) changed_.notify_all();
    changed_.wait(lock, [this] { return missing_ == 0; });
    return error_.empty();
  }
  std::string wait_for_all() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [this] { return missing_ == 0; });
    return error_;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  uint32_t missing_;
  std::string error_;
};

WorkerGroup::WorkerGroup() = default;
WorkerGroup::~WorkerGroup() {
  join();
}

std::expected<void, std::string> WorkerGroup::start(const std::vector<WorkerOptions>& workers,
                                                    const std::vector<int>& cores) {
  CHECK(members_.empty() && !workers.empty());
  gate_ = std::make_unique<StartGate>(static_cast<uint32_t>(workers.size()));
  for (std::size_t i = 0; i < workers.size(); ++i) {
    auto& member = members_.emplace_back(std::make_unique<Member>());
    member->options = workers[i];
    if (!cores.empty()) member->core = cores[i];
  }
  for (auto& member : members_) {
    member->thread = std::thread([&member = *member, this] { run_member(member, *gate_); });
  }
  std::string error = gate_->wait_for_all();
  if (error.empty()) return {};
  join();
  return std::unexpected(std::move(error));
}

void WorkerGroup::run_member(Member& member, StartGate& gate) {
  char name[16];
  std::snprintf(name, sizeof(name), "worker-%u", member.options.index);
  pthread_setname_np(pthread_self(), name);
  if (member.core >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(member.core, &set);
    // A core that went away in the meantime costs speed, not service.
    if (sched_setaffinity(0, sizeof(set), &set) != 0) {
      log_line(LogLevel::warning, "cannot pin worker %u to core %d", member.options.index, member.core);
    }
  }
  std::expected<std::unique_ptr<Worker>, std::string> worker = Worker::create(member.options);
  if (!worker) {
    gate.arrive(worker.error());
    return;
  }
  {
    const std::lock_guard lock(member.mutex);
    member.worker = worker->get();
  }
  if (gate.arrive({})) (*worker)->run();
  const std::lock_guard lock(member.mutex);
  member.worker = nullptr;  // wake() finds nothing from here on; the worker dies on its own thread.
}

void WorkerGroup::wake(void* context, uint32_t index) {
  Member& member = *static_cast<WorkerGroup*>(context)->members_[index];
  const std::lock_guard lock(member.mutex);
  if (member.worker != nullptr) member.worker->wake();
}

void WorkerGroup::join() {
  for (auto& member : members_) {
    if (member->thread.joinable()) member->thread.join();
  }
}

}  // namespace sluice::dataplane
