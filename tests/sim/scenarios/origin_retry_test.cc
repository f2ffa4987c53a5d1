// When an origin fails before its first byte: what is tried again, where, and what is not.
#include "tests/sim/scenarios/scenario.h"

namespace sluice::sim {
namespace {

using OriginRetry = Scenario;

TEST_F(OriginRetry, PooledConnectionThatDiesUnderAGetIsReplacedByAFreshOne) {
  SimOrigin& origin = world().add_origin(kFirstWebOrigin);
  world().publish(ordinary_configuration());
  world().start();
  RequestPlan& first = get();
  RequestPlan& second = get();
  second.origin_act = OriginAct::closes_before;
  second.act_only_first = true;
  world().add_client({first.id, second.id}, {}, 0_ms);
  world().run_clients();
  EXPECT_TRUE(got_whole_answer(first));
  EXPECT_TRUE(got_whole_answer(second));
  EXPECT_EQ(facts(second).heads_seen, 2u);
  EXPECT_EQ(origin.connections(), 2u);
  EXPECT_EQ(world().stats().pools[1].retries.get(), 1u);
  world().finish();
}

TEST_F(OriginRetry, PostThatReachedAnOriginIsNotRepeated) {
  world().add_origin(kFirstWebOrigin);
  world().publish(ordinary_configuration());
  world().start();
  RequestPlan& first = get();
  RequestPlan& second = post();
  second.origin_act = OriginAct::closes_before;
  second.act_only_first = true;
  world().add_client({first.id, second.id}, {}, 0_ms);
  world().run_clients();
  EXPECT_TRUE(got_whole_answer(second, 502));
  EXPECT_EQ(facts(second).heads_seen, 1u);
  EXPECT_EQ(facts(second).logged_reason, "origin_closed");
  world().finish();
}

TEST_F(OriginRetry, RefusedConnectMovesEvenAPostToTheNextMember) {
  world().add_origin(kFirstWebOrigin);
  SnapshotSpec spec = ordinary_configuration();
  spec.mode = wire::PoolMode::failover;
  spec.web_members = {kFirstDeadOrigin, kFirstWebOrigin};
  spec.retry_attempts = 0;
  world().publish(spec);
  world().start();
  RequestPlan& plan = post();
  world().add_client({plan.id}, {}, 0_ms);
  world().run_clients();
  EXPECT_TRUE(got_whole_answer(plan));
  EXPECT_EQ(facts(plan).heads_seen, 1u);
  EXPECT_EQ(world().stats().pools[1].connect_failures.get(), 1u);
  world().finish();
}

TEST_F(OriginRetry, NobodyToConnectToIsAnswered) {
  SnapshotSpec spec = ordinary_configuration();
  spec.web_members = {kFirstDeadOrigin, kFirstDeadOrigin + 1};
  world().publish(spec);
  world().start();
  RequestPlan& plan = get();
  world().add_client({plan.id}, {}, 0_ms);
  world().run_clients();
  EXPECT_TRUE(got_whole_answer(plan, 502));
  EXPECT_TRUE(facts(plan).by_proxy);
  EXPECT_EQ(facts(plan).logged_reason, "connect_failed");
  world().finish();
}

TEST_F(OriginRetry, AnOriginThatIsOnlySlowIsNotAskedTwice) {
  world().add_origin(kFirstWebOrigin);
  world().add_origin(kSecondWebOrigin);
  SnapshotSpec spec = ordinary_configuration();
  spec.web_members = {kFirstWebOrigin, kSecondWebOrigin};
  spec.timeouts = all_timeouts(500);
  world().publish(spec);
  world().start();
  RequestPlan& plan = get();
  plan.origin_act = OriginAct::never_answers;
  world().add_client({plan.id}, {}, 0_ms);
  world().run_clients();
  EXPECT_TRUE(got_whole_answer(plan, 504));
  EXPECT_EQ(facts(plan).heads_seen, 1u);
  world().finish();
}

TEST_F(OriginRetry, AnAnswerThatBeganIsNeverRepeatedAndNeverLooksComplete) {
  world().add_origin(kFirstWebOrigin);
  world().publish(ordinary_configuration());
  world().start();
  RequestPlan& plan = get(50'000);
  plan.origin_act = OriginAct::resets_in_body;
  plan.origin_act_at = 20'000;
  world().add_client({plan.id}, {}, 0_ms);
  world().run_clients();
  EXPECT_TRUE(facts(plan).was_answered);
  EXPECT_FALSE(facts(plan).was_completed);
  EXPECT_EQ(facts(plan).heads_seen, 1u);
  world().finish();
}

}  // namespace
}  // namespace sluice::sim
