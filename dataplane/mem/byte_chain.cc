#include "dataplane/mem/byte_chain.h"

#include <algorithm>
#include <cstring>

#include "schemas/base/check.h"

namespace sluice::dataplane {
namespace {

constexpr uint32_t kSegmentsPerBlock = 256;

void release(ChainMemory& memory, BufferId buffer) {
  if (buffer != kNoBuffer) memory.buffers.release(buffer);
}

// How many bytes may be written behind `segment`. None while anybody else refers to its buffer: a range
// of theirs may lie there. The kernel may be sending the segment itself; it reads only the length it was
// given.
uint32_t room_behind(ChainMemory& memory, const Segment* segment) {
  if (segment == nullptr || segment->buffer == kNoBuffer) return 0;
  if (memory.buffers.references(segment->buffer) != 1) return 0;
  const std::span<std::byte> buffer = memory.buffers.bytes(segment->buffer);
  return static_cast<uint32_t>(buffer.data() + buffer.size() - (segment->data + segment->length));
}

bool continues(const Segment* segment, BufferId buffer, const std::byte* data) {
  return segment != nullptr && buffer != kNoBuffer && segment->buffer == buffer &&
         segment->data + segment->length == data;
}

}  // namespace

struct SegmentPool::Block {
  Block* next = nullptr;
  Segment segments[kSegmentsPerBlock];
};

SegmentPool::~SegmentPool() {
  CHECK(in_use_ == 0);
  while (blocks_ != nullptr) {
    Block* block = blocks_;
    blocks_ = block->next;
    delete block;
  }
}

Segment* SegmentPool::take() {
  if (free_ == nullptr) {
    Block* block = new Block;
    block->next = blocks_;
    blocks_ = block;
    for (Segment& segment : block->segments) {
      segment.next = free_;
      free_ = &segment;
    }
  }
  Segment* segment = free_;
  free_ = segment->next;
  segment->next = nullptr;
  ++in_use_;
  return segment;
}

void SegmentPool::give_back(Segment* segment) {
  CHECK(in_use_ > 0);
  --in_use_;
  *segment = Segment{.next = free_};
  free_ = segment;
}

ByteChain::~ByteChain() {
  CHECK(is_empty());
}

void ByteChain::push_back(Segment* segment) {
  segment->next = nullptr;
  (tail_ == nullptr ? head_ : tail_->next) = segment;
  tail_ = segment;
  bytes_ += segment->length;
}

void ByteChain::push_front(Segment* segment) {
  segment->next = head_;
  head_ = segment;
  if (tail_ == nullptr) tail_ = segment;
  bytes_ += segment->length;
}

Segment* ByteChain::pop_front() {
  Segment* segment = head_;
  head_ = segment->next;
  if (head_ == nullptr) tail_ = nullptr;
  bytes_ -= segment->length;
  return segment;
}

void ByteChain::append(ChainMemory& memory, BufferId buffer, std::byte* data, uint32_t length) {
  if (length == 0) {
    release(memory, buffer);
    return;
  }
  if (continues(tail_, buffer, data)) {
    tail_->length += length;
    bytes_ += length;
    memory.buffers.release(buffer);  // The tail's own reference covers the longer range.
    return;
  }
  Segment* segment = memory.segments.take();
  segment->data = data;
  segment->length = length;
  segment->buffer = buffer;
  push_back(segment);
}

void ByteChain::append_coalescing(ChainMemory& memory, BufferId buffer, std::byte* data, uint32_t length,
                                  uint32_t copy_bytes_max) {
  if (length > 0 && length <= copy_bytes_max && length <= room_behind(memory, tail_)) {
    extend_tail({data, length});
    release(memory, buffer);
    return;
  }
  append(memory, buffer, data, length);
}

void ByteChain::extend_tail(std::span<const std::byte> bytes) {
  std::memcpy(tail_->data + tail_->length, bytes.data(), bytes.size());
  tail_->length += static_cast<uint32_t>(bytes.size());
  bytes_ += bytes.size();
}

bool ByteChain::append_copy(ChainMemory& memory, std::span<const std::byte> bytes) {
  if (bytes.empty()) return true;
  if (bytes.size() <= room_behind(memory, tail_)) {
    extend_tail(bytes);
    return true;
  }
  ByteChain copied;
  while (!bytes.empty()) {
    const std::size_t wanted = std::min(bytes.size(), std::size_t{kSizeClassBytes[kSizeClassCount - 1]});
    const BufferId buffer = memory.buffers.take(wanted);
    if (buffer == kNoBuffer) {
      copied.clear(memory);
      return false;
    }
    std::byte* data = memory.buffers.bytes(buffer).data();
    std::memcpy(data, bytes.data(), wanted);
    copied.append(memory, buffer, data, static_cast<uint32_t>(wanted));
    bytes = bytes.subspan(wanted);
  }
  copied.move_to(memory, *this, copied.bytes());
  return true;
}

void ByteChain::append_static(ChainMemory& memory, std::span<const std::byte> bytes) {
  // Chains are written to only behind ranges with a buffer, never through this pointer.
  append(memory, kNoBuffer, const_cast<std::byte*>(bytes.data()), static_cast<uint32_t>(bytes.size()));
}

void ByteChain::consume(ChainMemory& memory, uint64_t count) {
  CHECK(count <= bytes_);
  while (count > 0) {
    if (count < head_->length) {
      head_->data += count;
      head_->length -= static_cast<uint32_t>(count);
      bytes_ -= count;
      return;
    }
    count -= head_->length;
    Segment* segment = pop_front();
    release(memory, segment->buffer);
    memory.segments.give_back(segment);
  }
}

// A small range that does not continue the target's last one is copied behind it: a reader that stalls
// while bytes trickle in must not cost a whole receive buffer per trickle.
bool ByteChain::move_by_copy(ChainMemory& memory, ByteChain& target, uint32_t length) {
  const uint32_t copy_bytes_max = target.bytes_ < kBacklogBytes ? kMoveCopyBytesMax : kBacklogCopyBytesMax;
  if (length > copy_bytes_max || continues(target.tail_, head_->buffer, head_->data)) return false;
  if (length > room_behind(memory, target.tail_)) return false;
  target.extend_tail({head_->data, length});
  consume(memory, length);
  return true;
}

void ByteChain::move_to(ChainMemory& memory, ByteChain& target, uint64_t count) {
  CHECK(count <= bytes_);
  CHECK(&target != this);
  while (count > 0) {
    const auto length = static_cast<uint32_t>(std::min<uint64_t>(count, head_->length));
    count -= length;
    if (move_by_copy(memory, target, length)) continue;
    if (length < head_->length) {
      if (head_->buffer != kNoBuffer) memory.buffers.add_reference(head_->buffer);
      target.append(memory, head_->buffer, head_->data, length);
      consume(memory, length);
      return;
    }
    Segment* segment = pop_front();
    if (continues(target.tail_, segment->buffer, segment->data)) {
      target.append(memory, segment->buffer, segment->data, segment->length);
      memory.segments.give_back(segment);
    } else {
      target.push_back(segment);
    }
  }
}

void ByteChain::prepend(ChainMemory& memory, BufferId buffer, std::byte* data, uint32_t length) {
  if (length == 0) {
    release(memory, buffer);
    return;
  }
  if (head_ != nullptr && buffer != kNoBuffer && head_->buffer == buffer && data + length == head_->data) {
    // A head built in the headroom of the body's own buffer: the two leave as one range.
    head_->data = data;
    head_->length += length;
    bytes_ += length;
    memory.buffers.release(buffer);
    return;
  }
  Segment* segment = memory.segments.take();
  *segment = Segment{.data = data, .length = length, .buffer = buffer};
  push_front(segment);
}

void ByteChain::clear(ChainMemory& memory) {
  consume(memory, bytes_);
}

std::span<std::byte> ByteChain::make_contiguous(ChainMemory& memory, uint64_t count) {
  CHECK(count <= bytes_);
  CHECK(count <= kReceiveBytesMax);
  if (count == 0) return {};
  if (head_->length >= count) return {head_->data, count};
  const auto wanted = static_cast<uint32_t>(count);
  if (wanted - head_->length <= room_behind(memory, head_)) {
    // Mostly a head in two receives: only what came later is copied, right behind what came first.
    Segment* first = pop_front();
    copy_out({first->data + first->length, wanted - first->length});
    consume(memory, wanted - first->length);
    first->length = wanted;
    push_front(first);
    return {first->data, count};
  }
  const BufferId buffer = memory.buffers.take(count);
  if (buffer == kNoBuffer) return {};
  std::byte* data = memory.buffers.bytes(buffer).data();
  copy_out({data, wanted});
  consume(memory, count);
  prepend(memory, buffer, data, wanted);
  return {data, count};
}

void ByteChain::compact(ChainMemory& memory) {
  constexpr uint64_t kFewBytes = kSizeClassBytes[1] / 2;
  if (head_ == nullptr || head_ != tail_ || head_->buffer == kNoBuffer || bytes_ > kFewBytes) return;
  if (memory.buffers.bytes(head_->buffer).size() <= kSizeClassBytes[1]) return;
  const BufferId buffer = memory.buffers.take(bytes_ * 2);
  if (buffer == kNoBuffer) return;
  std::span<std::byte> room = memory.buffers.bytes(buffer);
  if (room.size() > kSizeClassBytes[1]) {  // Small ones are gone: nothing would be gained.
    memory.buffers.release(buffer);
    return;
  }
  std::memcpy(room.data(), head_->data, head_->length);
  memory.buffers.release(head_->buffer);
  head_->buffer = buffer;
  head_->data = room.data();
}

void ByteChain::copy_out(std::span<std::byte> target) const {
  for (const Segment* segment = head_; !target.empty(); segment = segment->next) {
    const std::size_t part = std::min(target.size(), std::size_t{segment->length});
    std::memcpy(target.data(), segment->data, part);
    target = target.subspan(part);
  }
}

uint32_t ByteChain::gather(std::span<std::span<std::byte>> ranges) const {
  uint32_t filled = 0;
  for (const Segment* segment = head_; segment != nullptr && filled < ranges.size();
       segment = segment->next) {
    ranges[filled++] = {segment->data, segment->length};
  }
  return filled;
}

}  // namespace sluice::dataplane
