// One ring over the real kernel, a loopback to use it on, and a record of what came of every op. Every test
// runs with all this kernel can do and with what Linux 6.1 could.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "dataplane/ring/ring.h"

namespace sluice::dataplane {

inline constexpr BufferPoolSizes kBuffers{.count = {64, 16, 16, 256}};

// An op, its token and what came of it.
struct Asked {
  Op op;
  OpToken token;
  std::vector<Completion> completions;
  std::string received;

  bool is_done() const { return !op.is_busy(); }
  uint64_t bytes() const {  // Of all its completions.
    uint64_t sum = 0;
    for (const Completion& completion : completions)
      sum += static_cast<uint64_t>(std::max(completion.result, 0));
    return sum;
  }
  int32_t result() const { return completions.empty() ? 0 : completions.back().result; }
};

class RingOnLoopback : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override { open({}); }
  void TearDown() override {
    ring.reset();
    for (Asked& asked : all_asked_) {
      if (asked.op.is_busy()) asked.op.finish();
    }
    for (int descriptor : descriptors_) close(descriptor);
    EXPECT_EQ(buffers.lent_count(), 0u);
    EXPECT_EQ(buffers.held_bytes(), 0u);
    buffers.check_invariants();
  }

  void open(RingOptions options) {
    ring.reset();
    options.caps_mask = *parse_caps_mask(GetParam());
    auto opened = Ring::open(options, buffers);
    ASSERT_TRUE(opened.has_value()) << opened.error();
    ring = std::move(*opened);
  }

  Asked& ask(OpKind kind) {
    Asked& asked = all_asked_.emplace_back();
    asked.token = {.slot = static_cast<uint32_t>(all_asked_.size() - 1),
                   .generation = 0xabcd,
                   .kind = kind,
                   .owner = OwnerKind::worker};
    return asked;
  }

  // One tick; completions go to whoever asked.
  uint32_t tick(Duration patience = 5_s) {
    const std::span<const Completion> completions = ring->submit_and_wait(ring->now() + patience);
    for (const Completion& completion : completions) {
      EXPECT_EQ(completion.token.generation, 0xabcd);
      Asked& asked = all_asked_.at(completion.token.slot);
      EXPECT_EQ(asked.token.kind, completion.token.kind);
      asked.completions.push_back(completion);
      if (completion.buffer != kNoBuffer) {
        EXPECT_GT(completion.result, 0);
        asked.received.append(
            reinterpret_cast<const char*>(buffers.bytes(completion.buffer).data()) + kHeadroomBytes,
            static_cast<std::size_t>(completion.result));
        buffers.release(completion.buffer);
      }
      if (!completion.more_to_come) asked.op.finish();
    }
    return static_cast<uint32_t>(completions.size());
  }

  // Ticks until `done`; a condition that never comes fails after ten seconds.
  template <typename Done>
  void run_until(Done&& done) {
    const Instant limit = ring->now() + 10_s;
    while (!done()) {
      tick(100_ms);
      ASSERT_LT(ring->now(), limit);
    }
  }

  // Both ends of a TCP connection over loopback.
  std::pair<int, int> connected() {
    const int listener = listen_on_loopback();
    const sockaddr_storage address = ring->local_address(listener);
    const int client = ring->open_socket(AF_INET);
    EXPECT_EQ(::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof(sockaddr_in)), 0);
    const int server = ::accept(listener, nullptr, nullptr);
    EXPECT_GE(server, 0);
    descriptors_.push_back(client);
    descriptors_.push_back(server);
    return {client, server};
  }

  int listen_on_loopback() {
    const int listener = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    EXPECT_EQ(bind(listener, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    EXPECT_EQ(listen(listener, 128), 0);
    descriptors_.push_back(listener);
    return listener;
  }

  void write_to(int descriptor, std::string_view text) {
    while (!text.empty()) {
      const ssize_t count = ::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL);
      ASSERT_GT(count, 0);
      text.remove_prefix(static_cast<std::size_t>(count));
    }
  }

  // Until the socket takes no more.
  void fill(int descriptor) {
    const std::string text(65536, 'f');
    while (::send(descriptor, text.data(), text.size(), MSG_NOSIGNAL | MSG_DONTWAIT) > 0) {
    }
    ASSERT_EQ(errno, EAGAIN);
  }

  bool has_budget() const { return ring->caps().has(RingCaps::kReceiveBudget); }

  BufferPool buffers{kBuffers};
  std::unique_ptr<Ring> ring;
  std::deque<Asked> all_asked_;
  std::vector<int> descriptors_;
};

inline std::string pattern(std::size_t bytes) {
  std::string text(bytes, ' ');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + i * i % 26);
  return text;
}

inline std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

}  // namespace sluice::dataplane
