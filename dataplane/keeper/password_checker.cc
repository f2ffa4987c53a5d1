#include "dataplane/keeper/password_checker.h"

#include <crypt.h>
#include <pthread.h>

#include <cstring>

namespace sluice::dataplane {

bool password_matches(const char* password, const char* hash) {
  // 32 KiB: too much for a stack that somebody else sized.
  static thread_local const auto memory = std::make_unique<crypt_data>();
  *memory = {};
  const char* computed = crypt_r(password, hash, memory.get());
  const std::size_t length = std::strlen(hash);
  // A failure is a text that begins with '*', which no hash does.
  if (computed == nullptr || computed[0] == '*' || std::strlen(computed) != length) return false;
  unsigned difference = 0;
  for (std::size_t i = 0; i < length; ++i) difference |= static_cast<unsigned char>(computed[i] ^ hash[i]);
  explicit_bzero(memory.get(), sizeof(crypt_data));
  return difference == 0;
}

PasswordChecker::PasswordChecker(std::vector<PasswordQueue*> queues, std::atomic<uint32_t>& bell,
                                 WorkerWaker waker)
    : queues_(std::move(queues)), bell_(bell), waker_(waker), thread_([this] { run(); }) {}

PasswordChecker::~PasswordChecker() {
  stops_.store(true, std::memory_order_release);
  bell_.fetch_add(1, std::memory_order_release);
  bell_.notify_one();
  thread_.join();
}

void PasswordChecker::run() {
  pthread_setname_np(pthread_self(), "passwords");
  while (!stops_.load(std::memory_order_acquire)) {
    const uint32_t rung = bell_.load(std::memory_order_acquire);
    bool found = false;
    for (uint32_t i = 0; i < queues_.size() && !stops_.load(std::memory_order_acquire); ++i) {
      PasswordJob* job = queues_[i]->next();
      if (job == nullptr) continue;
      found = true;
      queues_[i]->settle(password_matches(job->password, job->hash));
      waker_.wake(waker_.context, i);
    }
    if (!found) bell_.wait(rung, std::memory_order_acquire);
  }
}

}  // namespace sluice::dataplane
