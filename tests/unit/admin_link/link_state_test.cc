// The rules of the push protocol, one message at a time.
#include "admin/link/link_state.h"

#include <gtest/gtest.h>

namespace sluice::admin {
namespace {

constexpr Instant kNow{1'000'000};

SnapshotOffer offer_of(uint64_t number, uint64_t hash = 0) {
  const std::string text = "snapshot " + std::to_string(number);
  auto memory = SealedMemory::create(std::as_bytes(std::span(text)));
  return {{1, number}, 100 + number, {hash == 0 ? number : hash, 0}, *memory, false};
}

class LinkStateTest : public testing::Test {
 protected:
  void connect(Generation applied = {}, ContentHash hash = {}) {
    state_.connected({.pid = 5, .applied = applied, .applied_hash = hash}, nullptr, 1);
    state_.take_events();
  }
  bool answer(const ControlMessage& message) { return state_.received(message, kNow, 2); }
  std::optional<uint64_t> offered() {
    const auto outgoing = state_.next_offer(kNow);
    if (!outgoing) return std::nullopt;
    return outgoing->message.generation.number;
  }

  LinkState state_;
};

TEST_F(LinkStateTest, NothingIsOfferedWithoutAConnection) {
  state_.want(offer_of(1));
  EXPECT_FALSE(offered());
  connect();
  EXPECT_EQ(offered(), 1u);
}

TEST_F(LinkStateTest, OneOfferIsInFlightAndTheNewestFollows) {
  connect();
  state_.want(offer_of(1));
  EXPECT_EQ(offered(), 1u);
  state_.want(offer_of(2));
  state_.want(offer_of(3));
  EXPECT_FALSE(offered()) << "the first has no answer yet";
  EXPECT_TRUE(answer(VerifiedMessage{.generation = {1, 1}}));
  EXPECT_FALSE(offered()) << "verified is not applied";
  EXPECT_TRUE(answer(AppliedMessage{.generation = {1, 1}}));
  EXPECT_EQ(offered(), 3u) << "the second was superseded while it waited";
}

TEST_F(LinkStateTest, WhatIsAppliedIsNotOfferedAgain) {
  state_.want(offer_of(4));
  connect({1, 4}, {4, 0});
  EXPECT_FALSE(offered());
  EXPECT_TRUE(state_.take_events().empty());
}

TEST_F(LinkStateTest, ANewDataPlaneIsOfferedTheSameSnapshotAgain) {
  state_.want(offer_of(4));
  connect();
  EXPECT_EQ(offered(), 4u);
  answer(AppliedMessage{.generation = {1, 4}});
  state_.disconnected("it died");
  connect();  // Started from nothing.
  EXPECT_EQ(offered(), 4u);
}

TEST_F(LinkStateTest, AnOfferThatLostItsConnectionIsSentAgain) {
  state_.want(offer_of(4));
  connect();
  EXPECT_EQ(offered(), 4u);
  state_.disconnected("it died");
  connect();
  EXPECT_EQ(offered(), 4u);
}

TEST_F(LinkStateTest, ARejectedOfferIsNotRepeatedOnTheSameConnection) {
  state_.want(offer_of(2));
  connect({1, 1}, {1, 0});
  EXPECT_EQ(offered(), 2u);
  EXPECT_TRUE(answer(RejectedMessage{.generation = {1, 2}, .code = "BIND_FAILED", .path = "listeners[web]"}));
  EXPECT_FALSE(offered());
  const auto events = state_.take_events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, LinkEvent::Kind::rejected);
  EXPECT_EQ(events[0].rejection.revision, 102u);
  EXPECT_EQ(state_.view().applied, (Generation{1, 1})) << "what runs is untouched";
  EXPECT_EQ(state_.view().last_rejection->rejected.code, "BIND_FAILED");
  state_.want(offer_of(1, 1));  // The store went back to what is applied.
  EXPECT_FALSE(offered());
}

TEST_F(LinkStateTest, BusyIsTriedAgainABitLater) {
  state_.want(offer_of(2));
  connect();
  EXPECT_EQ(offered(), 2u);
  EXPECT_TRUE(answer(RejectedMessage{.generation = {1, 2}, .code = "BUSY"}));
  EXPECT_FALSE(offered());
  EXPECT_TRUE(state_.take_events().empty()) << "busy is no verdict on the revision";
  EXPECT_GT(state_.retry_at(), kNow);
  EXPECT_TRUE(state_.next_offer(state_.retry_at()).has_value());
}

TEST_F(LinkStateTest, ADataPlaneAheadOfUsIsAConflictReportedOnce) {
  state_.want(offer_of(3));
  connect({1, 9}, {77, 0});
  EXPECT_FALSE(offered());
  EXPECT_FALSE(offered());
  const auto events = state_.take_events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, LinkEvent::Kind::conflict);
  EXPECT_EQ(events[0].generation, (Generation{1, 9}));
  EXPECT_EQ(events[0].wanted, (Generation{1, 3}));
  EXPECT_EQ(events[0].hash, (ContentHash{77, 0}));
  state_.want(offer_of(10));
  EXPECT_EQ(offered(), 10u);
}

TEST_F(LinkStateTest, TheSameGenerationWithOtherBytesIsAConflict) {
  state_.want(offer_of(3));
  connect({1, 3}, {77, 0});
  EXPECT_FALSE(offered());
  EXPECT_EQ(state_.take_events().size(), 1u);
}

TEST_F(LinkStateTest, AStaleVerdictIsAConflictNotARejection) {
  state_.want(offer_of(3));
  connect();
  EXPECT_EQ(offered(), 3u);
  EXPECT_TRUE(answer(RejectedMessage{.generation = {1, 3}, .code = "STALE_GENERATION"}));
  const auto events = state_.take_events();
  ASSERT_EQ(events.size(), 1u);
  EXPECT_EQ(events[0].kind, LinkEvent::Kind::conflict);
  EXPECT_FALSE(state_.view().last_rejection.has_value());
}

TEST_F(LinkStateTest, AnotherIncarnationOrdersFirst) {
  state_.want(offer_of(3));
  connect({0, 900}, {77, 0});
  EXPECT_EQ(offered(), 3u) << "incarnation 1 is above incarnation 0 whatever the numbers";
}

TEST_F(LinkStateTest, ADryRunUsesANumberAboveAllAndChangesNothing) {
  state_.want(offer_of(3));
  connect({1, 3}, {3, 0});
  auto request = std::make_shared<CheckRequest>();
  request->offer = offer_of(1);
  state_.ask(request);
  const auto outgoing = state_.next_offer(kNow);
  ASSERT_TRUE(outgoing.has_value());
  EXPECT_EQ(outgoing->message.mode, OfferMode::check);
  EXPECT_EQ(outgoing->message.generation, (Generation{1, 4}));
  EXPECT_TRUE(
      answer(VerifiedMessage{.mode = OfferMode::check, .generation = {1, 4}, .verify_microseconds = 9}));
  EXPECT_TRUE(request->is_done);
  EXPECT_TRUE(request->verdict.answered);
  EXPECT_FALSE(request->verdict.rejected.has_value());
  EXPECT_EQ(state_.view().applied, (Generation{1, 3}));
}

TEST_F(LinkStateTest, ARejectedDryRunIsNoRejectionOfARevision) {
  connect({1, 3}, {3, 0});
  auto request = std::make_shared<CheckRequest>();
  request->offer = offer_of(1);
  state_.ask(request);
  ASSERT_TRUE(state_.next_offer(kNow).has_value());
  EXPECT_TRUE(answer(RejectedMessage{.generation = {1, 4}, .code = "VERIFY"}));
  ASSERT_TRUE(request->verdict.rejected.has_value());
  EXPECT_TRUE(state_.take_events().empty());
  EXPECT_FALSE(state_.view().last_rejection.has_value());
}

TEST_F(LinkStateTest, DryRunsEndWhenTheConnectionDoes) {
  connect();
  auto in_flight = std::make_shared<CheckRequest>();
  auto queued = std::make_shared<CheckRequest>();
  in_flight->offer = offer_of(1);
  queued->offer = offer_of(1);
  state_.ask(in_flight);
  state_.ask(queued);
  ASSERT_TRUE(state_.next_offer(kNow).has_value());
  state_.disconnected("it died");
  EXPECT_TRUE(in_flight->is_done && queued->is_done);
  EXPECT_FALSE(in_flight->verdict.answered || queued->verdict.answered);
}

TEST_F(LinkStateTest, MessagesOutOfPlaceEndTheConnection) {
  connect();
  EXPECT_FALSE(answer(AppliedMessage{.generation = {1, 1}})) << "nothing was offered";
  EXPECT_FALSE(answer(HelloMessage{}));
  EXPECT_FALSE(answer(OfferMessage{}));
  state_.want(offer_of(1));
  EXPECT_EQ(offered(), 1u);
  EXPECT_FALSE(answer(AppliedMessage{.generation = {1, 2}})) << "another generation than the offered";
}

TEST_F(LinkStateTest, StatusAndStableAreShownInTheView) {
  connect();
  EXPECT_TRUE(answer(StatusMessage{.stable = {1, 1}, .draining = true, .connections = 12}));
  EXPECT_TRUE(state_.view().status.draining);
  EXPECT_EQ(state_.view().status.connections, 12u);
  EXPECT_TRUE(answer(StableMessage{.generation = {1, 2}}));
  EXPECT_EQ(state_.view().stable, (Generation{1, 2}));
}

}  // namespace
}  // namespace sluice::admin
