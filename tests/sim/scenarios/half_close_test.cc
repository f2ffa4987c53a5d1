// The end of one direction is not the end of the other, and a reset is not an end.
#include "tests/sim/scenarios/scenario.h"

namespace sluice::sim {
namespace {

using HalfClose = Scenario;

TEST_F(HalfClose, IsKeptInBothDirectionsThroughATunnel) {
  for (const bool origin_waits : {true, false}) {
    SimWorld world({.seed = 1});
    world.add_tunnel_origin(kFirstTunnelOrigin);
    world.publish(ordinary_configuration());
    world.start();
    TunnelPlan& plan = world.add_tunnel_plan();
    plan.client_bytes = 100'000;
    plan.origin_bytes = 200'000;
    plan.origin_waits = origin_waits;  // Speaks only after the client's end, or long before it.
    if (!origin_waits) plan.client_pace = {.piece_bytes_max = 100, .pause = 100_us};
    world.add_tunnel_client(plan, 0_ms);
    world.run_clients();
    world.finish();
    EXPECT_TRUE(plan.client_got_all);
    EXPECT_TRUE(plan.origin_got_all);
  }
}

TEST_F(HalfClose, AnEmptyTunnelEndsCleanly) {
  world().add_tunnel_origin(kFirstTunnelOrigin);
  world().publish(ordinary_configuration());
  world().start();
  TunnelPlan& plan = world().add_tunnel_plan();
  plan.origin_waits = true;
  world().add_tunnel_client(plan, 0_ms);
  world().run_clients();
  world().finish();
  EXPECT_TRUE(plan.client_got_all);
  EXPECT_TRUE(plan.origin_got_all);
}

TEST_F(HalfClose, AResetOriginIsAResetForTheTunnelsClient) {
  world().add_tunnel_origin(kFirstTunnelOrigin);
  world().publish(ordinary_configuration());
  world().start();
  TunnelPlan& plan = world().add_tunnel_plan();
  plan.client_bytes = 1000;
  plan.origin_bytes = 100'000;
  plan.origin_resets_at = 1000;  // Once it has the client's bytes.
  world().add_tunnel_client(plan, 0_ms);
  world().run_clients();
  EXPECT_TRUE(plan.client_saw_reset);
  world().finish();
}

TEST_F(HalfClose, AnUpgradedRequestIsATunnelToo) {
  world().add_origin(kFirstWebOrigin);
  world().publish(ordinary_configuration());
  world().start();
  RequestPlan& plan = get();
  plan.wants_upgrade = plan.accepts_upgrade = true;
  plan.tunnel_client_bytes = 50'000;
  plan.tunnel_origin_bytes = 70'000;
  SimClient& client = world().add_client({plan.id}, {}, 0_ms);
  world().run_clients();
  EXPECT_EQ(facts(plan).status, 101);
  EXPECT_EQ(client.tunnel_bytes_received(), 70'000u);
  world().finish();
}

TEST_F(HalfClose, AClientThatEndedItsSideStillGetsItsAnswer) {
  world().add_origin(kFirstWebOrigin);
  world().publish(ordinary_configuration());
  world().start();
  RequestPlan& plan = post(5'000);
  plan.answer_delay = 50_ms;
  world().add_client({plan.id}, {.half_closes = true}, 0_ms);
  world().run_clients();
  EXPECT_TRUE(got_whole_answer(plan));
  world().finish();
}

}  // namespace
}  // namespace sluice::sim
