// The one thread that checks passwords against their hashes (bcrypt, SHA-crypt: Debian's libcrypt). It takes
// one job of every worker in turn, so that a flood through one worker does not starve the others, and sleeps
// while there is none. The only place that links libcrypt.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <vector>

#include "dataplane/keeper/shelf_publisher.h"
#include "dataplane/worker/password_queue.h"

namespace sluice::dataplane {

// Whether the password has the hash: "$2b$…", "$2y$…", "$5$…", "$6$…". The comparison does not stop early.
bool password_matches(const char* password, const char* hash);

class PasswordChecker {
 public:
  // Queue i is worker i's; the waker tells it that a verdict came. `bell` is the queues'.
  PasswordChecker(std::vector<PasswordQueue*> queues, std::atomic<uint32_t>& bell, WorkerWaker waker);
  ~PasswordChecker();  // Ends after the job at hand; unchecked ones stay unchecked.
  PasswordChecker(const PasswordChecker&) = delete;
  PasswordChecker& operator=(const PasswordChecker&) = delete;

 private:
  void run();

  const std::vector<PasswordQueue*> queues_;
  std::atomic<uint32_t>& bell_;
  const WorkerWaker waker_;
  std::atomic<bool> stops_{false};
  std::thread thread_;
};

}  // namespace sluice::dataplane
