// What origins do before they answer. Found by the conformance cases (tests/conformance/http):
//
// 1. `response` began anew with every byte of a head, so that an origin sending one byte a second held its
//    client for as long as its head lasted (38 s in the case, hours with a long one).
// 2. An idempotent request whose origin died behind a 103 was repeated: the client was given the 103 of every
//    attempt. Now nothing is repeated behind an interim answer, and a 100 is relayed once however often the
//    request is tried.
// 3. Any number of bytes of interim heads went through; only their count was bounded.
#include "tests/sim/scenarios/scenario.h"

namespace sluice::sim {
namespace {

class BeforeAnswering : public Scenario {
 protected:
  void begin(uint32_t timeout_milliseconds) {
    world().add_origin(kFirstWebOrigin);
    SnapshotSpec spec = ordinary_configuration();
    spec.timeouts = all_timeouts(timeout_milliseconds);
    world().publish(spec);
    world().start();
  }
  void run(std::vector<uint32_t> requests) {
    world().add_client(std::move(requests), {}, 0_ms);
    started_ = world().kernel().now();
    world().run_clients();
  }
  Instant started_;
};

TEST_F(BeforeAnswering, AHeadThatTricklesInIsDueAfterTheResponseTimeout) {
  begin(1000);
  RequestPlan& plan = get();
  plan.origin_act = OriginAct::trickles_head;  // 200 ms a byte: 20 s for the head.
  run({plan.id});
  EXPECT_TRUE(got_whole_answer(plan, 504));
  EXPECT_EQ(facts(plan).logged_reason, "response_timeout");
  EXPECT_EQ(facts(plan).heads_seen, 1u);
  EXPECT_LT(world().kernel().now() - started_, 1500_ms);
  world().finish();
}

TEST_F(BeforeAnswering, NothingIsRepeatedBehindAnInterimAnswer) {
  begin(60'000);
  RequestPlan& plan = get();
  plan.interim_count = 1;
  plan.origin_act = OriginAct::closes_after_interim;
  run({plan.id});
  EXPECT_TRUE(got_whole_answer(plan, 502));
  EXPECT_EQ(facts(plan).logged_reason, "origin_closed");
  EXPECT_EQ(facts(plan).heads_seen, 1u);
  EXPECT_EQ(facts(plan).interims_seen, 1u);
  world().finish();
}

TEST_F(BeforeAnswering, ARepeatedRequestIsToldToContinueOnce) {
  begin(60'000);
  RequestPlan& plan = get();
  plan.method = "PUT";
  plan.request_framing = Framing::length;
  plan.request_bytes = 1000;
  plan.expects_continue = true;
  plan.origin_act = OriginAct::closes_before;
  plan.act_only_first = true;
  run({plan.id});
  EXPECT_TRUE(got_whole_answer(plan));
  EXPECT_EQ(facts(plan).heads_seen, 2u);
  EXPECT_EQ(facts(plan).continues_seen, 1u);
  world().finish();
}

TEST_F(BeforeAnswering, AFloodOfInterimAnswersIsARefusedAnswer) {
  begin(60'000);
  RequestPlan& plan = get();
  plan.origin_act = OriginAct::floods_interim;
  run({plan.id});
  EXPECT_TRUE(got_whole_answer(plan, 502));
  EXPECT_EQ(facts(plan).logged_reason, "too_many_interim");
  EXPECT_EQ(facts(plan).interims_seen, 16u);
  world().finish();
}

}  // namespace
}  // namespace sluice::sim
