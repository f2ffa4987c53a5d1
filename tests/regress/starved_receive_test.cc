// Found by seed 323. A receive that finds no buffer waits on the starved list until buffers are free. But the
// ring refills itself first thing in every tick: when it took all that had been returned, none was free when
// the starved were looked at, although there were buffers to receive into. With nothing else going on, the
// connection waited for ever. (The last completion's buffers come home in the tick's decisions, which is just
// before the ring refills.)
#include <gtest/gtest.h>

#include "tests/sim/sim_world.h"

namespace sluice::sim {
namespace {

TEST(StarvedReceive, GoesOnWhenTheRingTookTheReturnedBuffers) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    FaultConfig faults;
    faults[Fault::delayed_completion] = 32768;
    SimWorld world({.seed = seed,
                    .faults = faults,
                    .buffers = {{64, 32, 16, 4}},
                    .lent_buffers_min = 2,
                    .lent_buffers_max = 8});
    world.add_tunnel_origin(kFirstTunnelOrigin);
    SnapshotSpec spec;
    spec.web_members = {kFirstWebOrigin};
    spec.tunnel_members = {kFirstTunnelOrigin};
    constexpr uint32_t kPatience = 3'600'000;
    spec.timeouts =
        wire::Timeouts(kPatience, kPatience, kPatience, kPatience, kPatience, kPatience, kPatience);
    world.publish(spec);
    world.start();
    TunnelPlan& plan = world.add_tunnel_plan();
    plan.origin_bytes = 100'000;
    plan.origin_pace = {.piece_bytes_max = 500, .pause = 100_us};
    world.add_tunnel_client(plan, 0_ms);
    world.run_clients();
    EXPECT_TRUE(plan.client_got_all) << "seed " << seed;
    world.finish();
  }
}

}  // namespace
}  // namespace sluice::sim
