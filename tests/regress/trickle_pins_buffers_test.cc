// Found by seed 69. Every receive comes in a buffer of 64 KiB. Bytes that trickle in one at a time are
// coalesced in the inbox, but each was moved on to the outbox before the next arrived, as a range of its own,
// and a body kept for a repeat pinned each receive a second time. A PUT of a few hundred bytes, sent byte by
// byte, took every receive buffer of the worker, and then nobody could receive anything any more. The same
// happened when a reader stalled while the other side trickled, and (seed 555) to a close-delimited answer
// that was given chunks: the static CRLF behind each chunk kept the next one from joining it.
#include <gtest/gtest.h>

#include "tests/sim/sim_world.h"

namespace sluice::sim {
namespace {

constexpr uint64_t kFewBuffersBytes = 512 * 1024;

SnapshotSpec patient_configuration() {
  SnapshotSpec spec;
  spec.web_members = {kFirstWebOrigin};
  spec.tunnel_members = {kFirstTunnelOrigin};
  spec.timeouts = wire::Timeouts(60'000, 60'000, 60'000, 60'000, 60'000, 60'000, 60'000);
  return spec;
}

TEST(TricklePinsBuffers, NotWhenABodyIsKeptForARepeat) {
  SimWorld world({.seed = 69});
  world.add_origin(kFirstWebOrigin);
  world.publish(patient_configuration());
  world.start();
  RequestPlan& plan = world.ledger().add();
  plan.method = "PUT";
  plan.request_framing = Framing::length;
  plan.request_bytes = 20'000;
  world.add_client({plan.id}, {.pace = {.piece_bytes_max = 3, .pause = 50_us}}, 0_ms);
  world.run_clients();
  EXPECT_TRUE(world.ledger().facts(plan.id).was_completed);
  EXPECT_LT(world.held_bytes_max(), kFewBuffersBytes);
  world.finish();
}

TEST(TricklePinsBuffers, NotWhenTheReaderStalls) {
  FaultConfig faults;
  faults.window_bytes = 2048;
  SimWorld world({.seed = 69, .faults = faults});
  world.add_tunnel_origin(kFirstTunnelOrigin);
  world.publish(patient_configuration());
  world.start();
  TunnelPlan& plan = world.add_tunnel_plan();
  plan.origin_bytes = 50'000;
  plan.origin_pace = {.piece_bytes_max = 3, .pause = 50_us};
  plan.reading_pause = 10_s;
  world.add_tunnel_client(plan, 0_ms);
  world.run_clients();
  EXPECT_TRUE(plan.client_got_all);
  EXPECT_LT(world.held_bytes_max(), kFewBuffersBytes);
  world.finish();
}

TEST(TricklePinsBuffers, NotWhenChunksAreAdded) {
  FaultConfig faults;
  faults.window_bytes = 2048;
  SimWorld world({.seed = 555, .faults = faults});
  world.add_origin(kFirstWebOrigin);
  world.publish(patient_configuration());
  world.start();
  RequestPlan& plan = world.ledger().add();
  plan.response_framing = Framing::until_end;
  plan.response_bytes = 50'000;
  plan.answer_pace = {.piece_bytes_max = 3, .pause = 50_us};
  plan.client_act = ClientAct::stops_reading;
  plan.client_stop = 10_s;
  world.add_client({plan.id}, {}, 0_ms);
  world.run_clients();
  EXPECT_TRUE(world.ledger().facts(plan.id).was_completed);
  EXPECT_LT(world.held_bytes_max(), kFewBuffersBytes);
  world.finish();
}

}  // namespace
}  // namespace sluice::sim
