// A queue of byte ranges in pool buffers: what a connection received and nobody consumed yet, or
// what it has to send. Ranges move between chains without copying; each range holds one reference
// to its buffer. Segment nodes come from a per-worker SegmentPool. One thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "dataplane/mem/buffer_pool.h"

namespace sluice::dataplane {

struct Segment {
  Segment* next = nullptr;
  std::byte* data = nullptr;
  uint32_t length = 0;
  BufferId buffer = kNoBuffer;  // kNoBuffer: static memory that outlives the chain.
};

class SegmentPool {
 public:
  SegmentPool() = default;
  ~SegmentPool();   // Requires: all nodes are home.
  Segment* take();  // Never null: grows by blocks of 256, bounded by the buffers that exist.
  void give_back(Segment* segment);
  uint32_t in_use() const { return in_use_; }

 private:
  struct Block;
  Block* blocks_ = nullptr;
  Segment* free_ = nullptr;
  uint32_t in_use_ = 0;
};

// What every chain of one worker needs.
struct ChainMemory {
  BufferPool& buffers;
  SegmentPool& segments;
};

class ByteChain {
 public:
  ByteChain() = default;
  ~ByteChain();  // Requires: empty.
  ByteChain(const ByteChain&) = delete;
  ByteChain& operator=(const ByteChain&) = delete;

  bool is_empty() const { return head_ == nullptr; }
  uint64_t bytes() const { return bytes_; }
  Segment* front() const { return head_; }

  // Appends a range and takes over one reference of `buffer`. A range that continues the last one makes
  // it longer. Empty ranges vanish.
  void append(ChainMemory& memory, BufferId buffer, std::byte* data, uint32_t length);
  // Like append, but small ranges are copied behind the last one when its buffer has room there and
  // nobody else refers to it; `buffer`'s reference is then dropped. Keeps one-byte-at-a-time senders
  // from pinning a buffer per byte. `copy_bytes_max`: ranges up to this length are copied.
  void append_coalescing(ChainMemory& memory, BufferId buffer, std::byte* data, uint32_t length,
                         uint32_t copy_bytes_max);
  // Copies bytes into pool memory (behind the last range when there is room, else a new buffer).
  // False: out of buffers; nothing was appended.
  [[nodiscard]] bool append_copy(ChainMemory& memory, std::span<const std::byte> bytes);
  // Static bytes, never freed.
  void append_static(ChainMemory& memory, std::span<const std::byte> bytes);

  // Drops `count` bytes from the front. Requires: count <= bytes().
  void consume(ChainMemory& memory, uint64_t count);
  // Moves the first `count` bytes to the end of `target`. A split range is shared by reference; small ones
  // are copied behind the target's last one when there is room.
  void move_to(ChainMemory& memory, ByteChain& target, uint64_t count);
  // Puts a range in front of everything. Takes over one reference. A range that ends where the first one
  // starts makes it longer (the headroom of a received buffer).
  void prepend(ChainMemory& memory, BufferId buffer, std::byte* data, uint32_t length);
  void clear(ChainMemory& memory);

  // Makes the first `count` bytes contiguous (copying behind the first range when there is room, else
  // all into one fresh buffer) and returns them; empty when no buffer is free. Requires: count <= bytes(),
  // count <= kReceiveBytesMax.
  std::span<std::byte> make_contiguous(ChainMemory& memory, uint64_t count);

  // Few bytes in a large buffer move to a small one, with room to grow there; else nothing happens.
  void compact(ChainMemory& memory);

  // Fills up to ranges.size() spans from the front; returns how many. For gathered sends.
  uint32_t gather(std::span<std::span<std::byte>> ranges) const;

 private:
  // 2 KiB copied costs some 50 ns; the alternative pins 64 KiB. Once the target's reader is behind, larger
  // ranges are worth it too: four of 16 KiB share one buffer, and a window costs what it says.
  static constexpr uint32_t kMoveCopyBytesMax = 2048;
  static constexpr uint32_t kBacklogBytes = 16 * 1024;
  static constexpr uint32_t kBacklogCopyBytesMax = 16 * 1024;

  bool move_by_copy(ChainMemory& memory, ByteChain& target, uint32_t length);
  void push_back(Segment* segment);
  void push_front(Segment* segment);
  Segment* pop_front();                                // Requires: not empty. Its reference goes along.
  void extend_tail(std::span<const std::byte> bytes);  // Requires: room behind the tail.
  void copy_out(std::span<std::byte> target) const;    // The first target.size() bytes.

  Segment* head_ = nullptr;
  Segment* tail_ = nullptr;
  uint64_t bytes_ = 0;
};

}  // namespace sluice::dataplane
