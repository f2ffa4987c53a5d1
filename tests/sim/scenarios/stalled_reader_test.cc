// A reader that stops costs at most the window, delays nobody else, and is thrown out in the end.
#include "tests/sim/scenarios/scenario.h"

namespace sluice::sim {
namespace {

class StalledReader : public Scenario {
 protected:
  StalledReader() { options_.faults.window_bytes = 16 * 1024; }
  // kWindowBytes, the buffers lent receives overran it with, and the heads.
  static constexpr uint64_t kCostBytesMax = 256 * 1024 + 3 * 64 * 1024;
};

TEST_F(StalledReader, CostsAtMostTheWindowAndGetsEverythingInTheEnd) {
  world().add_origin(kFirstWebOrigin);
  world().publish(ordinary_configuration());
  world().start();
  RequestPlan& plan = get(4'000'000);
  plan.client_act = ClientAct::stops_reading;
  plan.client_stop = 20_s;
  world().add_client({plan.id}, {}, 0_ms);
  world().run_for(10_s);
  EXPECT_LT(world().held_bytes_max(), kCostBytesMax);
  EXPECT_GT(world().held_bytes_max(), 128u * 1024);  // It did fill up.
  world().run_clients();
  EXPECT_TRUE(got_whole_answer(plan));
  world().finish();
}

TEST_F(StalledReader, DoesNotDelayAnybodyElse) {
  world().add_origin(kFirstWebOrigin);
  world().publish(ordinary_configuration());
  world().start();
  RequestPlan& stalled = get(4'000'000);
  stalled.client_act = ClientAct::stops_reading;
  stalled.client_stop = 20_s;
  world().add_client({stalled.id}, {}, 0_ms);
  std::vector<uint32_t> requests;
  for (int i = 0; i < 50; ++i) requests.push_back(get(20'000).id);
  world().add_client(requests, {}, 100_ms);
  world().run_for(2_s);
  for (const uint32_t id : requests) EXPECT_TRUE(got_whole_answer(world().ledger().plan(id)));
  EXPECT_FALSE(facts(stalled).was_completed);
  world().run_clients();
  world().finish();
}

TEST_F(StalledReader, ThatNeverReadsAgainIsResetAfterItsTime) {
  world().add_origin(kFirstWebOrigin);
  SnapshotSpec spec = ordinary_configuration();
  spec.timeouts = all_timeouts(2'000);
  world().publish(spec);
  world().start();
  RequestPlan& plan = get(4'000'000);
  plan.client_act = ClientAct::stops_for_ever;
  world().add_client({plan.id}, {}, 0_ms);
  const Instant begin = world().kernel().now();
  world().run_clients();
  EXPECT_LT(world().kernel().now(), begin + 10_s);
  world().run_for(5_ms);
  EXPECT_EQ(facts(plan).logged_reason, "client_stalled");
  EXPECT_EQ(world().stats().origin_connections.get(), 0u);  // Half an answer is of no use to anybody.
  world().finish();
}

TEST_F(StalledReader, InATunnelHoldsBackTheOtherSide) {
  world().add_tunnel_origin(kFirstTunnelOrigin);
  world().publish(ordinary_configuration());
  world().start();
  TunnelPlan& plan = world().add_tunnel_plan();
  plan.origin_bytes = 3'000'000;
  plan.reading_pause = 10_s;
  world().add_tunnel_client(plan, 0_ms);
  world().run_clients();
  EXPECT_TRUE(plan.client_got_all);
  EXPECT_LT(world().held_bytes_max(), kCostBytesMax);
  world().finish();
}

}  // namespace
}  // namespace sluice::sim
