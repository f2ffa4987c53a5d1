// What the named stories share: a patient configuration with one or two origins, and short ways to say
// "a GET for that many bytes".
#pragma once

#include <gtest/gtest.h>

#include "tests/sim/sim_world.h"

namespace sluice::sim {

inline wire::Timeouts all_timeouts(uint32_t milliseconds) {
  return wire::Timeouts(milliseconds, milliseconds, milliseconds, milliseconds, milliseconds, milliseconds,
                        milliseconds);
}

inline constexpr uint8_t kSecondWebOrigin = kFirstWebOrigin + 1;

inline SnapshotSpec ordinary_configuration() {
  SnapshotSpec spec;
  spec.web_members = {kFirstWebOrigin};
  spec.tunnel_members = {kFirstTunnelOrigin};
  spec.timeouts = all_timeouts(60'000);
  return spec;
}

class Scenario : public testing::Test {
 protected:
  RequestPlan& get(uint64_t response_bytes = 1000) {
    RequestPlan& plan = world().ledger().add();
    plan.response_bytes = response_bytes;
    return plan;
  }
  RequestPlan& post(uint64_t request_bytes = 1000) {
    RequestPlan& plan = world().ledger().add();
    plan.method = "POST";
    plan.request_framing = Framing::length;
    plan.request_bytes = request_bytes;
    return plan;
  }
  const RequestFacts& facts(const RequestPlan& plan) { return world().ledger().facts(plan.id); }
  bool got_whole_answer(const RequestPlan& plan, uint16_t status = 200) {
    return facts(plan).was_completed && facts(plan).status == status;
  }
  SimWorld& world() {
    if (world_ == nullptr) world_ = std::make_unique<SimWorld>(options_);
    return *world_;
  }
  WorldOptions options_;  // Before the first use of world().

 private:
  std::unique_ptr<SimWorld> world_;
};

}  // namespace sluice::sim
