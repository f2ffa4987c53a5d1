// A failover pool whose first member dies after every possible number of bytes of the request, in simulation
// (over real sockets: tests/system/test_retry_exactness.py). Idempotent requests succeed, a POST is never
// seen twice.
#include <memory>
#include <vector>

#include "tests/sim/scenarios/scenario.h"

namespace sluice::sim {
namespace {

// Longer than any forwarded head and body here: the last rounds take the whole request and give no answer.
constexpr uint64_t kRequestBytesMax = 600;

// Accepts, and is cut off by the network once `reads` bytes were written to it.
class DyingOrigin final : public SimActor {
 public:
  DyingOrigin(SimKernel& kernel, uint64_t reads, bool with_reset)
      : kernel_(kernel), reads_(reads), with_reset_(with_reset) {
    kernel.listen(ipv4_address(kFirstWebOrigin, kWebOriginPort), *this);
  }
  void on_accepted(Socket& socket) override {
    socket.actor = this;
    sockets_.push_back(&socket);
    if (reads_ == 0) end(socket);
  }
  void on_input(Socket& socket) override {
    received_ += kernel_.read_all(socket).size();
    const bool is_over = received_ >= reads_ || kernel_.is_at_end(socket);
    if (is_over && socket.state == Socket::State::connected) end(socket);
  }
  void end_all() {
    for (Socket* socket : sockets_) {
      if (socket->state == Socket::State::connected) kernel_.close(*socket);
    }
  }

 private:
  void end(Socket& socket) {
    if (with_reset_) {
      kernel_.reset(socket);
    } else {
      kernel_.close(socket);
    }
  }

  SimKernel& kernel_;
  uint64_t reads_;
  bool with_reset_;
  uint64_t received_ = 0;
  std::vector<Socket*> sockets_;
};

// One request; what came of it.
struct Outcome {
  RequestFacts facts;
  bool answered_by_healthy_member = false;
};

Outcome ask(const char* method, uint64_t reads, bool with_reset) {
  WorldOptions options;
  options.seed = 1 + reads;
  options.faults.window_bytes = 16;  // The request leaves in pieces: every number of bytes is met.
  SimWorld world(options);
  DyingOrigin dying(world.kernel(), reads, with_reset);
  world.add_origin(kSecondWebOrigin);
  SnapshotSpec spec = ordinary_configuration();
  spec.mode = wire::PoolMode::failover;
  spec.web_members = {kFirstWebOrigin, kSecondWebOrigin};
  spec.timeouts = all_timeouts(1000);
  world.publish(spec);
  world.start();
  RequestPlan& plan = world.ledger().add();
  plan.method = method;
  plan.response_bytes = 10;
  if (plan.method != "GET") {
    plan.request_framing = Framing::length;
    plan.request_bytes = 100;
  }
  world.add_client({plan.id}, {}, 0_ms);
  world.run_clients();
  Outcome outcome{world.ledger().facts(plan.id), world.ledger().facts(plan.id).heads_seen > 0};
  dying.end_all();
  world.finish();
  return outcome;
}

class DyingOriginTest : public testing::TestWithParam<bool> {};

TEST_P(DyingOriginTest, IdempotentRequestsSucceedWhateverByteItDiesAt) {
  for (const char* method : {"GET", "PUT"}) {
    for (uint64_t reads = 0; reads < kRequestBytesMax; ++reads) {
      const Outcome outcome = ask(method, reads, GetParam());
      if (outcome.facts.logged_reason == "response_timeout") {  // It took the whole request, and waits.
        EXPECT_GT(reads, 200u);
        break;
      }
      EXPECT_EQ(outcome.facts.status, 200) << method << " after " << reads << " bytes";
      EXPECT_TRUE(outcome.facts.was_completed) << method << " after " << reads << " bytes";
    }
  }
}

TEST_P(DyingOriginTest, APostIsNeverSeenTwice) {
  for (uint64_t reads = 0; reads < kRequestBytesMax; ++reads) {
    const Outcome outcome = ask("POST", reads, GetParam());
    EXPECT_FALSE(outcome.answered_by_healthy_member) << "after " << reads << " bytes";
    EXPECT_GE(outcome.facts.status, 502) << "after " << reads << " bytes";
  }
}

INSTANTIATE_TEST_SUITE_P(FinAndReset, DyingOriginTest, testing::Bool(),
                         [](const auto& info) { return info.param ? "Reset" : "Fin"; });

}  // namespace
}  // namespace sluice::sim
