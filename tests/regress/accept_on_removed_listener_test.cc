// Found by seed 5526. A reload that removes a tcp listener cancels its accept; a connection that is accepted
// nevertheless (the cancel lost the race) belonged to no listener of the current snapshot, and the tunnel's
// route was looked up at listener 4294967295: the data plane crashed. It is reset now.
#include "tests/sim/scenarios/scenario.h"

namespace sluice::sim {
namespace {

TEST(AcceptOnRemovedListener, IsResetWhenTheCancelLostTheRace) {
  FaultConfig faults;
  faults[Fault::cancel_loses] = 65536;
  SimWorld world({.seed = 5526, .faults = faults});
  world.add_tunnel_origin(kFirstTunnelOrigin);
  world.publish(ordinary_configuration());
  world.start();
  world.run_for(5_ms);
  SnapshotSpec without = ordinary_configuration();
  without.has_tcp_listener = false;
  world.publish(without);
  world.run_for(10_us);  // The cancel is out; the accept goes on for up to 20 ms.
  for (int i = 0; i < 20; ++i) world.add_tunnel_client(world.add_tunnel_plan(), Duration::milliseconds(i));
  world.run_for(50_ms);
  uint32_t resets = 0;
  for (const TunnelPlan& plan : world.tunnels()) resets += plan.client_saw_reset;
  EXPECT_GE(resets, 1u);
  world.abandon_clients();  // The others wait in the queue of a listener nobody accepts on.
  world.finish();
}

}  // namespace
}  // namespace sluice::sim
