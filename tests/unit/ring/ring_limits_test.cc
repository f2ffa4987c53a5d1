// Queues that fill up, buffers and descriptors that run out, leaving with everything in flight, and what a
// steady load costs.
#include <sys/resource.h>

#include <cstring>
#include <thread>

#include "tests/unit/ring/allocation_count.h"
#include "tests/unit/ring/ring_fixture.h"

namespace sluice::dataplane {
namespace {

class RingLimits : public RingOnLoopback {};

TEST_P(RingLimits, RunningOutOfBuffersEndsTheReceiveAndLendsMoreNextTime) {
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

TEST_P(RingLimits, ReportsNoBuffersWhileThePoolIsEmptyAndRecovers) {
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

TEST_P(RingLimits, TakesMoreOpsInOneTickThanItsQueueHolds) {
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
TEST_P(RingLimits, ConnectsToManyAddressesInOneTick) {
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

TEST_P(RingLimits, LosesNothingWhenCompletionsOverflow) {
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

// An overflow makes the kernel end multishot ops; the wake-up is the one the ring has to arm again itself.
TEST_P(RingLimits, TheWakeUpSurvivesOverflows) {
  open({.submission_entries = 64, .completion_entries = 64});
  const auto [client, server] = connected();
  Asked& woken = ask(OpKind::wake);
  ring->arm_wake(woken.token, woken.op);
  tick(0_ms);
  for (int round = 0; round < 20; ++round) {
    std::vector<Asked*> asked;
    for (int i = 0; i < 500; ++i) {
      Asked& cancelled = *asked.emplace_back(&ask(OpKind::cancel));
      ring->cancel(cancelled.token, cancelled.op, client);
      if (i % 100 == 50) ring->wake();
    }
    run_until(
        [&] { return std::all_of(asked.begin(), asked.end(), [](const Asked* a) { return a->is_done(); }); });
    while (tick(0_ms) > 0) {
    }
    const std::size_t before = woken.completions.size();
    ring->wake();
    run_until([&] { return woken.completions.size() > before; });
    ASSERT_TRUE(woken.op.is_busy());
  }
  EXPECT_GT(ring->completion_overflows(), 0u);
  EXPECT_EQ(ring->ops_in_flight(), 1u);
}

// Also the race of notes 2.1: a connection that was accepted for nobody must not leak.
TEST_P(RingLimits, LeavingWithEverythingInFlightGivesEverythingBack) {
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

TEST_P(RingLimits, AcceptEndsWhenDescriptorsRunOut) {
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

// Invariant D5, and the point of batching: 64 connections, one message each way per connection and tick.
TEST_P(RingLimits, ASteadyEchoNeitherAllocatesNorCallsTheKernelPerMessage) {
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

INSTANTIATE_TEST_SUITE_P(Kernels, RingLimits, testing::Values("0xffffffff", "6.1"), [](const auto& info) {
  return std::string(info.param).find('x') == 1 ? "All" : "Linux61";
});

}  // namespace
}  // namespace sluice::dataplane
