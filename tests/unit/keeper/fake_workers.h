// Threads that do with the Shelf what workers do, and nothing else: adopt, pin, settle, drain. They run only
// when woken, so a publisher that forgets to wake anybody hangs its test.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "dataplane/keeper/shelf_publisher.h"
#include "dataplane/worker/published.h"

namespace sluice::testing {

class FakeWorkers {
 public:
  enum class Pins : uint8_t {
    none,
    random,      // Streams that outlive some adoptions; they read their snapshot before they let go.
    everything,  // Every adopted snapshot, until release_pins().
  };
  FakeWorkers(dataplane::Shelf& shelf, uint32_t count, Pins pins = Pins::none);
  ~FakeWorkers();  // Joins.

  dataplane::WorkerWaker waker() { return {.wake = &FakeWorkers::wake, .context = this}; }
  void release_pins();
  void stall(bool stalled);  // A stalled worker looks at nothing.
  void stop();
  uint64_t adoptions() const { return adoptions_.load(); }

 private:
  struct alignas(64) Member {
    std::atomic<uint32_t> wakes{0};
    std::thread thread;
  };
  static void wake(void* context, uint32_t index);
  void run(uint32_t index);
  void wake_all();

  dataplane::Shelf& shelf_;
  std::atomic<Pins> pins_;
  std::atomic<uint32_t> releases_{0};
  std::atomic<bool> stalled_{false};
  std::atomic<bool> stopping_{false};
  std::atomic<uint64_t> adoptions_{0};
  std::vector<std::unique_ptr<Member>> members_;
};

}  // namespace sluice::testing
