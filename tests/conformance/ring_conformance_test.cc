// What every ring must do, the kernel's and the simulated one: connections, cancels, closing, time. The
// byte-moving half is ring_bytes_conformance_test.cc. Both are linked twice (see CMakeLists.txt).
#include "tests/conformance/fixture.h"

namespace sluice::conformance {
namespace {

TEST_P(RingConformance, AcceptDeliversEveryConnectionAsADescriptor) {
  Recorded& accepting = accept();
  const std::unique_ptr<Peer> first = world().connect_peer();
  const std::unique_ptr<Peer> second = world().connect_peer();
  ASSERT_TRUE(eventually([&] { return accepting.results.size() == 2; }));
  EXPECT_GE(accepting.results[0], 0);
  EXPECT_GE(accepting.results[1], 0);
  EXPECT_NE(accepting.results[0], accepting.results[1]);
  EXPECT_TRUE(accepting.op.is_busy());  // Still accepting.
  for (const int descriptor : accepting.results) ring().close(descriptor);
  accepting.results.clear();
}

TEST_P(RingConformance, AcceptedDescriptorsKnowBothAddresses) {
  const Connection connection = accepted_connection();
  const sockaddr_storage peer = ring().peer_address(connection.descriptor);
  const sockaddr_storage local = ring().local_address(connection.descriptor);
  const sockaddr_storage listener = world().ring_listener_address();
  EXPECT_EQ(peer.ss_family, AF_INET);
  EXPECT_NE(reinterpret_cast<const sockaddr_in&>(peer).sin_port, 0);
  EXPECT_EQ(reinterpret_cast<const sockaddr_in&>(local).sin_port,
            reinterpret_cast<const sockaddr_in&>(listener).sin_port);
}

TEST_P(RingConformance, ConnectReachesAListener) {
  const Connection connection = origin_connection();
  Recorded& receiving = receive(connection.descriptor);
  connection.peer->write("hello");
  EXPECT_TRUE(eventually([&] { return receiving.data == "hello"; }));
}

TEST_P(RingConformance, ConnectWhereNobodyListensIsRefused) {
  const int descriptor = ring().open_socket(AF_INET);
  ASSERT_GE(descriptor, 0);
  Recorded& connecting = record(OpKind::connect);
  ring().connect(connecting.token, connecting.op, descriptor, world().refusing_address());
  ASSERT_TRUE(eventually([&] { return connecting.has_ended(); }));
  EXPECT_EQ(connecting.last(), -ECONNREFUSED);
  ring().close(descriptor);
}

TEST_P(RingConformance, ConnectCopiesItsAddress) {
  const int descriptor = ring().open_socket(AF_INET);
  ASSERT_GE(descriptor, 0);
  Recorded& connecting = record(OpKind::connect);
  sockaddr_storage address = world().listening_address();
  ring().connect(connecting.token, connecting.op, descriptor, address);
  address = {};
  ASSERT_TRUE(eventually([&] { return connecting.has_ended(); }));
  EXPECT_EQ(connecting.last(), 0);
  ring().close(descriptor);
}

TEST_P(RingConformance, CancelEndsAConnectNobodyAnswers) {
  const int descriptor = ring().open_socket(AF_INET);
  ASSERT_GE(descriptor, 0);
  Recorded& connecting = record(OpKind::connect);
  ring().connect(connecting.token, connecting.op, descriptor, world().silent_address());
  tick(30_ms);
  EXPECT_TRUE(connecting.op.is_busy());
  finish(descriptor, {&connecting});
  EXPECT_EQ(connecting.last(), -ECANCELED);
}

TEST_P(RingConformance, CancelEndsAnIdleReceive) {
  const Connection connection = accepted_connection();
  Recorded& receiving = receive(connection.descriptor, 4096, true);
  tick(5_ms);
  Recorded& cancelling = cancel(connection.descriptor);
  ASSERT_TRUE(eventually([&] { return cancelling.has_ended() && receiving.has_ended(); }));
  EXPECT_EQ(receiving.last(), -ECANCELED);
  EXPECT_TRUE(receiving.data.empty());
}

TEST_P(RingConformance, CancelEndsAnAcceptAndALaterOneGoesOn) {
  Recorded& accepting = accept();
  tick(5_ms);
  Recorded& cancelling = cancel(world().ring_listener());
  ASSERT_TRUE(eventually([&] { return cancelling.has_ended() && accepting.has_ended(); }));
  EXPECT_EQ(accepting.last(), -ECANCELED);
  accepted_connection();  // Arms a new one on the same listener.
}

TEST_P(RingConformance, CancelEndsASendThatNobodyReads) {
  const Connection connection = accepted_connection();
  const std::string much(4 * 1024 * 1024, 'x');
  Recorded& sending = stuck_send(connection.descriptor, much);
  Recorded& cancelling = cancel(connection.descriptor);
  ASSERT_TRUE(eventually([&] { return cancelling.has_ended() && sending.has_ended(); }));
  EXPECT_EQ(sending.last(), -ECANCELED);
}

TEST_P(RingConformance, CancelOfNothingOnlyEndsItself) {
  const Connection connection = accepted_connection();
  Recorded& cancelling = cancel(connection.descriptor);
  EXPECT_TRUE(eventually([&] { return cancelling.has_ended(); }));
  Recorded& receiving = receive(connection.descriptor);
  connection.peer->write("still here");
  EXPECT_TRUE(eventually([&] { return receiving.data == "still here"; }));
}

TEST_P(RingConformance, OneCancelEndsEveryOpOfTheDescriptor) {
  const Connection connection = accepted_connection();
  const std::string much(4 * 1024 * 1024, 'x');
  Recorded& receiving = receive(connection.descriptor, 4096, true);
  Recorded& sending = stuck_send(connection.descriptor, much);
  finish(connection.descriptor, {&receiving, &sending});
  EXPECT_EQ(receiving.last(), -ECANCELED);
}

TEST_P(RingConformance, CloseSaysGoodbyeAfterTheLastByte) {
  Connection connection = accepted_connection();
  Recorded& sending = send(connection.descriptor, "farewell");
  ASSERT_TRUE(eventually([&] { return sending.has_ended(); }));
  EXPECT_EQ(sending.last(), 8);
  finish(connection.descriptor, {});
  std::string got;
  EXPECT_TRUE(eventually([&] {
    got += connection.peer->read(100);
    return connection.peer->saw_end();
  }));
  EXPECT_EQ(got, "farewell");
}

TEST_P(RingConformance, CloseWithResetIsSeenAsAReset) {
  Connection connection = accepted_connection();
  Recorded& receiving = receive(connection.descriptor);
  Recorded& cancelling = cancel(connection.descriptor);
  ASSERT_TRUE(eventually([&] { return receiving.has_ended() && cancelling.has_ended(); }));
  const Connection other = accepted_connection();
  ring().close_with_reset(connection.descriptor);
  EXPECT_TRUE(eventually([&] { return connection.peer->saw_reset(); }));
  EXPECT_FALSE(other.peer->saw_reset());
  forget(connection.descriptor);
}

TEST_P(RingConformance, CloseWithUnreadInputIsSeenAsAReset) {
  Connection connection = accepted_connection();
  connection.peer->write("never read");
  tick(20_ms);
  finish(connection.descriptor, {});
  EXPECT_TRUE(eventually([&] { return connection.peer->saw_reset(); }));
}

TEST_P(RingConformance, WaitReturnsAtItsDeadlineWithNothing) {
  const Instant begin = ring().now();
  const Instant deadline = begin + 30_ms;
  EXPECT_TRUE(ring().submit_and_wait(deadline).empty());
  EXPECT_GE(ring().now(), deadline);
  EXPECT_LT(ring().now(), deadline + 3_s);
  const Instant now = ring().now();
  EXPECT_EQ(ring().now(), now);  // Constant within a tick.
}

TEST_P(RingConformance, WaitWithADeadlineInThePastDoesNotSleep) {
  ring().submit_and_wait(ring().now());
  const Instant begin = ring().now();
  EXPECT_TRUE(ring().submit_and_wait({begin.nanoseconds - 1'000'000'000}).empty());
  EXPECT_LT(ring().now(), begin + 1_s);
}

TEST_P(RingConformance, WakeEndsAWaitAgainAndAgain) {
  Recorded& waking = record(OpKind::wake);
  ring().arm_wake(waking.token, waking.op);
  tick(1_ms);
  EXPECT_TRUE(waking.results.empty());
  for (std::size_t times = 1; times <= 3; ++times) {
    world().wake(ring());
    ASSERT_TRUE(eventually([&] { return waking.results.size() >= times; }));
    EXPECT_TRUE(waking.op.is_busy());  // Re-armed by the ring.
  }
}

TEST_P(RingConformance, ManyWakesBeforeAWaitAreOneBurst) {
  Recorded& waking = record(OpKind::wake);
  ring().arm_wake(waking.token, waking.op);
  tick(1_ms);
  for (int i = 0; i < 100; ++i) world().wake(ring());
  ASSERT_TRUE(eventually([&] { return !waking.results.empty(); }));
  tick(5_ms);
  tick(5_ms);
  EXPECT_LE(waking.results.size(), 3u);  // A handful, not a hundred.
}

TEST_P(RingConformance, OpsInFlightAreCountedUntilTheirLastCompletion) {
  const Connection connection = accepted_connection();
  const uint32_t before = ring().ops_in_flight();  // The listener's accept.
  Recorded& receiving = receive(connection.descriptor, 4096, true);
  EXPECT_EQ(ring().ops_in_flight(), before + 1);
  tick(5_ms);
  EXPECT_EQ(ring().ops_in_flight(), before + 1);
  connection.peer->shutdown_write();
  ASSERT_TRUE(eventually([&] { return receiving.has_ended(); }));
  EXPECT_EQ(ring().ops_in_flight(), before);
}

TEST_P(RingConformance, AnEndingRingTakesItsOpsAndBuffersHome) {
  const Connection connection = accepted_connection();
  receive(connection.descriptor, 4096, true);
  tick(1_ms);
  abandon_ring();
  EXPECT_EQ(buffers().lent_count(), 0u);
  buffers().check_invariants();
}

INSTANTIATE_TEST_SUITE_P(Kernel, RingConformance, testing::ValuesIn(kernels_to_imitate()), kernel_test_name);

}  // namespace
}  // namespace sluice::conformance
