// What only the kernel's ring can get wrong: queues that fill up, buffers that run out, wake-ups across
// threads, leaving with everything in flight. Behaviour both rings share is in tests/conformance. Every
// test runs with all this kernel can do and with what Linux 6.1 could.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <string>
#include <string_view>
#include <thread>
#include <vector>

#include "dataplane/ring/ring.h"
#include "tests/unit/ring/allocation_count.h"

namespace sluice::dataplane {
namespace {

constexpr BufferPoolSizes kBuffers{.count = {64, 16, 16, 256}};

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

class RingUring : public testing::TestWithParam<const char*> {
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

std::string pattern(std::size_t bytes) {
  std::string text(bytes, ' ');
  for (std::size_t i = 0; i < bytes; ++i) text[i] = static_cast<char>('a' + i * i % 26);
  return text;
}

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

TEST_P(RingUring, AcceptsConnectsAndCarriesBytesBothWays) {
  const int listener = listen_on_loopback();
  Asked& accepted = ask(OpKind::accept);
  ring->accept(accepted.token, accepted.op, listener);
  Asked& connected = ask(OpKind::connect);
  const int client = ring->open_socket(AF_INET);
  descriptors_.push_back(client);
  ring->connect(connected.token, connected.op, client, ring->local_address(listener));
  run_until([&] { return connected.is_done() && !accepted.completions.empty(); });
  EXPECT_EQ(connected.result(), 0);
  EXPECT_FALSE(accepted.is_done());  // One op for all connections to come.
  const int server = accepted.result();
  descriptors_.push_back(server);
  const sockaddr_storage seen = ring->peer_address(server), own = ring->local_address(client);
  EXPECT_EQ(std::memcmp(&seen, &own, sizeof(sockaddr_in)), 0);

  const std::string text = pattern(300'000);
  Asked& received = ask(OpKind::receive);
  ring->receive(received.token, received.op, server, 65536, true);
  Asked& sent = ask(OpKind::send);
  run_until([&] {
    if (received.is_done()) ring->receive(received.token, received.op, server, 65536, false);
    if (sent.is_done() && sent.bytes() < text.size()) {
      ring->send(sent.token, sent.op, client, bytes_of(text).subspan(sent.bytes()), false);
    }
    return received.received.size() == text.size() && sent.is_done();
  });
  EXPECT_EQ(sent.bytes(), text.size());
  EXPECT_TRUE(received.received == text);
}

TEST_P(RingUring, GathersRangesIntoOneStream) {
  const auto [client, server] = connected();
  const int room = 1 << 20;  // So that one send takes all.
  setsockopt(client, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  std::string first = "first ", second = pattern(100'000), third = " third";
  GatherHeader header{};
  header.ranges[0] = {first.data(), first.size()};
  header.ranges[1] = {second.data(), second.size()};
  header.ranges[2] = {third.data(), third.size()};
  header.message.msg_iov = header.ranges;
  header.message.msg_iovlen = 3;
  Asked& sent = ask(OpKind::send);
  ring->send_gathered(sent.token, sent.op, client, header, false);
  Asked& received = ask(OpKind::receive);
  ring->receive(received.token, received.op, server, 1 << 20, false);
  run_until([&] {
    if (received.is_done()) ring->receive(received.token, received.op, server, 1 << 20, true);
    return received.received.size() == 100'012 && sent.is_done();
  });
  EXPECT_EQ(sent.result(), 100'012);
  EXPECT_TRUE(received.received == first + second + third);
}

// A slow reader's progress has to show: each send ends with what the socket took.
TEST_P(RingUring, ASendEndsWithWhatTheSocketTookAndWaitsWhenItIsFull) {
  const auto [client, server] = connected();
  const std::string text = pattern(16 << 20);
  Asked& sent = ask(OpKind::send);
  ring->send(sent.token, sent.op, client, bytes_of(text), false);
  run_until([&] { return sent.is_done(); });
  EXPECT_GT(sent.result(), 0);
  EXPECT_LT(sent.result(), static_cast<int32_t>(text.size()));
  fill(client);
  Asked& waiting = ask(OpKind::send);
  ring->send(waiting.token, waiting.op, client, bytes_of(text), false);
  tick(50_ms);
  EXPECT_FALSE(waiting.is_done());
  Asked& cancelled = ask(OpKind::cancel);
  ring->cancel(cancelled.token, cancelled.op, client);
  run_until([&] { return waiting.is_done() && cancelled.is_done(); });
  EXPECT_EQ(waiting.result(), -ECANCELED);
}

// Notes 1.1 and 2.2: the budget is kept to within one buffer, and the op ends by itself.
TEST_P(RingUring, ReceivesNoMoreThanTheBudgetAndOneBuffer) {
  for (const uint32_t budget : {1u, 1000u, 20'000u, 100'000u, 200'000u}) {
    const auto [client, server] = connected();
    const int room = 4 << 20;
    setsockopt(client, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
    Asked& sent = ask(OpKind::send);
    const std::string text = pattern(2 << 20);
    ring->send(sent.token, sent.op, client, bytes_of(text), false);
    Asked& received = ask(OpKind::receive);
    ring->receive(received.token, received.op, server, budget, true);
    run_until([&] { return received.is_done(); });
    EXPECT_GT(received.received.size(), 0u);
    EXPECT_LT(received.received.size(), budget + std::min(budget, kReceiveBytesMax)) << budget;
    if (has_budget()) {
      EXPECT_GE(received.received.size(), budget);
    } else {
      EXPECT_EQ(received.completions.size(), 1u);
    }
    EXPECT_TRUE(text.starts_with(received.received));
    Asked& cancelled = ask(OpKind::cancel);
    ring->cancel(cancelled.token, cancelled.op, client);
    run_until([&] { return sent.is_done() && cancelled.is_done(); });
  }
}

TEST_P(RingUring, OneReceiveServesManySmallMessagesWhenThereIsABudget) {
  const auto [client, server] = connected();
  Asked& received = ask(OpKind::receive);
  ring->receive(received.token, received.op, server, 1 << 20, true);
  for (int i = 1; i <= 50; ++i) {
    write_to(client, "message ");
    run_until([&] { return received.received.size() == static_cast<std::size_t>(i) * 8; });
    ASSERT_EQ(received.is_done(), !has_budget());
    if (received.is_done()) ring->receive(received.token, received.op, server, 1 << 20, true);
  }
  ::shutdown(client, SHUT_WR);
  run_until([&] { return received.is_done(); });
  EXPECT_EQ(received.result(), 0);
  EXPECT_EQ(received.completions.back().buffer, kNoBuffer);
}

TEST_P(RingUring, RunningOutOfBuffersEndsTheReceiveAndLendsMoreNextTime) {
  open({.lent_buffers_min = 1, .lent_buffers_max = 8});
  const auto [client, server] = connected();
  const std::string text = pattern(1 << 20);
  const int room = 4 << 20;
  setsockopt(client, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
  setsockopt(server, SOL_SOCKET, SO_RCVBUF, &room, sizeof room);
  std::thread writer([&, to = client] { write_to(to, text); });
  Asked& received = ask(OpKind::receive);
  ring->receive(received.token, received.op, server, 8 << 20, true);
  run_until([&] {
    if (received.is_done()) ring->receive(received.token, received.op, server, 8 << 20, false);
    return received.received.size() == text.size();
  });
  writer.join();
  EXPECT_TRUE(received.received == text);
  const auto starved = std::count_if(received.completions.begin(), received.completions.end(),
                                     [](const Completion& c) { return c.result == -ENOBUFS; });
  if (has_budget()) {
    EXPECT_GT(starved, 0);
    EXPECT_GT(buffers.lent_count(), 1u);
  }
  EXPECT_LE(buffers.lent_count(), 8u);
}

TEST_P(RingUring, ReportsNoBuffersWhileThePoolIsEmptyAndRecovers) {
  const auto [client, server] = connected();
  std::vector<BufferId> hoarded;
  for (BufferId id; (id = buffers.take(65536)) != kNoBuffer;) hoarded.push_back(id);
  write_to(client, "patience");
  Asked& received = ask(OpKind::receive);
  ring->receive(received.token, received.op, server, 4096, true);
  run_until([&] { return received.is_done(); });
  EXPECT_EQ(received.result(), -ENOBUFS);
  for (BufferId id : hoarded) buffers.release(id);
  ring->receive(received.token, received.op, server, 4096, true);
  run_until([&] { return received.received == "patience"; });
}

TEST_P(RingUring, TakesMoreOpsInOneTickThanItsQueueHolds) {
  open({.submission_entries = 8, .completion_entries = 4096});
  std::vector<std::pair<int, int>> pairs;
  for (int i = 0; i < 100; ++i) pairs.push_back(connected());
  std::vector<Asked*> asked;
  const Instant asked_at = ring->now();
  for (const auto& [client, server] : pairs) {
    Asked& received = *asked.emplace_back(&ask(OpKind::receive));
    ring->receive(received.token, received.op, server, 4096, true);
    Asked& sent = *asked.emplace_back(&ask(OpKind::send));
    ring->send(sent.token, sent.op, client, bytes_of("hello"), false);
  }
  EXPECT_EQ(ring->ops_in_flight(), 200u);
  EXPECT_EQ(ring->now(), asked_at);  // Submitting early is not a tick.
  run_until([&] {
    return std::all_of(asked.begin(), asked.end(), [](const Asked* a) {
      return a->token.kind == OpKind::send ? a->is_done() : a->received == "hello";
    });
  });
}

// Connects are copied at submission: one address per queue entry, reused round and round.
TEST_P(RingUring, ConnectsToManyAddressesInOneTick) {
  open({.submission_entries = 8, .completion_entries = 4096});
  std::vector<int> listeners;
  std::vector<std::pair<Asked*, int>> attempts;
  for (int i = 0; i < 30; ++i) {
    listeners.push_back(listen_on_loopback());
    const int client = ring->open_socket(AF_INET);
    descriptors_.push_back(client);
    sockaddr_storage address = ring->local_address(listeners.back());
    Asked& attempt = ask(OpKind::connect);
    ring->connect(attempt.token, attempt.op, client, address);
    std::memset(&address, 0xff, sizeof address);
    attempts.emplace_back(&attempt, client);
  }
  run_until([&] {
    return std::all_of(attempts.begin(), attempts.end(), [](auto& a) { return a.first->is_done(); });
  });
  for (std::size_t i = 0; i < attempts.size(); ++i) {
    EXPECT_EQ(attempts[i].first->result(), 0);
    const sockaddr_storage peer = ring->peer_address(attempts[i].second),
                           own = ring->local_address(listeners[i]);
    EXPECT_EQ(std::memcmp(&peer, &own, sizeof(sockaddr_in)), 0);
  }
}

TEST_P(RingUring, LosesNothingWhenCompletionsOverflow) {
  open({.submission_entries = 256, .completion_entries = 256});
  const auto [client, server] = connected();
  std::vector<Asked*> asked;
  for (int i = 0; i < 2000; ++i) {
    Asked& cancelled = *asked.emplace_back(&ask(OpKind::cancel));
    ring->cancel(cancelled.token, cancelled.op, client);
  }
  run_until(
      [&] { return std::all_of(asked.begin(), asked.end(), [](const Asked* a) { return a->is_done(); }); });
  EXPECT_GT(ring->completion_overflows(), 0u);
  for (const Asked* a : asked) EXPECT_EQ(a->completions.size(), 1u);
  EXPECT_EQ(ring->ops_in_flight(), 0u);
}

TEST_P(RingUring, WakesForEveryBurstFromAnyThread) {
  Asked& woken = ask(OpKind::wake);
  ring->arm_wake(woken.token, woken.op);
  tick(0_ms);
  EXPECT_TRUE(woken.completions.empty());
  for (std::size_t i = 1; i <= 20; ++i) {
    std::thread other([&] { ring->wake(); });
    run_until([&] { return woken.completions.size() == i; });
    other.join();
    EXPECT_EQ(woken.result(), 0);
    ASSERT_TRUE(woken.completions.back().more_to_come);
  }
  for (int i = 0; i < 1000; ++i) ring->wake();
  run_until([&] { return woken.completions.size() > 20; });
  while (tick(0_ms) > 0) {
  }
  EXPECT_LT(woken.completions.size(), 30u);  // Bursts, not calls.
  EXPECT_TRUE(woken.op.is_busy());
}

TEST_P(RingUring, AWakeUpBeforeItIsArmedIsNotLost) {
  ring->wake();
  Asked& woken = ask(OpKind::wake);
  ring->arm_wake(woken.token, woken.op);
  run_until([&] { return !woken.completions.empty(); });
}

Ring* signalled_ring = nullptr;

TEST_P(RingUring, CanBeWokenFromASignalHandler) {
  Asked& woken = ask(OpKind::wake);
  ring->arm_wake(woken.token, woken.op);
  signalled_ring = ring.get();
  struct sigaction action{};
  action.sa_handler = [](int) { signalled_ring->wake(); };
  sigaction(SIGUSR1, &action, nullptr);
  std::thread other([main = pthread_self()] { pthread_kill(main, SIGUSR1); });
  run_until([&] { return !woken.completions.empty(); });
  other.join();
  signal(SIGUSR1, SIG_DFL);
}

TEST_P(RingUring, SleepsUntilTheDeadlineAndNotAtAllPastIt) {
  const Instant deadline = ring->now() + 30_ms;
  EXPECT_TRUE(ring->submit_and_wait(deadline).empty());
  EXPECT_GE(ring->now(), deadline);
  EXPECT_LT(ring->now(), deadline + 2_s);
  const uint64_t calls = ring->system_calls();
  EXPECT_TRUE(ring->submit_and_wait(deadline).empty());
  EXPECT_TRUE(ring->submit_and_wait(Instant{}).empty());
  EXPECT_EQ(ring->system_calls(), calls + 2);
  const int64_t wall = ring->wall_clock_nanoseconds() / 1'000'000'000;
  EXPECT_LE(std::abs(wall - time(nullptr)), 1);
}

// Also the race of notes 2.1: a connection that was accepted for nobody must not leak.
TEST_P(RingUring, LeavingWithEverythingInFlightGivesEverythingBack) {
  const int listener = listen_on_loopback();
  const auto [client, server] = connected();
  const auto [full, unread] = connected();
  fill(full);
  const int before = dup(0);
  close(before);
  for (const auto& [kind, descriptor] : {std::pair{OpKind::accept, listener},
                                         {OpKind::receive, server},
                                         {OpKind::send, full},
                                         {OpKind::wake, -1}}) {
    Asked& asked = ask(kind);
    if (kind == OpKind::accept) ring->accept(asked.token, asked.op, descriptor);
    if (kind == OpKind::receive) ring->receive(asked.token, asked.op, descriptor, 1 << 20, true);
    if (kind == OpKind::send) ring->send(asked.token, asked.op, descriptor, bytes_of("more"), false);
    if (kind == OpKind::wake) ring->arm_wake(asked.token, asked.op);
  }
  tick(0_ms);
  EXPECT_EQ(ring->ops_in_flight(), 4u);
  // Completions nobody will look at: data, and a connection.
  write_to(client, "unread");
  const sockaddr_storage address = ring->local_address(listener);
  const int late = ring->open_socket(AF_INET);
  EXPECT_EQ(::connect(late, reinterpret_cast<const sockaddr*>(&address), sizeof(sockaddr_in)), 0);
  ring.reset();
  EXPECT_EQ(buffers.lent_count(), 0u);
  EXPECT_EQ(buffers.held_bytes(), 0u);
  close(late);
  // The ring's own two descriptors and the accepted one are gone: the lowest free one is lower than before.
  const int after = dup(0);
  close(after);
  EXPECT_LT(after, before);
}

TEST_P(RingUring, AcceptEndsWhenDescriptorsRunOut) {
  const int listener = listen_on_loopback();
  const sockaddr_storage address = ring->local_address(listener);
  Asked& accepted = ask(OpKind::accept);
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  const int client = ring->open_socket(AF_INET);
  descriptors_.push_back(client);
  const int lowest_free = dup(0);
  close(lowest_free);
  const rlimit tight{.rlim_cur = static_cast<rlim_t>(lowest_free), .rlim_max = limit.rlim_max};
  setrlimit(RLIMIT_NOFILE, &tight);
  EXPECT_EQ(::connect(client, reinterpret_cast<const sockaddr*>(&address), sizeof(sockaddr_in)), 0);
  ring->accept(accepted.token, accepted.op, listener);
  run_until([&] { return accepted.is_done(); });
  EXPECT_EQ(accepted.result(), -EMFILE);
  EXPECT_EQ(ring->open_socket(AF_INET), -EMFILE);
  setrlimit(RLIMIT_NOFILE, &limit);
}

TEST_P(RingUring, ClosingWithResetIsSeenAsOneAndPlainClosingIsNot) {
  for (const bool with_reset : {true, false}) {
    const auto [client, server] = connected();
    Asked& received = ask(OpKind::receive);
    ring->receive(received.token, received.op, server, 4096, true);
    tick(0_ms);
    std::erase(descriptors_, client);
    with_reset ? ring->close_with_reset(client) : ring->close(client);
    run_until([&] { return received.is_done(); });
    EXPECT_EQ(received.result(), with_reset ? -ECONNRESET : 0);
  }
}

// Invariant D5, and the point of batching: 64 connections, one message each way per connection and tick.
TEST_P(RingUring, ASteadyEchoNeitherAllocatesNorCallsTheKernelPerMessage) {
  constexpr int kConnections = 64;
  std::vector<std::pair<int, int>> pairs;
  for (int i = 0; i < kConnections; ++i) pairs.push_back(connected());
  struct Side {
    Op receive, send;
    int descriptor;
  };
  std::deque<Side> sides;  // Even: the asking end; odd: the echoing end.
  for (const auto& [client, server] : pairs) {
    sides.emplace_back().descriptor = client;
    sides.emplace_back().descriptor = server;
  }
  uint64_t messages = 0;
  const std::string text = pattern(100);
  const auto token = [](std::size_t side, OpKind kind) {
    return OpToken{
        .slot = static_cast<uint32_t>(side), .generation = 1, .kind = kind, .owner = OwnerKind::stream};
  };
  const auto send = [&](std::size_t side) {
    ring->send(token(side, OpKind::send), sides[side].send, sides[side].descriptor, bytes_of(text), false);
  };
  const auto receive = [&](std::size_t side) {
    ring->receive(token(side, OpKind::receive), sides[side].receive, sides[side].descriptor, 1 << 20, true);
  };
  bool is_ending = false;
  const auto turn = [&] {
    for (const Completion& completion : ring->submit_and_wait(ring->now() + 1_s)) {
      Side& side = sides[completion.token.slot];
      if (completion.token.kind == OpKind::send) {
        ASSERT_TRUE(completion.result == 100 || is_ending) << completion.result;
        side.send.finish();
        continue;
      }
      if (!completion.more_to_come) side.receive.finish();
      if (completion.result <= 0) {
        ASSERT_TRUE(is_ending || completion.result == -ENOBUFS) << completion.result;
      } else {
        ++messages;
        buffers.release(completion.buffer);
        if (!is_ending) send(completion.token.slot);
      }
      if (!completion.more_to_come && !is_ending) receive(completion.token.slot);
    }
  };
  for (std::size_t side = 0; side < sides.size(); ++side) receive(side);
  for (std::size_t side = 0; side < sides.size(); side += 2) send(side);
  for (int i = 0; i < 200; ++i) turn();  // Past the first use of everything.

  const uint64_t calls_before = ring->system_calls(), messages_before = messages;
  const uint64_t allocations_before = allocation_count();
  while (messages < messages_before + 20'000) turn();
  EXPECT_EQ(allocation_count(), allocations_before);
  const double calls = static_cast<double>(ring->system_calls() - calls_before) /
                       static_cast<double>(messages - messages_before);
  RecordProperty("system_calls_per_message", std::to_string(calls));
  EXPECT_LT(calls, 0.1);

  is_ending = true;
  for (const Side& side : sides) ::shutdown(side.descriptor, SHUT_RDWR);
  while (ring->ops_in_flight() > 0) turn();
}

INSTANTIATE_TEST_SUITE_P(Kernels, RingUring, testing::Values("0xffffffff", "6.1"), [](const auto& info) {
  return std::string(info.param).find('x') == 1 ? "All" : "Linux61";
});

}  // namespace
}  // namespace sluice::dataplane
