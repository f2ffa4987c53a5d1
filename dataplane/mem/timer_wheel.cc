#include "dataplane/mem/timer_wheel.h"

#include <algorithm>
#include <bit>

#include "schemas/base/check.h"

namespace sluice::dataplane {
namespace {

constexpr uint32_t kSlotBits = 8;  // 256 slots a level.
constexpr int64_t kNoTick = INT64_MAX;

int64_t tick_before(Instant now) {
  return now.nanoseconds / TimerWheel::kTick.nanoseconds;
}

// Rounded up: a node fires when the clock has passed its tick, so never before its deadline.
int64_t tick_after(Instant deadline) {
  const int64_t tick = TimerWheel::kTick.nanoseconds;
  return deadline.nanoseconds / tick + (deadline.nanoseconds % tick > 0 ? 1 : 0);
}

// How far the next set bit is from `from`, going round; 256 when no bit is set.
uint32_t distance_to_set(const uint64_t (&words)[4], uint32_t from) {
  // The word of `from` is looked at twice: first the bits from there up, at the end those below.
  uint64_t word = words[from / 64] & (~uint64_t{0} << (from % 64));
  for (uint32_t i = 0;; ++i) {
    const uint32_t base = (from / 64 + i) % 4 * 64;
    if (word != 0) return (base + static_cast<uint32_t>(std::countr_zero(word)) - from) & 255;
    if (i == 4) return 256;
    word = words[(from / 64 + i + 1) % 4];
  }
}

}  // namespace

TimerWheel::TimerWheel(Instant start) : current_tick_(tick_before(start)) {}

void TimerWheel::set(TimerNode& node, Instant deadline) {
  if (node.hook_.is_linked()) {
    const bool later =
        !deadline.is_never() && node.linked_level_ < kLevels && tick_after(deadline) >= node.linked_tick_;
    if (later) {
      node.deadline_ = deadline;  // Found out when the old slot comes up.
      return;
    }
    unlink(node);
  }
  node.deadline_ = deadline;
  if (!deadline.is_never()) link(node);
}

void TimerWheel::link(TimerNode& node) {
  ++linked_count_;
  const int64_t tick = tick_after(node.deadline_);
  if (tick <= current_tick_) {
    node.linked_level_ = kOverdue;
    overdue_.push_back(node);
    return;
  }
  uint32_t level = 0;
  while (level + 1 < kLevels && (tick - current_tick_) >> (kSlotBits * (level + 1)) != 0) ++level;
  const uint32_t shift = kSlotBits * level;
  // Beyond the top level: parked in its farthest slot and sorted again there.
  const int64_t farthest = (current_tick_ >> shift) + kSlots - 1;
  const int64_t slot_number = level + 1 < kLevels ? tick >> shift : std::min(tick >> shift, farthest);
  const uint32_t slot = slot_number % kSlots;
  node.linked_level_ = static_cast<uint8_t>(level);
  node.linked_tick_ = slot_number << shift;
  slots_[level][slot].push_back(node);
  occupied_[level][slot / 64] |= uint64_t{1} << (slot % 64);
}

void TimerWheel::unlink(TimerNode& node) {
  node.hook_.unlink();
  --linked_count_;
  if (node.linked_level_ >= kLevels) return;
  const uint32_t level = node.linked_level_;
  const uint32_t slot = (node.linked_tick_ >> (kSlotBits * level)) % kSlots;
  if (slots_[level][slot].is_empty()) occupied_[level][slot / 64] &= ~(uint64_t{1} << (slot % 64));
}

int64_t TimerWheel::next_occupied_tick() const {
  int64_t earliest = kNoTick;
  for (uint32_t level = 0; level < kLevels; ++level) {
    // The slot under the hand was emptied when the hand came to it: what is in it now is one turn ahead.
    const int64_t following = (current_tick_ >> (kSlotBits * level)) + 1;
    const uint32_t distance = distance_to_set(occupied_[level], following % kSlots);
    if (distance < kSlots) earliest = std::min(earliest, (following + distance) << (kSlotBits * level));
  }
  return earliest;
}

void TimerWheel::empty_slots_at_hand() {
  for (uint32_t level = kLevels; level-- > 0;) {
    const uint32_t shift = kSlotBits * level;
    if ((current_tick_ & ((int64_t{1} << shift) - 1)) != 0) continue;
    const uint32_t slot = (current_tick_ >> shift) % kSlots;
    while (TimerNode* node = slots_[level][slot].front()) {
      unlink(*node);
      link(*node);  // To a lower level, to another slot when it was moved, or overdue.
    }
  }
}

void TimerWheel::collect(Instant now) {
  const int64_t target = tick_before(now);
  while (current_tick_ < target) {
    current_tick_ = std::min(next_occupied_tick(), target);
    empty_slots_at_hand();
  }
  while (TimerNode* node = overdue_.pop_front()) due_.push_back(*node);
}

Instant TimerWheel::next_wakeup() const {
  const int64_t tick = overdue_.is_empty() ? next_occupied_tick() : current_tick_;
  return tick == kNoTick ? Instant::never() : Instant{tick * kTick.nanoseconds};
}

}  // namespace sluice::dataplane
