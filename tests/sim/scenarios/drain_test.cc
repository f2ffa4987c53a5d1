// Shutting down: what runs is finished, what is idle is closed, and a deadline ends the patience.
#include "tests/sim/scenarios/scenario.h"

namespace sluice::sim {
namespace {

using Drain = Scenario;

TEST_F(Drain, FinishesWhatRunsAndClosesWhatIsIdle) {
  world().add_origin(kFirstWebOrigin);
  world().publish(ordinary_configuration());
  world().start();
  RequestPlan& quick = get();
  RequestPlan& slow = get(100'000);
  slow.answer_delay = 300_ms;
  world().add_client({quick.id}, {.linger = 60_s}, 0_ms);  // Idle when the drain begins.
  world().add_client({slow.id}, {.linger = 60_s}, 0_ms);   // In the middle of a request.
  world().run_for(100_ms);
  EXPECT_TRUE(got_whole_answer(quick));
  EXPECT_FALSE(facts(slow).was_answered);
  const Instant begin = world().kernel().now();
  world().drain(10_s);
  EXPECT_LT(world().kernel().now(), begin + 5_s);  // Not by the deadline.
  world().finish();
  EXPECT_TRUE(got_whole_answer(slow));
}

TEST_F(Drain, EndsKeepAliveWithTheNextAnswer) {
  world().add_origin(kFirstWebOrigin);
  world().publish(ordinary_configuration());
  world().start();
  RequestPlan& first = get();
  RequestPlan& second = get();
  first.answer_delay = 200_ms;
  world().add_client({first.id, second.id}, {}, 0_ms);
  world().run_for(100_ms);
  world().drain(10_s);
  world().finish();
  EXPECT_TRUE(got_whole_answer(first));
  EXPECT_FALSE(facts(second).was_answered);  // Nobody listens any more.
}

TEST_F(Drain, DeadlineCutsWhatIsStillThereSoThatNothingLooksComplete) {
  world().add_origin(kFirstWebOrigin);
  world().add_tunnel_origin(kFirstTunnelOrigin);
  world().publish(ordinary_configuration());
  world().start();
  RequestPlan& endless = get(4'000'000);
  endless.answer_pace = {.piece_bytes_max = 100, .pause = 10_ms};
  world().add_client({endless.id}, {}, 0_ms);
  TunnelPlan& tunnel = world().add_tunnel_plan();
  tunnel.origin_bytes = 4'000'000;
  tunnel.origin_pace = {.piece_bytes_max = 100, .pause = 10_ms};
  world().add_tunnel_client(tunnel, 0_ms);
  world().run_for(500_ms);
  const Instant begin = world().kernel().now();
  world().drain(2_s);
  EXPECT_LT(world().kernel().now(), begin + 3_s);
  world().finish();
  EXPECT_TRUE(facts(endless).was_answered);
  EXPECT_FALSE(facts(endless).was_completed);
  EXPECT_EQ(facts(endless).logged_reason, "drain_deadline");
  EXPECT_FALSE(tunnel.client_got_all);
}

TEST_F(Drain, OfAnIdleWorkerIsImmediate) {
  world().publish(ordinary_configuration());
  world().start();
  world().run_for(10_ms);
  const Instant begin = world().kernel().now();
  world().drain(10_s);
  EXPECT_LT(world().kernel().now(), begin + 100_ms);
  world().finish();
}

TEST_F(Drain, WorksBeforeTheFirstSnapshot) {
  world().start();
  world().run_for(10_ms);
  world().drain(10_s);
  world().finish();
}

}  // namespace
}  // namespace sluice::sim
