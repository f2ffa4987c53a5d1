// Configuration changes while requests and tunnels run: nobody notices, and what is old goes away.
#include "tests/sim/scenarios/scenario.h"

namespace sluice::sim {
namespace {

using ReloadUnderLoad = Scenario;

TEST_F(ReloadUnderLoad, NoRequestFailsThroughFortyReloads) {
  options_.faults.path_delay_max = 500_us;
  SimOrigin& first = world().add_origin(kFirstWebOrigin);
  SimOrigin& second = world().add_origin(kSecondWebOrigin);
  SnapshotSpec spec = ordinary_configuration();
  world().publish(spec);
  world().start();
  for (int client = 0; client < 20; ++client) {
    std::vector<uint32_t> requests;
    for (int i = 0; i < 20; ++i) requests.push_back(i % 3 == 0 ? post(3000).id : get(8000).id);
    world().add_client(requests, {.think_time = 1_ms}, Duration::milliseconds(client));
  }
  // Members, weights and policies change; the origin that leaves finishes what it has.
  for (int reload = 0; reload < 40; ++reload) {
    world().kernel().call_at(world().kernel().now() + Duration::milliseconds(2 * reload), [this, reload] {
      SnapshotSpec changed = ordinary_configuration();
      if (reload % 3 > 0) changed.web_members.push_back(kSecondWebOrigin);
      if (reload % 3 == 2) changed.web_members.erase(changed.web_members.begin());
      changed.policy = static_cast<wire::BalancePolicy>(reload % 5);
      world().publish(changed);
    });
  }
  world().run_clients();
  for (uint32_t id = 1; id <= world().ledger().count(); ++id) {
    EXPECT_TRUE(got_whole_answer(world().ledger().plan(id))) << world().ledger().facts(id).logged_reason;
  }
  EXPECT_GT(first.requests(), 50u);
  EXPECT_GT(second.requests(), 50u);
  world().run_for(100_ms);
  EXPECT_EQ(world().stats().snapshot_generation.get(), 41u);
  world().finish();
}

TEST_F(ReloadUnderLoad, AKeepAliveConnectionGoesOnAcrossAReload) {
  SimOrigin& origin = world().add_origin(kFirstWebOrigin);
  world().publish(ordinary_configuration());
  world().start();
  RequestPlan& before = get();
  RequestPlan& after = get();
  world().add_client({before.id, after.id}, {.think_time = 50_ms}, 0_ms);
  world().run_for(20_ms);
  EXPECT_TRUE(got_whole_answer(before));
  world().publish(ordinary_configuration());
  world().run_clients();
  EXPECT_TRUE(got_whole_answer(after));
  EXPECT_EQ(world().stats().listeners[1].connections_accepted.get(), 1u);
  EXPECT_EQ(origin.connections(), 1u);  // The origin's connection was not reset either.
  world().finish();
}

TEST_F(ReloadUnderLoad, ATunnelOutlivesItsListener) {
  world().add_tunnel_origin(kFirstTunnelOrigin);
  world().publish(ordinary_configuration());
  world().start();
  TunnelPlan& plan = world().add_tunnel_plan();
  plan.client_bytes = 20'000;
  plan.origin_bytes = 30'000;
  plan.client_pace = {.piece_bytes_max = 500, .pause = 1_ms};
  world().add_tunnel_client(plan, 0_ms);
  world().run_for(20_ms);
  SnapshotSpec without = ordinary_configuration();
  without.has_tcp_listener = false;
  world().publish(without);
  world().run_for(5_ms);
  EXPECT_EQ(world().listeners_settled(), 2u);  // The keeper may close the socket now.
  world().run_clients();
  EXPECT_TRUE(plan.client_got_all);
  world().finish();
  EXPECT_TRUE(plan.origin_got_all);
}

TEST_F(ReloadUnderLoad, AStreamKeepsItsSnapshotUntilTheRequestIsOver) {
  world().add_origin(kFirstWebOrigin);
  world().publish(ordinary_configuration());
  world().start();
  RequestPlan& slow = get();
  slow.answer_delay = 100_ms;
  world().add_client({slow.id}, {}, 0_ms);
  world().run_for(20_ms);
  world().publish(ordinary_configuration());
  world().run_for(20_ms);
  EXPECT_EQ(world().snapshots_in_use(), 2u);  // The request may still be repeated elsewhere.
  world().run_clients();
  EXPECT_TRUE(got_whole_answer(slow));
  world().run_for(5_ms);
  EXPECT_EQ(world().snapshots_in_use(), 1u);
  world().finish();
}

}  // namespace
}  // namespace sluice::sim
