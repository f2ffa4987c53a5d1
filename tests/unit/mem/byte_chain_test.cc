// Chains against plain strings: whatever is done to them, the bytes and the references have to add up.
#include "dataplane/mem/byte_chain.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

#include "schemas/base/rng.h"

namespace sluice::dataplane {
namespace {

struct Memory {
  BufferPool buffers{BufferPoolSizes{.count = {64, 16, 4, 8}}};
  SegmentPool segments;
  ChainMemory chain{buffers, segments};
};

std::span<const std::byte> as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string text_of(const ByteChain& chain) {
  std::string text;
  for (const Segment* s = chain.front(); s != nullptr; s = s->next) {
    text.append(reinterpret_cast<const char*>(s->data), s->length);
  }
  EXPECT_EQ(text.size(), chain.bytes());
  return text;
}

uint32_t range_count(const ByteChain& chain) {
  uint32_t count = 0;
  for (const Segment* s = chain.front(); s != nullptr; s = s->next) ++count;
  return count;
}

// A buffer of its own with `text` at `offset`, as a receive leaves it.
struct Received {
  BufferId buffer;
  std::byte* data;
  uint32_t length;
};
Received receive(Memory& memory, std::string_view text, uint32_t offset = kHeadroomBytes) {
  const BufferId buffer = memory.buffers.take(65536);
  EXPECT_NE(buffer, kNoBuffer);
  std::byte* data = memory.buffers.bytes(buffer).data() + offset;
  std::memcpy(data, text.data(), text.size());
  return {buffer, data, static_cast<uint32_t>(text.size())};
}
void append(Memory& memory, ByteChain& chain, std::string_view text) {
  const Received r = receive(memory, text);
  chain.append(memory.chain, r.buffer, r.data, r.length);
}

TEST(ByteChain, ConsumingReleasesEachBufferWithItsLastByte) {
  Memory memory;
  ByteChain chain;
  append(memory, chain, "abc");
  append(memory, chain, "defg");
  EXPECT_EQ(text_of(chain), "abcdefg");
  chain.consume(memory.chain, 2);
  EXPECT_EQ(memory.buffers.held_count(SizeClass::k64KiB), 2u);
  chain.consume(memory.chain, 1);
  EXPECT_EQ(memory.buffers.held_count(SizeClass::k64KiB), 1u);
  chain.consume(memory.chain, 1);
  EXPECT_EQ(text_of(chain), "efg");
  chain.clear(memory.chain);
  EXPECT_TRUE(chain.is_empty());
  EXPECT_EQ(memory.segments.in_use(), 0u);
  EXPECT_EQ(memory.buffers.held_bytes(), 0u);
}

TEST(ByteChain, EmptyRangesVanish) {
  Memory memory;
  ByteChain chain;
  append(memory, chain, "");
  chain.append_static(memory.chain, {});
  EXPECT_TRUE(chain.append_copy(memory.chain, {}));
  const Received r = receive(memory, "");
  chain.prepend(memory.chain, r.buffer, r.data, 0);
  EXPECT_TRUE(chain.is_empty());
  EXPECT_EQ(memory.buffers.held_bytes(), 0u);
}

TEST(ByteChain, OneByteAtATimeSharesOneBuffer) {
  Memory memory;
  ByteChain chain;
  std::string expected;
  for (int i = 0; i < 2000; ++i) {
    const char letter = static_cast<char>('a' + i % 26);
    const Received r = receive(memory, {&letter, 1});
    chain.append_coalescing(memory.chain, r.buffer, r.data, r.length, 512);
    expected += letter;
  }
  EXPECT_EQ(text_of(chain), expected);
  EXPECT_EQ(range_count(chain), 1u);
  EXPECT_EQ(memory.buffers.held_count(SizeClass::k64KiB), 1u);
  chain.clear(memory.chain);
}

TEST(ByteChain, CoalescingLeavesLargeRangesWhereTheyAre) {
  Memory memory;
  ByteChain chain;
  append(memory, chain, "head");
  const Received r = receive(memory, "long body");
  chain.append_coalescing(memory.chain, r.buffer, r.data, r.length, 8);
  EXPECT_EQ(range_count(chain), 2u);
  EXPECT_EQ(chain.front()->next->data, r.data);
  chain.clear(memory.chain);
}

// A pipelined request's bytes lie right behind the range that was split off: copying there would
// overwrite them.
TEST(ByteChain, CoalescingDoesNotWriteBehindASharedBuffer) {
  Memory memory;
  ByteChain chain, first_request;
  append(memory, chain, "GET /a GET /b");
  chain.move_to(memory.chain, first_request, 7);
  const Received r = receive(memory, "xyz");
  first_request.append_coalescing(memory.chain, r.buffer, r.data, r.length, 512);
  EXPECT_EQ(text_of(first_request), "GET /a xyz");
  EXPECT_EQ(text_of(chain), "GET /b");
  first_request.clear(memory.chain);
  chain.clear(memory.chain);
}

TEST(ByteChain, CoalescingStopsAtTheEndOfTheBuffer) {
  Memory memory;
  ByteChain chain;
  const Received full = receive(memory, "1234", 65536 - 6);
  chain.append(memory.chain, full.buffer, full.data, full.length);
  const Received fits = receive(memory, "56");
  chain.append_coalescing(memory.chain, fits.buffer, fits.data, fits.length, 512);
  EXPECT_EQ(range_count(chain), 1u);
  const Received over = receive(memory, "7");
  chain.append_coalescing(memory.chain, over.buffer, over.data, over.length, 512);
  EXPECT_EQ(range_count(chain), 2u);
  EXPECT_EQ(text_of(chain), "1234567");
  chain.clear(memory.chain);
}

TEST(ByteChain, MovingASplitRangeSharesTheBufferAndRejoinsIt) {
  Memory memory;
  ByteChain source, target;
  append(memory, source, "abcdef");
  source.move_to(memory.chain, target, 2);
  EXPECT_EQ(memory.buffers.references(source.front()->buffer), 2u);
  source.move_to(memory.chain, target, 4);
  EXPECT_TRUE(source.is_empty());
  EXPECT_EQ(text_of(target), "abcdef");
  EXPECT_EQ(range_count(target), 1u);
  EXPECT_EQ(memory.buffers.references(target.front()->buffer), 1u);
  target.clear(memory.chain);
  EXPECT_EQ(memory.segments.in_use(), 0u);
}

TEST(ByteChain, AHeadInTheHeadroomBecomesOneRangeWithItsBody) {
  Memory memory;
  ByteChain chain;
  append(memory, chain, "body");
  const BufferId buffer = chain.front()->buffer;
  std::byte* head = chain.front()->data - 4;
  std::memcpy(head, "head", 4);
  memory.buffers.add_reference(buffer);
  chain.prepend(memory.chain, buffer, head, 4);
  EXPECT_EQ(text_of(chain), "headbody");
  EXPECT_EQ(range_count(chain), 1u);
  EXPECT_EQ(memory.buffers.references(buffer), 1u);
  chain.clear(memory.chain);
}

TEST(ByteChain, CopyingMoreThanOneBufferHoldsIsAllOrNothing) {
  Memory memory;
  ByteChain chain;
  EXPECT_TRUE(chain.append_copy(memory.chain, as_bytes("start ")));
  const std::string large(200'000, 'x');
  EXPECT_TRUE(chain.append_copy(memory.chain, as_bytes(large)));
  EXPECT_EQ(text_of(chain), "start " + large);
  const std::string too_large(600'000, 'y');
  const uint64_t held = memory.buffers.held_bytes();
  EXPECT_FALSE(chain.append_copy(memory.chain, as_bytes(too_large)));
  EXPECT_EQ(memory.buffers.held_bytes(), held);
  EXPECT_EQ(text_of(chain), "start " + large);
  chain.clear(memory.chain);
}

TEST(ByteChain, SmallCopiesFillOneSmallBuffer) {
  Memory memory;
  ByteChain chain;
  for (int i = 0; i < 50; ++i) EXPECT_TRUE(chain.append_copy(memory.chain, as_bytes("twenty bytes of text")));
  EXPECT_EQ(range_count(chain), 1u);
  EXPECT_EQ(memory.buffers.held_bytes(), 1024u);
  chain.clear(memory.chain);
}

TEST(ByteChain, StaticBytesAreReferredToAndNeverWrittenBehind) {
  Memory memory;
  ByteChain chain;
  static constexpr std::string_view kText = "0\r\n\r\n";
  chain.append_static(memory.chain, as_bytes(kText));
  EXPECT_EQ(static_cast<const void*>(chain.front()->data), kText.data());
  EXPECT_TRUE(chain.append_copy(memory.chain, as_bytes("more")));
  EXPECT_EQ(text_of(chain), "0\r\n\r\nmore");
  EXPECT_EQ(range_count(chain), 2u);
  chain.clear(memory.chain);
}

TEST(ByteChain, ContiguousBytesGrowBehindTheFirstRangeWhenThereIsRoom) {
  Memory memory;
  ByteChain chain;
  append(memory, chain, "GET / HT");
  append(memory, chain, "TP/1.1\r\n");
  append(memory, chain, "body");
  std::byte* start = chain.front()->data;
  const std::span<std::byte> head = chain.make_contiguous(memory.chain, 16);
  EXPECT_EQ(std::string_view(reinterpret_cast<char*>(head.data()), head.size()), "GET / HTTP/1.1\r\n");
  EXPECT_EQ(head.data(), start);
  EXPECT_EQ(text_of(chain), "GET / HTTP/1.1\r\nbody");
  EXPECT_EQ(range_count(chain), 2u);
  EXPECT_EQ(chain.make_contiguous(memory.chain, 16).data(), start);  // Already so.
  chain.clear(memory.chain);
}

TEST(ByteChain, ContiguousBytesMoveToAFreshBufferWhenTheFirstIsShared) {
  Memory memory;
  ByteChain chain, earlier;
  append(memory, chain, "firstsec");
  append(memory, chain, "ond");
  chain.move_to(memory.chain, earlier, 5);
  const std::span<std::byte> word = chain.make_contiguous(memory.chain, 6);
  EXPECT_EQ(std::string_view(reinterpret_cast<char*>(word.data()), word.size()), "second");
  EXPECT_EQ(text_of(earlier), "first");
  EXPECT_EQ(memory.buffers.held_count(SizeClass::k1KiB), 1u);
  earlier.clear(memory.chain);
  chain.clear(memory.chain);
}

TEST(ByteChain, ContiguousBytesAreRefusedAndUntouchedWithoutABuffer) {
  Memory memory;
  ByteChain chain;
  chain.append_static(memory.chain, as_bytes("ab"));
  chain.append_static(memory.chain, as_bytes("cd"));
  std::vector<BufferId> hoarded;
  for (BufferId id; (id = memory.buffers.take(1)) != kNoBuffer;) hoarded.push_back(id);
  EXPECT_TRUE(chain.make_contiguous(memory.chain, 3).empty());
  EXPECT_EQ(text_of(chain), "abcd");
  for (BufferId id : hoarded) memory.buffers.release(id);
  EXPECT_EQ(chain.make_contiguous(memory.chain, 3).size(), 3u);
  EXPECT_EQ(text_of(chain), "abcd");
  chain.clear(memory.chain);
}

TEST(ByteChain, GathersAsManyRangesAsAskedFor) {
  Memory memory;
  ByteChain chain;
  for (int i = 0; i < 5; ++i) append(memory, chain, "ab");
  std::span<std::byte> ranges[3];
  EXPECT_EQ(chain.gather(ranges), 3u);
  EXPECT_EQ(ranges[2].size(), 2u);
  chain.consume(memory.chain, 7);
  EXPECT_EQ(chain.gather(ranges), 2u);
  EXPECT_EQ(ranges[0].size(), 1u);
  chain.clear(memory.chain);
  EXPECT_EQ(chain.gather(ranges), 0u);
}

TEST(ByteChainDeathTest, CatchesMisuse) {
  Memory memory;
  ByteChain chain;
  append(memory, chain, "abc");
  EXPECT_DEATH(chain.consume(memory.chain, 4), "CHECK failed");
  EXPECT_DEATH(chain.move_to(memory.chain, chain, 1), "CHECK failed");
  EXPECT_DEATH(
      {
        ByteChain dying;
        append(memory, dying, "x");
      },
      "CHECK failed: is_empty");
  chain.clear(memory.chain);
}

// Two chains and two strings; every operation done to both kinds.
class Model {
 public:
  explicit Model(uint64_t seed) : rng_(seed) {}

  void run(int steps) {
    for (int step = 0; step < steps; ++step) {
      const std::size_t chosen = rng_.below(2);
      change(chains_[chosen], texts_[chosen], chains_[1 - chosen], texts_[1 - chosen]);
      for (int i = 0; i < 2; ++i) ASSERT_EQ(text_of(chains_[i]), texts_[i]);
      memory_.buffers.check_invariants();
      ASSERT_EQ(memory_.segments.in_use(), range_count(chains_[0]) + range_count(chains_[1]));
    }
    for (ByteChain& chain : chains_) chain.clear(memory_.chain);
    EXPECT_EQ(memory_.buffers.held_bytes(), 0u);
  }

 private:
  std::string random_text(uint64_t bytes_max) {
    std::string text(rng_.below(bytes_max + 1), ' ');
    for (char& letter : text) letter = static_cast<char>('a' + rng_.below(26));
    return text;
  }

  void change(ByteChain& chain, std::string& text, ByteChain& other, std::string& other_text) {
    const uint64_t count = rng_.below(text.size() + 1);
    switch (rng_.below(8)) {
      case 0:
      case 1: {
        // Several ranges of one buffer, as pipelined requests leave them.
        const std::string added = random_text(rng_.chance(1, 4) ? 3000 : 20);
        if (memory_.buffers.free_count(SizeClass::k64KiB) == 0) break;
        const Received r = receive(memory_, added, static_cast<uint32_t>(rng_.below(60000)));
        chain.append_coalescing(memory_.chain, r.buffer, r.data, r.length, rng_.chance(1, 2) ? 512 : 0);
        text += added;
        break;
      }
      case 2: {
        const std::string added = random_text(rng_.chance(1, 10) ? 100'000 : 50);
        if (chain.append_copy(memory_.chain, as_bytes(added))) text += added;
        break;
      }
      case 3:
        chain.append_static(memory_.chain, as_bytes("static"));
        text += "static";
        break;
      case 4:
        chain.consume(memory_.chain, count);
        text.erase(0, count);
        break;
      case 5:
        chain.move_to(memory_.chain, other, count);
        other_text += text.substr(0, count);
        text.erase(0, count);
        break;
      case 6: {
        const uint64_t wanted = std::min<uint64_t>(count, kReceiveBytesMax);
        const std::span<std::byte> bytes = chain.make_contiguous(memory_.chain, wanted);
        if (bytes.empty()) break;
        EXPECT_EQ(std::string_view(reinterpret_cast<char*>(bytes.data()), bytes.size()),
                  std::string_view(text).substr(0, wanted));
        break;
      }
      case 7: {
        const std::string added = random_text(30);
        const BufferId buffer = memory_.buffers.take(added.size());
        if (buffer == kNoBuffer) break;
        std::byte* data = memory_.buffers.bytes(buffer).data();
        std::memcpy(data, added.data(), added.size());
        chain.prepend(memory_.chain, buffer, data, static_cast<uint32_t>(added.size()));
        text.insert(0, added);
        break;
      }
    }
  }

  Rng rng_;
  Memory memory_;
  ByteChain chains_[2];
  std::string texts_[2];
};

TEST(ByteChain, AgreesWithAStringForManySeeds) {
  for (uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE(testing::Message() << "seed " << seed);
    Model(seed).run(400);
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace sluice::dataplane
