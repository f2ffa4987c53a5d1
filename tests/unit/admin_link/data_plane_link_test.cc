// The link over a real socket: finding the data plane, offering, waiting, and finding it again.
#include "admin/link/data_plane_link.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <chrono>
#include <cstring>
#include <thread>

#include "tests/unit/admin_link/fake_data_plane.h"
#include "tests/unit/admin_store/temporary_directory.h"

namespace sluice::admin {
namespace {

SnapshotOffer offer_of(uint64_t number, const std::string& text = "snapshot") {
  const auto bytes = std::as_bytes(std::span(text));
  return {{1, number}, 100 + number, content_hash(bytes), *SealedMemory::create(bytes), false};
}

class DataPlaneLinkTest : public testing::Test {
 protected:
  DataPlaneLinkTest() : link_({.socket_path = path_, .uid = geteuid(), .seed = 3}), data_plane_(path_) {}
  ~DataPlaneLinkTest() override { link_.stop(); }

  void start_link() {
    link_.start([this](const LinkEvent& event) {
      const std::lock_guard lock(mutex_);
      events_.push_back(event);
      changed_.notify_all();
    });
  }
  bool wait_for_event(LinkEvent::Kind kind, int count = 1) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, std::chrono::seconds(5), [&] {
      return std::count_if(events_.begin(), events_.end(),
                           [&](const LinkEvent& event) { return event.kind == kind; }) >= count;
    });
  }

  TemporaryDirectory directory_;
  const std::string path_ = directory_ / "dataplane.sock";
  DataPlaneLink link_;
  FakeDataPlane data_plane_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<LinkEvent> events_;
};

TEST_F(DataPlaneLinkTest, AWantedSnapshotIsAppliedAndTheOutcomeTold) {
  data_plane_.start();
  start_link();
  ASSERT_TRUE(wait_for_event(LinkEvent::Kind::connected));
  link_.want(offer_of(1));
  const Outcome outcome = link_.wait({1, 1}, 5_s);
  EXPECT_EQ(outcome.kind, OutcomeKind::applied);
  EXPECT_EQ(outcome.applied.apply_microseconds, 321u);
  const auto offers = data_plane_.offers();
  ASSERT_EQ(offers.size(), 1u);
  EXPECT_EQ(offers[0].bytes, "snapshot");
  EXPECT_EQ(offers[0].message.revision, 101u);
  const DataPlaneView view = link_.view();
  EXPECT_TRUE(view.connected);
  EXPECT_EQ(view.hello.pid, 4242);
  EXPECT_EQ(view.applied_revision, 101u);
}

TEST_F(DataPlaneLinkTest, ADataPlaneThatStartsLaterIsFoundAndOfferedAtOnce) {
  start_link();
  link_.want(offer_of(1));
  EXPECT_EQ(link_.wait({1, 1}, 5_s).kind, OutcomeKind::not_connected);
  data_plane_.start();
  ASSERT_TRUE(data_plane_.wait_for_offers(1));
  EXPECT_TRUE(wait_for_event(LinkEvent::Kind::applied));
}

TEST_F(DataPlaneLinkTest, ARejectionComesBackWithCodePathAndMessage) {
  data_plane_.answer = [](const ReceivedOffer&) {
    return OfferAnswer{OfferAnswer::Kind::reject, "BIND_FAILED", "listeners[web].address", "address in use"};
  };
  data_plane_.start();
  start_link();
  ASSERT_TRUE(wait_for_event(LinkEvent::Kind::connected));
  link_.want(offer_of(1));
  const Outcome outcome = link_.wait({1, 1}, 5_s);
  EXPECT_EQ(outcome.kind, OutcomeKind::rejected);
  EXPECT_EQ(outcome.rejected.code, "BIND_FAILED");
  EXPECT_EQ(outcome.rejected.path, "listeners[web].address");
  EXPECT_EQ(link_.view().last_rejection->revision, 101u);
  EXPECT_GT(link_.view().last_rejection->at_milliseconds, 0);
}

TEST_F(DataPlaneLinkTest, ARestartedDataPlaneGetsTheSnapshotItLacks) {
  data_plane_.start();
  start_link();
  link_.want(offer_of(1));
  ASSERT_TRUE(data_plane_.wait_for_offers(1));
  data_plane_.stop();
  ASSERT_TRUE(wait_for_event(LinkEvent::Kind::disconnected));
  EXPECT_FALSE(link_.view().connected);
  data_plane_.hello.applied = {};  // It lost its snapshots folder.
  data_plane_.start();
  EXPECT_TRUE(data_plane_.wait_for_offers(2));
}

TEST_F(DataPlaneLinkTest, ADataPlaneThatStillServesItIsNotOfferedAgain) {
  data_plane_.start();
  start_link();
  link_.want(offer_of(1));
  ASSERT_TRUE(wait_for_event(LinkEvent::Kind::applied));
  data_plane_.stop();
  data_plane_.start();
  ASSERT_TRUE(wait_for_event(LinkEvent::Kind::connected, 2));
  EXPECT_EQ(link_.wait({1, 1}, 5_s).kind, OutcomeKind::applied);
  link_.want(offer_of(2, "other"));
  ASSERT_TRUE(wait_for_event(LinkEvent::Kind::applied, 2));
  EXPECT_EQ(data_plane_.offers().size(), 2u) << "generation 1 was offered twice";
}

TEST_F(DataPlaneLinkTest, ADataPlaneAheadOfUsIsReportedToTheWaiter) {
  data_plane_.hello.applied = {1, 40};
  data_plane_.hello.applied_hash = {8, 8};
  data_plane_.start();
  start_link();
  ASSERT_TRUE(wait_for_event(LinkEvent::Kind::connected));
  link_.want(offer_of(2));
  const Outcome outcome = link_.wait({1, 2}, 5_s);
  EXPECT_EQ(outcome.kind, OutcomeKind::conflict);
  EXPECT_EQ(outcome.seen, (Generation{1, 40}));
  EXPECT_EQ(outcome.seen_hash, (ContentHash{8, 8}));
  EXPECT_TRUE(data_plane_.offers().empty());
}

TEST_F(DataPlaneLinkTest, AnUnansweredOfferTimesOutForTheWaiterOnly) {
  data_plane_.answer = [](const ReceivedOffer&) { return OfferAnswer{OfferAnswer::Kind::silence}; };
  data_plane_.start();
  start_link();
  ASSERT_TRUE(wait_for_event(LinkEvent::Kind::connected));
  link_.want(offer_of(1));
  EXPECT_EQ(link_.wait({1, 1}, 20_ms).kind, OutcomeKind::timed_out);
  ASSERT_TRUE(data_plane_.wait_for_offers(1));
  data_plane_.send(encode_applied({OfferKind::snapshot, {1, 1}, 5, 0, 0}));
  EXPECT_EQ(link_.wait({1, 1}, 5_s).kind, OutcomeKind::applied);
}

TEST_F(DataPlaneLinkTest, ADryRunIsAnsweredAndAppliesNothing) {
  data_plane_.start();
  start_link();
  ASSERT_TRUE(wait_for_event(LinkEvent::Kind::connected));
  const CheckVerdict good = link_.check(offer_of(0), 5_s);
  EXPECT_TRUE(good.answered);
  EXPECT_FALSE(good.rejected.has_value());
  EXPECT_EQ(data_plane_.offers()[0].message.mode, OfferMode::check);
  EXPECT_EQ(link_.view().applied, Generation{});
}

TEST_F(DataPlaneLinkTest, ADryRunWithoutADataPlaneSaysSoAtOnce) {
  start_link();
  EXPECT_FALSE(link_.check(offer_of(0), 5_s).answered);
}

TEST_F(DataPlaneLinkTest, StatusMessagesAndTheStatsPageAreVisible) {
  data_plane_.worker(1).streams_open.set(11);
  data_plane_.start();
  start_link();
  ASSERT_TRUE(wait_for_event(LinkEvent::Kind::connected));
  ASSERT_NE(link_.view().stats, nullptr);
  EXPECT_EQ(link_.view().stats->page().workers[1].streams_open.get(), 11u);
  ASSERT_TRUE(data_plane_.wait_for_connection());
  data_plane_.send(encode_status({.draining = true, .connections = 3}));
  data_plane_.send(encode_stable({{1, 1}}));
  ASSERT_TRUE(wait_for_event(LinkEvent::Kind::stable));
  EXPECT_TRUE(link_.view().status.draining);
  EXPECT_EQ(link_.view().status.connections, 3u);
}

TEST_F(DataPlaneLinkTest, AMissingStatsPageCostsTheMetricsNotTheLink) {
  data_plane_.send_stats_page = false;
  data_plane_.start();
  start_link();
  link_.want(offer_of(1));
  EXPECT_TRUE(wait_for_event(LinkEvent::Kind::applied));
  EXPECT_EQ(link_.view().stats, nullptr);
}

TEST_F(DataPlaneLinkTest, BytesThatAreNoMessageEndTheConnectionAndItIsMadeAgain) {
  data_plane_.start();
  start_link();
  ASSERT_TRUE(wait_for_event(LinkEvent::Kind::connected));
  ASSERT_TRUE(data_plane_.wait_for_connection());
  data_plane_.send(std::vector<std::byte>(100, std::byte{0x5a}));
  EXPECT_TRUE(wait_for_event(LinkEvent::Kind::disconnected));
  EXPECT_TRUE(wait_for_event(LinkEvent::Kind::connected, 2));
}

TEST_F(DataPlaneLinkTest, StoppingEndsAWaitEarly) {
  data_plane_.answer = [](const ReceivedOffer&) { return OfferAnswer{OfferAnswer::Kind::silence}; };
  data_plane_.start();
  start_link();
  ASSERT_TRUE(wait_for_event(LinkEvent::Kind::connected));
  link_.want(offer_of(1));
  ASSERT_TRUE(data_plane_.wait_for_offers(1));
  std::thread stopper([this] { link_.stop(); });
  EXPECT_NE(link_.wait({1, 1}, 60_s).kind, OutcomeKind::applied);
  stopper.join();
}

TEST(ControlSocketConnect, AnotherUserIsRefused) {
  const TemporaryDirectory directory;
  FakeDataPlane data_plane(directory / "dataplane.sock");
  data_plane.start();
  const auto connected = ControlSocket::connect(directory / "dataplane.sock", geteuid() + 1);
  ASSERT_FALSE(connected.has_value());
  EXPECT_NE(connected.error().find("same user"), std::string::npos);
}

TEST(ControlSocketConnect, ATooLongPathIsNamed) {
  const auto connected = ControlSocket::connect(std::string(200, 'p'), geteuid());
  ASSERT_FALSE(connected.has_value());
  EXPECT_NE(connected.error().find("--data-dir"), std::string::npos);
}

}  // namespace
}  // namespace sluice::admin
