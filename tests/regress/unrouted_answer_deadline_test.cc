// Found by seed 69 once the swarm asked for the proxy's own pages. A stream took its timeouts from the
// route's policy; answers that need no route (health pages, 400 and its like) had none, that is zero: when
// the client's connection did not take the whole answer within the millisecond, the stream was ended as
// client_stalled and the connection reset.
#include "tests/sim/scenarios/scenario.h"

namespace sluice::sim {
namespace {

class UnroutedAnswer : public Scenario {
 protected:
  UnroutedAnswer() {
    // A far client with a tiny window: the answer leaves in several sends.
    options_.faults.path_delay_max = 5_ms;
    options_.faults.window_bytes = 20;
  }
};

TEST_F(UnroutedAnswer, OfAHealthPageHasItsTime) {
  world().publish(ordinary_configuration());
  world().start();
  RequestPlan& plan = get();
  plan.local_path = "/_sluice/ready";
  world().add_client({plan.id}, {}, 0_ms);
  world().run_clients();
  EXPECT_TRUE(got_whole_answer(plan));
  world().finish();
}

TEST_F(UnroutedAnswer, ToABadRequestHasItsTime) {
  world().publish(ordinary_configuration());
  world().start();
  RequestPlan& plan = get();
  plan.client_act = ClientAct::sends_garbage;
  world().add_client({plan.id}, {}, 0_ms);
  world().run_clients();
  EXPECT_TRUE(got_whole_answer(plan, 400));
  world().finish();
}

}  // namespace
}  // namespace sluice::sim
