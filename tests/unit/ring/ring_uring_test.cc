// The ops of the kernel's ring on loopback. What both rings share is in tests/conformance; here is what the
// kernel alone can get wrong.
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <thread>

#include "tests/unit/ring/ring_fixture.h"

namespace sluice::dataplane {
namespace {

class RingUring : public RingOnLoopback {};

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

INSTANTIATE_TEST_SUITE_P(Kernels, RingUring, testing::Values("0xffffffff", "6.1"), [](const auto& info) {
  return std::string(info.param).find('x') == 1 ? "All" : "Linux61";
});

}  // namespace
}  // namespace sluice::dataplane
