// The wheel against a multimap of deadlines: never early, at most one tick late, and a wake-up time that
// never lets a deadline pass unnoticed.
#include "dataplane/mem/timer_wheel.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <deque>
#include <map>
#include <vector>

#include "schemas/base/rng.h"

namespace sluice::dataplane {
namespace {

constexpr Instant at(Duration since_start) {
  return Instant{} + since_start;
}

std::vector<TimerNode*> fired_by(TimerWheel& wheel, Instant now) {
  std::vector<TimerNode*> fired;
  wheel.advance(now, [&](TimerNode& node) { fired.push_back(&node); });
  return fired;
}

TEST(TimerWheel, FiresAtItsTickAndNotBefore) {
  TimerWheel wheel(at(0_ms));
  TimerNode node;
  wheel.set(node, at(5_ms) + 1_ns);
  EXPECT_TRUE(fired_by(wheel, at(5_ms) + 999'999_ns).empty());
  EXPECT_TRUE(node.is_set());
  EXPECT_EQ(fired_by(wheel, at(6_ms)), std::vector<TimerNode*>{&node});
  EXPECT_FALSE(node.is_set());
  EXPECT_EQ(wheel.linked_count(), 0u);
}

TEST(TimerWheel, FiresADeadlineInThePastAtTheNextAdvance) {
  TimerWheel wheel(at(10_s));
  TimerNode node;
  wheel.set(node, at(3_s));
  EXPECT_LE(wheel.next_wakeup(), at(10_s));
  EXPECT_EQ(fired_by(wheel, at(10_s)).size(), 1u);
}

TEST(TimerWheel, SleepsForEverWhenNothingIsSet) {
  TimerWheel wheel(at(1_s));
  EXPECT_TRUE(wheel.next_wakeup().is_never());
  TimerNode node;
  wheel.set(node, at(2_s));
  EXPECT_FALSE(wheel.next_wakeup().is_never());
  wheel.cancel(node);
  EXPECT_TRUE(wheel.next_wakeup().is_never());
  EXPECT_EQ(wheel.linked_count(), 0u);
  EXPECT_TRUE(fired_by(wheel, at(10_s)).empty());
}

TEST(TimerWheel, MovingLaterDoesNotFireAtTheOldTime) {
  TimerWheel wheel(at(0_ms));
  TimerNode node;
  wheel.set(node, at(100_ms));
  for (int64_t i = 1; i <= 1000; ++i) {
    wheel.set(node, at(Duration::milliseconds(100 + i)));
    ASSERT_TRUE(fired_by(wheel, at(Duration::milliseconds(i))).empty()) << i;
  }
  EXPECT_EQ(fired_by(wheel, at(1100_ms)).size(), 1u);
}

TEST(TimerWheel, MovingEarlierFiresAtTheNewTime) {
  TimerWheel wheel(at(0_ms));
  TimerNode node;
  wheel.set(node, at(3600_s));
  wheel.set(node, at(2_ms));
  EXPECT_EQ(fired_by(wheel, at(2_ms)).size(), 1u);
  EXPECT_TRUE(fired_by(wheel, at(4000_s)).empty());
}

TEST(TimerWheel, KeepsDeadlinesFarBeyondItsTopLevel) {
  TimerWheel wheel(at(123_ms));
  TimerNode node;
  const Instant deadline = at(Duration::seconds(400 * 86400));  // The levels span 4.66 hours.
  wheel.set(node, deadline);
  Instant now = at(123_ms);
  int wakeups = 0;
  while (node.is_set()) {
    ASSERT_GT(wheel.next_wakeup(), now);
    now = wheel.next_wakeup();
    ASSERT_LE(now, deadline + TimerWheel::kTick);
    wheel.advance(now, [](TimerNode&) {});
    ++wakeups;
  }
  EXPECT_GE(now, deadline);
  EXPECT_LT(wakeups, 400 * 86400 / 16000);  // One a turn of the top level, not one a slot.
}

TEST(TimerWheel, ACalleeMayCancelAndMoveTimersThatAreDueInTheSameAdvance) {
  TimerWheel wheel(at(0_ms));
  TimerNode first, cancelled, moved, again;
  for (TimerNode* node : {&first, &cancelled, &moved, &again}) wheel.set(*node, at(1_ms));
  std::vector<TimerNode*> fired;
  wheel.advance(at(1_ms), [&](TimerNode& node) {
    fired.push_back(&node);
    if (&node == &first) {
      wheel.cancel(cancelled);
      wheel.set(moved, at(50_ms));
    }
    if (&node == &again) wheel.set(again, at(0_ms));  // In the past: not in this advance again.
  });
  EXPECT_EQ(fired, (std::vector<TimerNode*>{&first, &again}));
  EXPECT_EQ(fired_by(wheel, at(1_ms)), std::vector<TimerNode*>{&again});
  EXPECT_EQ(fired_by(wheel, at(50_ms)), std::vector<TimerNode*>{&moved});
  EXPECT_EQ(wheel.linked_count(), 0u);
}

// Deadlines from nanoseconds to months, moved both ways and cancelled, time in steps from nothing to days.
class Model {
 public:
  explicit Model(uint64_t seed)
      : rng_(seed), now_{static_cast<int64_t>(rng_.below(1ull << 50))}, wheel_(now_), nodes_(60) {}

  void run(int steps) {
    for (int step = 0; step < steps; ++step) {
      for (uint64_t changes = rng_.below(8); changes > 0; --changes) change_one();
      check_wakeup();
      if (testing::Test::HasFatalFailure()) return;
      now_ = rng_.chance(1, 3) && !deadlines_.empty() ? wakeup_or_now() : now_ + random_duration();
      advance();
      if (testing::Test::HasFatalFailure()) return;
    }
    for (TimerNode& node : nodes_) wheel_.cancel(node);
    EXPECT_EQ(wheel_.linked_count(), 0u);
    EXPECT_TRUE(wheel_.next_wakeup().is_never());
  }

 private:
  Duration random_duration() {
    // Every magnitude up to 2^53 ns (104 days), so that every level and the parking is met.
    return {static_cast<int64_t>(rng_.below(uint64_t{1} << rng_.below(54)))};
  }

  Instant wakeup_or_now() { return std::max(now_, wheel_.next_wakeup()); }

  void change_one() {
    TimerNode& node = nodes_[rng_.below(nodes_.size())];
    std::erase_if(deadlines_, [&](auto& entry) { return entry.second == &node; });
    if (rng_.chance(1, 5)) {
      wheel_.cancel(node);
      return;
    }
    Instant deadline = now_ + random_duration();
    if (rng_.chance(1, 10)) deadline.nanoseconds -= random_duration().nanoseconds;  // Often in the past.
    deadline.nanoseconds = std::max<int64_t>(deadline.nanoseconds, 0);
    if (rng_.chance(1, 3) && node.is_set()) deadline = node.deadline() + random_duration();
    wheel_.set(node, deadline);
    deadlines_.emplace(deadline, &node);
  }

  void check_wakeup() {
    ASSERT_EQ(wheel_.linked_count(), deadlines_.size());
    ASSERT_EQ(wheel_.next_wakeup().is_never(), deadlines_.empty());
    if (deadlines_.empty()) return;
    ASSERT_LT(wheel_.next_wakeup(), std::max(deadlines_.begin()->first, now_) + TimerWheel::kTick);
  }

  void advance() {
    wheel_.advance(now_, [&](TimerNode& node) {
      const auto entry =
          std::find_if(deadlines_.begin(), deadlines_.end(), [&](auto& e) { return e.second == &node; });
      ASSERT_NE(entry, deadlines_.end()) << "fired without being set";
      ASSERT_LE(entry->first, now_) << "fired early";
      deadlines_.erase(entry);
      if (rng_.chance(1, 4)) change_one();
    });
    // What a callee set in the past waits for the next advance; everything else due has fired.
    wheel_.advance(now_, [&](TimerNode& node) {
      std::erase_if(deadlines_, [&](auto& entry) { return entry.second == &node; });
    });
    if (deadlines_.empty()) return;
    ASSERT_LT(now_, deadlines_.begin()->first + TimerWheel::kTick) << "missed";
  }

  Rng rng_;
  Instant now_;
  TimerWheel wheel_;
  std::deque<TimerNode> nodes_;
  std::multimap<Instant, TimerNode*> deadlines_;
};

TEST(TimerWheel, AgreesWithAMultimapForManySeeds) {
  for (uint64_t seed = 1; seed <= 200; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Model(seed).run(300);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace sluice::dataplane
