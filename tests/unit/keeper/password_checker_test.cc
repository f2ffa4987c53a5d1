// The checking thread with real hashes, and the ring to it.
#include "dataplane/keeper/password_checker.h"

#include <gtest/gtest.h>

#include <semaphore>

namespace sluice::dataplane {
namespace {

// crypt(3) of "secret".
constexpr const char* kBcrypt = "$2b$04$abcdefghijklmnopqrstuu2r9OfJnfCsdneAXAGHnS4UpFFP8WIrW";
constexpr const char* kSha512 =
    "$6$saltsalt$TVLlQcbpFVof5W3Yz4DTP6gRstiNuHwwTt6GLc1E5n0U0aDehy0S5knV8wiOQSpT0Y77vwPZN.Pq.H91p5hVO1";
constexpr const char* kSha256 = "$5$rounds=1000$saltsalt$eKLZU9t9OoPWrqOQsoTIKG0aYkZ5rGOoOQhiIvoSWX2";

TEST(PasswordQueue, HoldsThirtyTwoJobsAndForgetsPasswords) {
  std::atomic<uint32_t> bell{0};
  PasswordQueue queue(bell, {1, 2});
  for (uint32_t i = 0; i < PasswordQueue::kJobsMax; ++i) {
    ASSERT_FALSE(queue.is_full());
    PasswordJob job{.stream_slot = i, .is_user = i % 2 == 0};
    job.fill("secret", "hash");
    queue.submit(job);
  }
  EXPECT_TRUE(queue.is_full());
  EXPECT_EQ(bell.load(), PasswordQueue::kJobsMax);
  EXPECT_EQ(queue.collect(), nullptr);
  for (uint32_t i = 0; i < PasswordQueue::kJobsMax; ++i) {
    PasswordJob* job = queue.next();
    ASSERT_NE(job, nullptr);
    EXPECT_STREQ(job->password, "secret");
    queue.settle(true);
  }
  EXPECT_EQ(queue.next(), nullptr);
  for (uint32_t i = 0; i < PasswordQueue::kJobsMax; ++i) {
    const PasswordJob* job = queue.collect();
    ASSERT_NE(job, nullptr);
    EXPECT_EQ(job->stream_slot, i);
    EXPECT_EQ(job->is_good, i % 2 == 0) << "a name that nobody has is never good";
    EXPECT_STREQ(job->password, "");
  }
  EXPECT_FALSE(queue.is_full());
}

TEST(PasswordMatches, HashesThatHtpasswdAndMkpasswdWrite) {
  EXPECT_TRUE(password_matches("secret", kBcrypt));
  EXPECT_FALSE(password_matches("Secret", kBcrypt));
  EXPECT_TRUE(password_matches("secret", kSha512));
  EXPECT_FALSE(password_matches("", kSha512));
  EXPECT_TRUE(password_matches("secret", kSha256));
  EXPECT_FALSE(password_matches("secret ", kSha256));
}

TEST(PasswordMatches, WhatIsNoHashMatchesNothing) {
  for (const char* hash : {"", "*0", "*1", "secret", "$2y$", "$9$x$y"}) {
    EXPECT_FALSE(password_matches("secret", hash)) << hash;
    EXPECT_FALSE(password_matches(hash, hash)) << hash;
  }
}

TEST(PasswordChecker, ServesEveryWorkerAndWakesIt) {
  std::atomic<uint32_t> bell{0};
  PasswordQueue first(bell, {});
  PasswordQueue second(bell, {});
  std::counting_semaphore<> woken[2] = {std::counting_semaphore<>(0), std::counting_semaphore<>(0)};
  const WorkerWaker waker{[](void* context, uint32_t index) {
                            static_cast<std::counting_semaphore<>*>(context)[index].release();
                          },
                          woken};
  const PasswordChecker checker({&first, &second}, bell, waker);
  for (int round = 0; round < 50; ++round) {
    PasswordQueue& queue = round % 3 == 0 ? first : second;
    PasswordJob job{.is_user = true};
    job.fill(round % 2 == 0 ? "secret" : "wrong", kBcrypt);
    queue.submit(job);
    woken[&queue == &second].acquire();
    const PasswordJob* done = queue.collect();
    ASSERT_NE(done, nullptr);
    EXPECT_EQ(done->is_good, round % 2 == 0);
  }
}

}  // namespace
}  // namespace sluice::dataplane
