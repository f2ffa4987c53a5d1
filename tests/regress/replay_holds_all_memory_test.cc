// Found by seed 1398 under AddressSanitizer. The body of an idempotent request is kept for a repeat, up to 64
// KiB, in the buffers it came in. Where receives deliver 16 KiB at a time that is four buffers of 64 KiB:
// with no other left, the upload's own next receive starved, and as nothing but the upload held memory,
// nobody ever gave any back. Above 70 % nothing is kept any more, and above 80 % what was kept is let go.
#include "tests/sim/scenarios/scenario.h"

namespace sluice::sim {
namespace {

TEST(ReplayHoldsAllMemory, AnUploadGoesOnWithoutWhatItKept) {
  for (uint64_t seed = 1; seed <= 10; ++seed) {
    WorldOptions options;
    options.seed = seed;
    options.faults.window_bytes = 16384;
    options.faults.one_shot = true;
    options.buffers = {{64, 32, 16, 4}};
    options.lent_buffers_min = 2;
    options.lent_buffers_max = 2;
    SimWorld world(options);
    world.add_origin(kFirstWebOrigin);
    world.publish(ordinary_configuration());
    world.start();
    RequestPlan& upload = world.ledger().add();
    upload.method = "PUT";
    upload.request_framing = Framing::length;
    upload.request_bytes = 200'000;
    upload.response_bytes = 100;
    world.add_client({upload.id}, {}, 0_ms);
    world.run_clients();
    EXPECT_TRUE(world.ledger().facts(upload.id).was_completed) << "seed " << seed;
    world.finish();
  }
}

}  // namespace
}  // namespace sluice::sim
