// Deadlines of one worker: three levels of 256 slots at 1 ms, 256 ms and 65.5 s. Moving a deadline
// later only stores the new value; the node is re-sorted when its old slot comes up (most deadlines of
// a healthy connection are pushed out long before they fire). Setting an earlier one re-links at once.
// A bitmap per level finds the next occupied slot without scanning. One thread.
#pragma once

#include <cstdint>

#include "schemas/base/intrusive_list.h"
#include "schemas/base/units.h"

namespace sluice::dataplane {

class TimerNode {
 public:
  Instant deadline() const { return deadline_; }
  bool is_set() const { return !deadline_.is_never(); }

 private:
  friend class TimerWheel;
  ListHook hook_;
  Instant deadline_ = Instant::never();
  int64_t linked_tick_ = 0;  // When the slot it is linked in comes up; never after the deadline's tick.
  uint8_t linked_level_ = 0;

 public:
  uint8_t owner_kind = 0;  // Whose timer this is; set once by the owner, read by the worker on expiry.
  uint32_t owner_slot = 0;
};

class TimerWheel {
 public:
  static constexpr Duration kTick = Duration::milliseconds(1);

  explicit TimerWheel(Instant start);

  // Sets or moves the deadline. Instant::never() disarms. A deadline in the past fires at the next
  // advance(), never within the one that is running. O(1).
  void set(TimerNode& node, Instant deadline);
  void cancel(TimerNode& node) { set(node, Instant::never()); }

  // Calls `expired(node)` for every node whose deadline, rounded up to a tick, is <= now; the node is
  // disarmed first, and the callee may set or cancel any node. Never fires early; at most one tick late.
  template <typename Expired>
  void advance(Instant now, Expired&& expired) {
    collect(now);
    while (TimerNode* node = due_.pop_front()) {
      --linked_count_;
      node->deadline_ = Instant::never();
      expired(*node);
    }
  }

  // When to wake up: the tick of the earliest deadline, possibly earlier (a re-sort). never() when
  // nothing is linked.
  Instant next_wakeup() const;
  uint32_t linked_count() const { return linked_count_; }

 private:
  using List = IntrusiveList<TimerNode, &TimerNode::hook_>;
  static constexpr uint32_t kLevels = 3;
  static constexpr uint32_t kSlots = 256;

  static constexpr uint8_t kOverdue = kLevels;  // linked_level_ of nodes in overdue_ and due_.

  void collect(Instant now);  // Moves due nodes to due_, re-sorting moved ones.
  void empty_slots_at_hand();
  int64_t next_occupied_tick() const;
  void link(TimerNode& node);
  void unlink(TimerNode& node);

  List slots_[kLevels][kSlots];
  uint64_t occupied_[kLevels][kSlots / 64] = {};
  List overdue_;              // Fire at the next advance().
  List due_;                  // Fire in the advance() that is running; empty outside of it.
  int64_t current_tick_ = 0;  // Slots up to here were emptied.
  uint32_t linked_count_ = 0;
};

}  // namespace sluice::dataplane
