// Passwords on their way from one worker to the thread that checks them, and the verdicts back. Checking one
// takes milliseconds by design of its hash, which no worker may spend; the queue is short, so that a flood of
// guesses is refused instead of remembered. One ring with three positions: submitted ≥ checked ≥ collected.
// The worker submits and collects, the checking thread checks in order. Nobody waits for the other.
#pragma once

#include <atomic>
#include <cstdint>
#include <cstring>
#include <string_view>

#include "schemas/base/check.h"
#include "schemas/base/sip_hash.h"

namespace sluice::dataplane {

struct PasswordJob {
  static constexpr uint32_t kPasswordBytesMax = 256;
  static constexpr uint32_t kHashBytesMax = 256;

  uint32_t stream_slot = 0;
  uint32_t stream_generation = 0;
  SipTag tag;            // What the worker remembers a good password by.
  bool is_user = false;  // False: checked all the same, so that unknown names take as long, and never good.
  bool is_good = false;  // The verdict.
  char password[kPasswordBytesMax + 1] = {};
  char hash[kHashBytesMax + 1] = {};

  // Requires: both fit.
  void fill(std::string_view wanted_password, std::string_view wanted_hash) {
    password[wanted_password.copy(password, kPasswordBytesMax)] = 0;
    hash[wanted_hash.copy(hash, kHashBytesMax)] = 0;
  }
};

class PasswordQueue {
 public:
  static constexpr uint32_t kJobsMax = 32;

  // `bell` is rung when there is something to check; `secret` is random and of this process.
  PasswordQueue(std::atomic<uint32_t>& bell, const SipKey& secret) : bell_(bell), secret_(secret) {}
  PasswordQueue(const PasswordQueue&) = delete;
  PasswordQueue& operator=(const PasswordQueue&) = delete;

  const SipKey& secret() const { return secret_; }

  // ---- worker thread
  bool is_full() const { return submitted_.load(std::memory_order_relaxed) - collected_ == kJobsMax; }
  void submit(const PasswordJob& job) {  // Requires: not full.
    const uint64_t position = submitted_.load(std::memory_order_relaxed);
    CHECK(position - collected_ < kJobsMax);
    jobs_[position % kJobsMax] = job;
    submitted_.store(position + 1, std::memory_order_release);
    bell_.fetch_add(1, std::memory_order_release);
    bell_.notify_one();
  }
  // Null: nothing new. Valid until the next call.
  const PasswordJob* collect() {
    if (checked_.load(std::memory_order_acquire) == collected_) return nullptr;
    return &jobs_[collected_++ % kJobsMax];
  }

  // ---- checking thread
  PasswordJob* next() {  // Null: nothing to check.
    const uint64_t position = checked_.load(std::memory_order_relaxed);
    return submitted_.load(std::memory_order_acquire) == position ? nullptr : &jobs_[position % kJobsMax];
  }
  void settle(bool is_good) {  // Of what next() gave; the password is gone afterwards.
    const uint64_t position = checked_.load(std::memory_order_relaxed);
    PasswordJob& job = jobs_[position % kJobsMax];
    job.is_good = is_good && job.is_user;
    explicit_bzero(job.password, sizeof(job.password));
    checked_.store(position + 1, std::memory_order_release);
  }

 private:
  std::atomic<uint32_t>& bell_;
  const SipKey secret_;
  PasswordJob jobs_[kJobsMax];
  alignas(64) std::atomic<uint64_t> submitted_{0};
  uint64_t collected_ = 0;  // Worker only.
  alignas(64) std::atomic<uint64_t> checked_{0};
};

}  // namespace sluice::dataplane
