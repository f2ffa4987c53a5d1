// What happens around restarts, late verdicts and lost databases: the service between a real store and a
// real link.
#include <atomic>
#include <filesystem>
#include <future>

#include "tests/unit/admin_api/admin_fixture.h"

namespace sluice::admin {
namespace {

class ConfigServiceTest : public AdminFixture {
 protected:
  ApplyResult apply(const std::string& text) { return service_->apply_config(config_of_text(text), {}); }
};

TEST_F(ConfigServiceTest, TheFirstStartMakesTheFileTheFirstRevision) {
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  EXPECT_EQ(active_revision(), 1u);
  EXPECT_EQ(store_->find(1)->source, RevisionSource::file);
  start_data_plane();
  EXPECT_TRUE(wait_until_applied(1));
}

TEST_F(ConfigServiceTest, ARestartWithTheSameFileOffersNothing) {
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  start_data_plane();
  ASSERT_TRUE(wait_until_applied(1));
  stop_admin();
  // Comments and order of keys do not make another configuration.
  ASSERT_TRUE(start_admin("# edited\n" + config_text(3)).has_value());
  ASSERT_TRUE(wait_until([&] { return link_->view().connected; }));
  EXPECT_EQ(active_revision(), 1u);
  EXPECT_EQ(link_->wait(service_->active()->offer.generation, 5_s).kind, OutcomeKind::applied);
  EXPECT_EQ(data_plane_.offers().size(), 1u);
}

TEST_F(ConfigServiceTest, ARevisionFromTheApiOutlivesARestartWithTheOldFile) {
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  start_data_plane();
  ASSERT_TRUE(wait_until_applied(1));
  ASSERT_TRUE(apply(config_text(5)).has_value());
  stop_admin();
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  EXPECT_EQ(active_revision(), 2u);
  EXPECT_EQ(service_->active()->config->routes.size(), 5u);
  ASSERT_TRUE(wait_until([&] { return link_->view().connected; }));
  EXPECT_EQ(link_->wait(service_->active()->offer.generation, 5_s).kind, OutcomeKind::applied);
  EXPECT_EQ(data_plane_.offers().size(), 2u) << "the compiled bytes changed over the restart";
}

TEST_F(ConfigServiceTest, APatchedRevisionIsRestoredByteForByte) {
  ASSERT_TRUE(start_admin(config_text(30)).has_value());
  start_data_plane();
  for (int i = 0; i < 5; ++i) {
    const std::string name = "r" + std::to_string(i);
    ASSERT_EQ(call("PUT", "/api/v1/routes/" + name, R"({"name":")" + name + R"(","respond":{"status":204}})")
                  .status,
              200);
  }
  ASSERT_EQ(call("DELETE", "/api/v1/routes/r7").status, 200);
  const ContentHash hash = service_->active()->offer.hash;
  stop_admin();
  ASSERT_TRUE(start_admin().has_value());
  EXPECT_EQ(service_->active()->offer.hash, hash);
}

TEST_F(ConfigServiceTest, AnEditedFileBecomesANewRevisionAtTheNextStart) {
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  ASSERT_TRUE(apply(config_text(5)).has_value());
  stop_admin();
  ASSERT_TRUE(start_admin(config_text(4)).has_value());
  EXPECT_EQ(active_revision(), 3u);
  EXPECT_EQ(service_->active()->config->routes.size(), 4u);
}

TEST_F(ConfigServiceTest, AnEmptiedFileDoesNotWipeWhatIsActive) {
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  stop_admin();
  const std::string empty = config_text(0);
  ASSERT_TRUE(start_admin(empty).has_value());
  EXPECT_EQ(active_revision(), 1u);
  EXPECT_FALSE(service_->reload_report().last_succeeded);
  stop_admin();
  ASSERT_TRUE(start_admin(empty, /*allow_empty=*/true).has_value());
  EXPECT_EQ(active_revision(), 2u);
}

TEST_F(ConfigServiceTest, AnEmptyFileIsNoFirstRevisionEither) {
  const auto started = start_admin(config_text(0));
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().failure, ApplyFailure::needs_flag);
  EXPECT_FALSE(store_->active()->has_value());
}

TEST_F(ConfigServiceTest, AVerdictThatComesLateTakesTheRevisionBack) {
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  start_data_plane();
  ASSERT_TRUE(wait_until_applied(1));
  data_plane_.stop();
  ASSERT_TRUE(wait_until([&] { return !link_->view().connected; }));
  ASSERT_EQ(apply(config_text(4))->outcome.kind, OutcomeKind::not_connected);
  data_plane_.answer = [](const ReceivedOffer&) {
    return OfferAnswer{OfferAnswer::Kind::reject, "BIND_FAILED", "listeners[web]", "address in use"};
  };
  start_data_plane();
  ASSERT_TRUE(wait_until([&] { return active_revision() == 1; }));
  EXPECT_EQ(store_->find(2)->rejection.code, "BIND_FAILED");
  EXPECT_FALSE(service_->reload_report().last_succeeded);
  EXPECT_EQ(link_->wait(service_->active()->offer.generation, 5_s).kind, OutcomeKind::applied)
      << "what runs is what is active again";
}

TEST_F(ConfigServiceTest, AVerdictOnAReplacedRevisionIsRecordedAndTouchesNothing) {
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  data_plane_.answer = [](const ReceivedOffer& offer) {
    return offer.message.revision == 2 ? OfferAnswer{OfferAnswer::Kind::silence} : OfferAnswer{};
  };
  start_data_plane();
  ASSERT_TRUE(wait_until_applied(1));
  const auto second = service_->apply_config(config_of_text(config_text(4)), {.wait = 10_ms});
  ASSERT_EQ(second->outcome.kind, OutcomeKind::timed_out);
  ASSERT_TRUE(data_plane_.wait_for_offers(2));
  ASSERT_TRUE(service_->apply_config(config_of_text(config_text(5)), {.wait = 10_ms}).has_value());
  data_plane_.send(
      encode_rejected({OfferKind::snapshot, second->revision.generation, "LIMIT", "routes", "late"}));
  ASSERT_TRUE(wait_until_applied(3));
  ASSERT_TRUE(wait_until([&] { return store_->find(2)->verdict == Verdict::rejected; }));
  EXPECT_EQ(store_->find(2)->rejection.message, "late");
  EXPECT_EQ(active_revision(), 3u);
}

TEST_F(ConfigServiceTest, AWriterWhoComesSecondIsNoFailedReload) {
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  ASSERT_FALSE(service_->apply_config(config_of_text(config_text(4)), {.if_match = 99}).has_value());
  EXPECT_TRUE(service_->reload_report().last_succeeded);
}

TEST_F(ConfigServiceTest, ProbesAreAnsweredWhileAHungDataPlaneHoldsEveryChange) {
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  start_data_plane();
  ASSERT_TRUE(wait_until_applied(1));
  data_plane_.stop();
  data_plane_.answer = [](const ReceivedOffer&) { return OfferAnswer{OfferAnswer::Kind::silence}; };
  start_data_plane();
  std::atomic<int> busy{0};
  std::vector<std::future<void>> changes;
  for (int i = 0; i < 20; ++i) {
    changes.push_back(std::async(std::launch::async, [this, i, &busy] {
      if (call("PUT", "/api/v1/config", config_text(4 + i)).status == 503) ++busy;
    }));
  }
  EXPECT_TRUE(wait_until([&] { return busy == 8; }))
      << "twelve wait for the verdict, the others are told to come back";
  EXPECT_EQ(call("GET", "/healthz").status, 200);
  EXPECT_EQ(call("GET", "/metrics").status, 200);
  service_->stop();  // Nobody has to wait for the verdict any more.
  for (auto& change : changes) change.get();
}

TEST_F(ConfigServiceTest, ARejectedFileIsTriedAgainAtTheNextStart) {
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  data_plane_.answer = [](const ReceivedOffer& offer) {
    return offer.message.revision == 2 ? OfferAnswer{OfferAnswer::Kind::reject, "BIND_FAILED", "", ""}
                                       : OfferAnswer{};
  };
  start_data_plane();
  ASSERT_TRUE(wait_until_applied(1));
  stop_admin();
  ASSERT_TRUE(start_admin(config_text(4)).has_value());
  ASSERT_TRUE(wait_until([&] { return active_revision() == 1; }));
  stop_admin();
  ASSERT_TRUE(start_admin(config_text(4)).has_value());
  EXPECT_TRUE(wait_until_applied(3)) << "the port was free by then";
}

TEST_F(ConfigServiceTest, TheFirstRevisionStaysWantedWhenItIsRejected) {
  data_plane_.answer = [](const ReceivedOffer& offer) {
    return offer.message.revision == 1 ? OfferAnswer{OfferAnswer::Kind::reject, "BIND_FAILED", "", ""}
                                       : OfferAnswer{};
  };
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  start_data_plane();
  ASSERT_TRUE(wait_until([&] { return service_->active()->revision.verdict == Verdict::rejected; }));
  EXPECT_EQ(active_revision(), 1u);
  const auto again = apply(config_text(3));
  ASSERT_TRUE(again.has_value());
  EXPECT_TRUE(again->is_new) << "the same text after a rejection is a new try, not unchanged";
  EXPECT_EQ(again->outcome.kind, OutcomeKind::applied);
}

TEST_F(ConfigServiceTest, ALostDatabaseStillGetsItsConfigurationApplied) {
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  start_data_plane();
  for (int routes = 4; routes < 9; ++routes) ASSERT_TRUE(apply(config_text(routes)).has_value());
  stop_admin();
  for (const char* name : {"sluice.db", "sluice.db-wal", "sluice.db-shm"})
    std::filesystem::remove(directory_ / name);
  born_ = 500;  // Even with a clock that went backwards.
  ASSERT_TRUE(start_admin(config_text(2)).has_value());
  ASSERT_TRUE(wait_until([&] { return link_->view().applied_revision == 1; }));
  EXPECT_GT(link_->view().applied, (Generation{1'000, 6}));
  EXPECT_EQ(apply(config_text(3))->outcome.kind, OutcomeKind::applied);
}

TEST_F(ConfigServiceTest, ALostDatabaseWithTheSameContentAdoptsWhatRuns) {
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  start_data_plane();
  ASSERT_TRUE(wait_until_applied(1));
  stop_admin();
  for (const char* name : {"sluice.db", "sluice.db-wal", "sluice.db-shm"})
    std::filesystem::remove(directory_ / name);
  born_ = 500;
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  ASSERT_TRUE(wait_until([&] { return service_->active()->offer.generation == Generation{1'000, 1}; }));
  EXPECT_EQ(data_plane_.offers().size(), 1u) << "equal bytes were offered again";
  EXPECT_EQ(apply(config_text(4))->revision.generation, (Generation{1'000, 2}));
}

TEST_F(ConfigServiceTest, ARestoredBackupGoesOnAboveWhatTheDataPlaneHas) {
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  start_data_plane();
  ASSERT_TRUE(wait_until_applied(1));
  stop_admin();
  std::filesystem::copy_file(directory_ / "sluice.db", directory_ / "backup.db");
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  ASSERT_TRUE(wait_until([&] { return link_->view().connected; }));
  for (int routes = 4; routes < 9; ++routes) ASSERT_TRUE(apply(config_text(routes)).has_value());
  stop_admin();
  std::filesystem::copy_file(directory_ / "backup.db", directory_ / "sluice.db",
                             std::filesystem::copy_options::overwrite_existing);
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  EXPECT_TRUE(wait_until_applied(1)) << "the backup's revision is what the operator wants";
  EXPECT_GT(link_->view().applied, (Generation{1'000, 6}));
}

// The data plane may remember, from before a crash, a generation above the one it serves.
TEST_F(ConfigServiceTest, AFloorThatNobodyReportedIsPassed) {
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  data_plane_.answer = [](const ReceivedOffer& offer) {
    if (offer.message.generation > Generation{1'000, 700}) return OfferAnswer{};
    return OfferAnswer{OfferAnswer::Kind::reject, "STALE_GENERATION", "", "below the floor"};
  };
  start_data_plane();
  EXPECT_TRUE(wait_until_applied(1));
  EXPECT_LE(data_plane_.offers().size(), 3u);
}

TEST_F(ConfigServiceTest, ANameThatDoesNotResolveAtARestartIsAskedAgain) {
  const std::string text =
      config_text(2) + "  - {name: app, match: {path_prefix: /app}, to: [\"app.local:80\"]}\n";
  names_["app.local"] = IpAddress{{10, 0, 0, 1}, 4};
  ASSERT_TRUE(start_admin(text).has_value());
  stop_admin();
  names_.clear();
  ASSERT_TRUE(start_admin(text).has_value()) << "a DNS failure must not keep the admin from starting";
  EXPECT_EQ(active_revision(), 1u);
  EXPECT_EQ(service_->active()->offer.memory, nullptr);
  names_["app.local"] = IpAddress{{10, 0, 0, 1}, 4};
  start_data_plane();
  EXPECT_TRUE(wait_until_applied(1));
}

TEST_F(ConfigServiceTest, AnAddressThatChangedInDnsIsAppliedByTheSameText) {
  const std::string text =
      config_text(2) + "  - {name: app, match: {path_prefix: /app}, to: [\"app.local:80\"]}\n";
  names_["app.local"] = IpAddress{{10, 0, 0, 1}, 4};
  ASSERT_TRUE(start_admin(text).has_value());
  EXPECT_FALSE(apply(text)->is_new);
  names_["app.local"] = IpAddress{{10, 0, 0, 2}, 4};
  EXPECT_TRUE(apply(text)->is_new);
}

TEST_F(ConfigServiceTest, AnUnansweredOfferIsSavedAndToldAsSuch) {
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  start_data_plane();
  ASSERT_TRUE(wait_until_applied(1));
  data_plane_.stop();
  data_plane_.answer = [](const ReceivedOffer&) { return OfferAnswer{OfferAnswer::Kind::silence}; };
  start_data_plane();
  const auto applied = service_->apply_config(config_of_text(config_text(4)), {.wait = 30_ms});
  ASSERT_TRUE(applied.has_value());
  EXPECT_EQ(applied->outcome.kind, OutcomeKind::timed_out);
  EXPECT_EQ(store_->active()->value().id, 2u);
}

}  // namespace
}  // namespace sluice::admin
