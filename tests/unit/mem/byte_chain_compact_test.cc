// Few bytes leave the large buffer they were received in.
#include <gtest/gtest.h>

#include <cstring>
#include <string>

#include "dataplane/mem/byte_chain.h"

namespace sluice::dataplane {
namespace {

struct Memory {
  BufferPool buffers{BufferPoolSizes{.count = {64, 16, 4, 8}}};
  SegmentPool segments;
  ChainMemory chain{buffers, segments};
};

std::string text_of(const ByteChain& chain) {
  std::string text;
  for (const Segment* s = chain.front(); s != nullptr; s = s->next) {
    text.append(reinterpret_cast<const char*>(s->data), s->length);
  }
  return text;
}

// A head that trickles in must not keep the 64 KiB it was received in.
TEST(ByteChain, FewBytesMoveToASmallBuffer) {
  Memory memory;
  ByteChain chain;
  const BufferId buffer = memory.buffers.take(60'000);
  std::memcpy(memory.buffers.bytes(buffer).data(), "GET / HT", 8);
  chain.append(memory.chain, buffer, memory.buffers.bytes(buffer).data(), 8);
  chain.compact(memory.chain);
  EXPECT_EQ(text_of(chain), "GET / HT");
  EXPECT_EQ(memory.buffers.held_bytes(), 1024u);
  // The next bytes go behind, and it stays where it is.
  const BufferId next = memory.buffers.take(60'000);
  std::memcpy(memory.buffers.bytes(next).data(), "TP", 2);
  chain.append_coalescing(memory.chain, next, memory.buffers.bytes(next).data(), 2, 2048);
  chain.compact(memory.chain);
  EXPECT_EQ(text_of(chain), "GET / HTTP");
  EXPECT_EQ(memory.buffers.held_bytes(), 1024u);
  chain.clear(memory.chain);
}

TEST(ByteChain, CompactLeavesManyBytesAndSharedRoomAlone) {
  Memory memory;
  ByteChain chain;
  const BufferId buffer = memory.buffers.take(60'000);
  chain.append(memory.chain, buffer, memory.buffers.bytes(buffer).data(), 3000);
  chain.compact(memory.chain);
  EXPECT_EQ(memory.buffers.held_bytes(), 65536u);
  chain.clear(memory.chain);
  chain.compact(memory.chain);
  EXPECT_EQ(memory.buffers.held_bytes(), 0u);
  // Without a small buffer nothing is gained, so nothing moves.
  BufferPool few(BufferPoolSizes{.count = {0, 0, 2, 4}});
  SegmentPool segments;
  ChainMemory scarce{few, segments};
  const BufferId large = few.take(60'000);
  chain.append(scarce, large, few.bytes(large).data(), 8);
  chain.compact(scarce);
  EXPECT_EQ(few.held_bytes(), 65536u);
  chain.clear(scarce);
}

}  // namespace
}  // namespace sluice::dataplane
