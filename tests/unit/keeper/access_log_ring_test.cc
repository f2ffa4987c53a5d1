#include "dataplane/worker/access_log_ring.h"

#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>

#include "schemas/base/rng.h"

namespace sluice::dataplane {
namespace {

TEST(AccessLogRing, ARecordComesOutAsItWentIn) {
  AccessLogRing ring(4096);
  AccessRecord in;
  in.wall_clock_nanoseconds = -5;
  in.duration_microseconds = 1;
  in.origin_microseconds = 2;
  in.bytes_received = 3;
  in.body_bytes_sent = 4;
  in.status = 502;
  in.attempts = 2;
  in.reason = Reason::connect_failed;
  in.client_address = "10.0.0.9";
  in.request_line = "GET /x HTTP/1.1";
  in.host = "app.example.com";
  in.referer = "http://a/";
  in.user_agent = "curl";
  in.request_id = "abc";
  in.route = "r";
  in.pool = "p";
  in.origin = "10.0.0.1:80";
  in.listener = "web";
  ASSERT_TRUE(ring.push(in));

  AccessRecord out;
  AccessLogRing::Scratch scratch;
  ASSERT_TRUE(ring.pop(out, scratch));
  EXPECT_EQ(out.wall_clock_nanoseconds, -5);
  EXPECT_EQ(out.duration_microseconds, 1u);
  EXPECT_EQ(out.origin_microseconds, 2u);
  EXPECT_EQ(out.bytes_received, 3u);
  EXPECT_EQ(out.body_bytes_sent, 4u);
  EXPECT_EQ(out.status, 502);
  EXPECT_EQ(out.attempts, 2);
  EXPECT_EQ(out.reason, Reason::connect_failed);
  EXPECT_EQ(out.client_address, "10.0.0.9");
  EXPECT_EQ(out.request_line, "GET /x HTTP/1.1");
  EXPECT_EQ(out.host, "app.example.com");
  EXPECT_EQ(out.referer, "http://a/");
  EXPECT_EQ(out.user_agent, "curl");
  EXPECT_EQ(out.request_id, "abc");
  EXPECT_EQ(out.route, "r");
  EXPECT_EQ(out.pool, "p");
  EXPECT_EQ(out.origin, "10.0.0.1:80");
  EXPECT_EQ(out.listener, "web");
  EXPECT_FALSE(ring.pop(out, scratch));
}

TEST(AccessLogRing, AFullRingDropsAndCountsAndGoesOnWhenRead) {
  AccessLogRing ring(4096);
  const std::string line(900, 'x');
  AccessRecord record;
  record.request_line = line;
  uint32_t taken = 0;
  while (ring.push(record)) ++taken;
  EXPECT_EQ(taken, 4u);  // 4 times header and 900 bytes; a fifth does not fit.
  EXPECT_FALSE(ring.push(record));
  EXPECT_EQ(ring.dropped(), 2u);

  AccessRecord out;
  AccessLogRing::Scratch scratch;
  ASSERT_TRUE(ring.pop(out, scratch));
  EXPECT_TRUE(ring.push(record));
  EXPECT_EQ(ring.dropped(), 2u);
}

TEST(AccessLogRing, AFieldLongerThanSixteenKibibytesIsCut) {
  AccessLogRing ring(1 << 16);
  const std::string line(40'000, 'y');
  AccessRecord record;
  record.user_agent = line;
  record.host = "after";
  ASSERT_TRUE(ring.push(record));
  AccessRecord out;
  AccessLogRing::Scratch scratch;
  ASSERT_TRUE(ring.pop(out, scratch));
  EXPECT_EQ(out.user_agent.size(), 16u * 1024);
  EXPECT_EQ(out.host, "after");
}

// The worker and the log thread at full speed over a ring that wraps thousands of times: whatever is not
// counted as dropped arrives once, in order, intact. (ThreadSanitizer watches the hand-over.)
TEST(AccessLogRing, TwoThreadsLoseNothingThatWasNotCounted) {
  constexpr uint64_t kRecords = 100'000;
  AccessLogRing ring(4096);
  std::atomic<bool> finished{false};
  std::thread worker([&] {
    Rng rng(11);
    std::string text;
    for (uint64_t i = 0; i < kRecords; ++i) {
      text.assign(rng.below(300), static_cast<char>('a' + i % 26));
      AccessRecord record;
      record.bytes_received = i;
      record.body_bytes_sent = text.size();
      record.request_line = text;
      ring.push(record);
    }
    finished.store(true, std::memory_order_release);
  });

  AccessLogRing::Scratch scratch;
  AccessRecord record;
  uint64_t arrived = 0;
  uint64_t next_at_least = 0;
  while (true) {
    const bool last_look = finished.load(std::memory_order_acquire);
    bool found = false;
    while (ring.pop(record, scratch)) {
      found = true;
      ++arrived;
      ASSERT_GE(record.bytes_received, next_at_least);
      next_at_least = record.bytes_received + 1;
      ASSERT_EQ(record.request_line.size(), record.body_bytes_sent);
      for (const char c : record.request_line) {
        ASSERT_EQ(c, static_cast<char>('a' + record.bytes_received % 26));
      }
    }
    if (last_look && !found) break;
    std::this_thread::yield();
  }
  worker.join();
  EXPECT_GT(arrived, 0u);
  EXPECT_EQ(arrived + ring.dropped(), kRecords);
}

}  // namespace
}  // namespace sluice::dataplane
