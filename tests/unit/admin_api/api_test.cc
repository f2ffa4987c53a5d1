// The REST API as a client sees it.
#include <future>

#include "tests/unit/admin_api/admin_fixture.h"

namespace sluice::admin {
namespace {

using Json = nlohmann::json;

class ApiTest : public AdminFixture {
 protected:
  ApiTest() {
    EXPECT_TRUE(start_admin(config_text(3)).has_value());
    start_data_plane();
    EXPECT_TRUE(wait_until_applied(1));
  }
};

TEST_F(ApiTest, TheConfigurationIsGivenAsYamlOrJsonWithItsRevision) {
  const HttpAnswer yaml = call("GET", "/api/v1/config");
  EXPECT_EQ(yaml.status, 200);
  EXPECT_EQ(yaml.etag, "\"1\"");
  EXPECT_EQ(yaml.content_type, "application/yaml");
  EXPECT_EQ(config_of_text(yaml.body), config_of_text(config_text(3)));
  const HttpAnswer json = call("GET", "/api/v1/config", "", {{"Accept", "application/json"}});
  EXPECT_EQ(json.json()["routes"].size(), 3u);
  EXPECT_EQ(config_of_text(json.body), config_of_text(config_text(3)));
}

TEST_F(ApiTest, APutIsCommittedAppliedAndToldSo) {
  const HttpAnswer answer =
      call("PUT", "/api/v1/config?comment=why", config_text(4), {{"If-Match", "\"1\""}});
  ASSERT_EQ(answer.status, 200) << answer.body;
  const Json json = answer.json();
  EXPECT_EQ(json["revision"], 2);
  EXPECT_EQ(json["changed"], true);
  EXPECT_EQ(json["generation"]["number"], 2);
  EXPECT_EQ(json["data_plane"]["applied"], true);
  EXPECT_EQ(json["data_plane"]["apply_microseconds"], 321);
  EXPECT_EQ(answer.etag, "\"2\"");
  EXPECT_EQ(data_plane_.offers().back().message.revision, 2u);
  EXPECT_EQ(store_->find(2)->comment, "why");
  EXPECT_EQ(store_->active()->value().id, 2u) << "in the database before the answer";
}

TEST_F(ApiTest, YamlAndJsonAreToldByTheirTypeOrTheirLook) {
  const std::string json = call("GET", "/api/v1/config", "", {{"Accept", "application/json"}}).body;
  EXPECT_EQ(call("PUT", "/api/v1/config", json, {{"Content-Type", "application/json"}}).status, 200);
  EXPECT_EQ(
      call("PUT", "/api/v1/config", json, {{"Content-Type", "application/x-www-form-urlencoded"}}).status,
      200);
  EXPECT_EQ(call("PUT", "/api/v1/config", config_text(2), {{"Content-Type", "application/yaml"}}).status,
            200);
  EXPECT_EQ(call("PUT", "/api/v1/config", config_text(2), {{"Content-Type", "application/json"}}).status,
            422);
}

TEST_F(ApiTest, AStaleWriterGets412WithTheCurrentRevision) {
  ASSERT_EQ(call("PUT", "/api/v1/config", config_text(4)).status, 200);
  const HttpAnswer stale = call("PUT", "/api/v1/config", config_text(5), {{"If-Match", "\"1\""}});
  EXPECT_EQ(stale.status, 412);
  EXPECT_EQ(stale.json()["error"]["details"]["current_revision"], 2);
  EXPECT_EQ(stale.etag, "\"2\"");
  EXPECT_EQ(active_revision(), 2u);
  EXPECT_EQ(call("PUT", "/api/v1/config", config_text(5), {{"If-Match", "nonsense"}}).status, 400);
  EXPECT_EQ(call("PUT", "/api/v1/config", config_text(5), {{"If-Match", "2"}}).status, 200);
  EXPECT_EQ(call("PUT", "/api/v1/config", config_text(6), {{"If-Match", "*"}}).status, 200);
}

TEST_F(ApiTest, OfTwoWritersOnOneRevisionOneWins) {
  const auto write = [&](int routes) {
    return call("PUT", "/api/v1/config", config_text(routes), {{"If-Match", "\"1\""}}).status;
  };
  std::vector<std::future<int>> writers;
  for (int i = 0; i < 6; ++i) writers.push_back(std::async(std::launch::async, write, 10 + i));
  int won = 0;
  for (auto& writer : writers) {
    const int status = writer.get();
    EXPECT_TRUE(status == 200 || status == 412) << status;
    won += status == 200 ? 1 : 0;
  }
  EXPECT_EQ(won, 1);
  EXPECT_EQ(active_revision(), 2u);
}

TEST_F(ApiTest, EveryConfigurationErrorIsListedWithPlaceAndFix) {
  const HttpAnswer answer = call("PUT", "/api/v1/config",
                                 "listeners:\n  - {name: web, address: nonsense, protocol: http}\n"
                                 "routes:\n  - {name: a, pool: missing}\n  - {name: a, bogus: 1}\n");
  EXPECT_EQ(answer.status, 422);
  const Json error = answer.json()["error"];
  EXPECT_EQ(error["code"], "invalid_config");
  ASSERT_GE(error["details"]["errors"].size(), 3u) << answer.body;
  for (const Json& one : error["details"]["errors"]) {
    EXPECT_EQ(one["file"], "request");
    EXPECT_GT(one["line"], 0) << one;
    EXPECT_GT(one["column"], 0) << one;
    EXPECT_FALSE(one["message"].get<std::string>().empty());
  }
  EXPECT_EQ(active_revision(), 1u);
  EXPECT_EQ(data_plane_.offers().size(), 1u) << "a refused text reached the data plane";
}

TEST_F(ApiTest, ARejectionByTheDataPlaneIs422AndThePreviousRevisionIsActiveAgain) {
  data_plane_.stop();
  data_plane_.answer = [](const ReceivedOffer& offer) {
    if (offer.message.revision != 2) return OfferAnswer{};
    return OfferAnswer{OfferAnswer::Kind::reject, "BIND_FAILED", "listeners[web].address", "address in use"};
  };
  start_data_plane();
  const HttpAnswer answer = call("PUT", "/api/v1/config", config_text(4));
  EXPECT_EQ(answer.status, 422);
  const Json error = answer.json()["error"];
  EXPECT_EQ(error["code"], "rejected_by_data_plane");
  EXPECT_EQ(error["details"]["code"], "BIND_FAILED");
  EXPECT_EQ(error["details"]["path"], "listeners[web].address");
  EXPECT_EQ(error["details"]["message"], "address in use");
  EXPECT_EQ(error["details"]["active_revision"], 1);
  EXPECT_EQ(call("GET", "/api/v1/config").etag, "\"1\"");
  const Json revision = call("GET", "/api/v1/revisions/2").json();
  EXPECT_EQ(revision["verdict"], "rejected");
  EXPECT_EQ(revision["rejection"]["code"], "BIND_FAILED");
  EXPECT_EQ(revision["active"], false);
  const size_t offers = data_plane_.offers().size();
  EXPECT_EQ(call("PUT", "/api/v1/config", config_text(5)).status, 200) << "the next change goes through";
  EXPECT_EQ(data_plane_.offers().size(), offers + 1)
      << "the old revision was never offered again: it still runs";
}

TEST_F(ApiTest, WithoutADataPlaneTheChangeIsSavedAndAppliedLater) {
  data_plane_.stop();
  ASSERT_TRUE(wait_until([&] { return !link_->view().connected; }));
  const HttpAnswer answer = call("PUT", "/api/v1/config", config_text(4));
  EXPECT_EQ(answer.status, 202);
  EXPECT_EQ(answer.json()["data_plane"]["applied"], false);
  EXPECT_EQ(answer.json()["data_plane"]["connected"], false);
  start_data_plane();
  EXPECT_TRUE(wait_until_applied(2));
}

TEST_F(ApiTest, TheSameConfigurationAgainWritesNothing) {
  const HttpAnswer answer = call("PUT", "/api/v1/config", config_text(3));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.json()["changed"], false);
  EXPECT_EQ(answer.json()["revision"], 1);
  EXPECT_EQ(data_plane_.offers().size(), 1u);
}

TEST_F(ApiTest, ADryRunAsksTheDataPlaneAndChangesNothing) {
  const HttpAnswer good = call("PUT", "/api/v1/config?dry_run=1", config_text(4));
  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.json()["data_plane"]["verified"], true);
  EXPECT_EQ(data_plane_.offers().back().message.mode, OfferMode::check);
  EXPECT_EQ(call("PUT", "/api/v1/config?dry_run=1", config_text(4), {{"If-Match", "7"}}).status, 412);
  EXPECT_EQ(call("PUT", "/api/v1/config?dry_run=1", "routes: 7").status, 422);
  EXPECT_EQ(active_revision(), 1u);
  EXPECT_EQ(store_->list(0, 10)->size(), 1u);
}

TEST_F(ApiTest, ADryRunThatTheDataPlaneWouldRefuseSaysWhy) {
  data_plane_.stop();
  data_plane_.answer = [](const ReceivedOffer&) {
    return OfferAnswer{OfferAnswer::Kind::reject, "LIMIT", "listeners", "too many"};
  };
  start_data_plane();
  const HttpAnswer answer = call("PUT", "/api/v1/config?dry_run=1", config_text(4));
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.json()["error"]["details"]["code"], "LIMIT");
  EXPECT_EQ(store_->list(0, 10)->size(), 1u);
}

TEST_F(ApiTest, ValidateNeedsNoDataPlane) {
  data_plane_.stop();
  EXPECT_EQ(call("POST", "/api/v1/config/validate", config_text(9)).json()["valid"], true);
  EXPECT_EQ(call("POST", "/api/v1/config/validate", "listeners: {}").status, 422);
  EXPECT_EQ(active_revision(), 1u);
}

TEST_F(ApiTest, TheEnvironmentAndFilesOfTheAdminAreOutOfReach) {
  EXPECT_EQ(call("POST", "/api/v1/config/validate", config_text(1, "${HOME}")).status, 422);
  EXPECT_EQ(call("POST", "/api/v1/config/validate", "include: [/etc/*.yaml]\n" + config_text(1)).status, 422);
}

TEST_F(ApiTest, AnEmptyConfigurationNeedsItsFlag) {
  const std::string empty =
      "listeners:\n  - {name: web, address: \"127.0.0.1:8080\", protocol: http}\nroutes: []\n";
  const HttpAnswer refused = call("PUT", "/api/v1/config", empty);
  EXPECT_EQ(refused.status, 409);
  EXPECT_EQ(refused.json()["error"]["code"], "needs_allow_empty");
  EXPECT_NE(refused.body.find("allow_empty=1"), std::string::npos);
  EXPECT_EQ(call("PUT", "/api/v1/config?allow_empty=1", empty).status, 200);
  EXPECT_TRUE(data_plane_.offers().back().message.allow_empty);
}

TEST_F(ApiTest, LosingMoreThanHalfOfManyRoutesNeedsItsFlag) {
  ASSERT_EQ(call("PUT", "/api/v1/config", config_text(40)).status, 200);
  EXPECT_EQ(call("PUT", "/api/v1/config", config_text(19)).status, 409);
  EXPECT_EQ(call("PUT", "/api/v1/config", config_text(20)).status, 200) << "exactly half is not sharp";
  EXPECT_EQ(call("PUT", "/api/v1/config?allow_empty=1", config_text(1)).status, 200);
}

TEST_F(ApiTest, OneRouteCanBePutReadAndDeleted) {
  const std::string route = R"({"name":"extra","match":{"path_prefix":"/x"},"respond":{"status":204}})";
  const HttpAnswer put = call("PUT", "/api/v1/routes/extra", route, {{"If-Match", "\"1\""}});
  ASSERT_EQ(put.status, 200) << put.body;
  EXPECT_EQ(put.json()["revision"], 2);
  const HttpAnswer got = call("GET", "/api/v1/routes/extra");
  EXPECT_EQ(got.json()["match"]["path_prefix"], "/x");
  EXPECT_EQ(got.etag, "\"2\"");
  EXPECT_LT(store_->find(2)->stored_bytes, 300u) << "one route was changed, not the document";
  EXPECT_EQ(call("DELETE", "/api/v1/routes/extra", "", {{"If-Match", "\"1\""}}).status, 412);
  EXPECT_EQ(call("DELETE", "/api/v1/routes/extra").status, 200);
  EXPECT_EQ(call("GET", "/api/v1/routes/extra").status, 404);
  EXPECT_EQ(call("DELETE", "/api/v1/routes/extra").status, 404);
  EXPECT_EQ(call("GET", "/api/v1/revisions/2").json()["config"]["routes"].size(), 4u);
  EXPECT_EQ(call("GET", "/api/v1/revisions/3").json()["config"]["routes"].size(), 3u);
}

TEST_F(ApiTest, ABadRouteIsRefused) {
  EXPECT_EQ(
      call("PUT", "/api/v1/routes/a", R"({"name":"b","respond":{"status":200}})").json()["error"]["code"],
      "name_mismatch");
  EXPECT_EQ(call("PUT", "/api/v1/routes/a", R"({"name":"a","pool":"missing"})").status, 422);
  EXPECT_EQ(call("PUT", "/api/v1/routes/a", "{").status, 422);
  EXPECT_EQ(call("PUT", "/api/v1/routes/a",
                 R"({"name":"a","match":{"path_prefix":"/_sluice/"},"respond":{"status":200}})")
                .status,
            422);
  EXPECT_EQ(active_revision(), 1u);
}

TEST_F(ApiTest, ARollbackIsOneCallAndANewRevision) {
  ASSERT_EQ(call("PUT", "/api/v1/config", config_text(4)).status, 200);
  const HttpAnswer back = call("POST", "/api/v1/revisions/1/activate");
  ASSERT_EQ(back.status, 200) << back.body;
  EXPECT_EQ(back.json()["revision"], 3);
  EXPECT_EQ(call("GET", "/api/v1/config", "", {{"Accept", "application/json"}}).json()["routes"].size(), 3u);
  EXPECT_EQ(call("GET", "/api/v1/revisions/3").json()["rollback_of"], 1);
  EXPECT_EQ(call("POST", "/api/v1/revisions/99/activate").status, 404);
  EXPECT_EQ(call("POST", "/api/v1/revisions/x/activate").status, 404);
  EXPECT_EQ(call("POST", "/api/v1/revisions/1/activate", "", {{"If-Match", "\"1\""}}).status, 412);
}

TEST_F(ApiTest, RevisionsArePaged) {
  for (int i = 0; i < 4; ++i) ASSERT_EQ(call("PUT", "/api/v1/config", config_text(5 + i)).status, 200);
  const Json first = call("GET", "/api/v1/revisions?limit=2").json();
  ASSERT_EQ(first["revisions"].size(), 2u);
  EXPECT_EQ(first["revisions"][0]["id"], 5);
  EXPECT_EQ(first["revisions"][0]["active"], true);
  const Json second = call("GET", "/api/v1/revisions?limit=9&before=" + first["next_before"].dump()).json();
  EXPECT_EQ(second["revisions"].size(), 3u);
  EXPECT_FALSE(second.contains("next_before"));
  EXPECT_EQ(call("GET", "/api/v1/revisions?limit=x").status, 400);
  EXPECT_EQ(call("GET", "/api/v1/revisions/77").status, 404);
}

TEST_F(ApiTest, ARevisionCanBeReadAsYaml) {
  const HttpAnswer answer = call("GET", "/api/v1/revisions/1", "", {{"Accept", "application/yaml"}});
  EXPECT_EQ(answer.content_type, "application/yaml");
  EXPECT_EQ(config_of_text(answer.body), config_of_text(config_text(3)));
}

TEST_F(ApiTest, WrongPathsAndMethodsAreNamed) {
  EXPECT_EQ(call("GET", "/").status, 404);
  EXPECT_EQ(call("GET", "/api/v1/configs").status, 404);
  EXPECT_EQ(call("GET", "/api/v1/config/other").status, 404);
  EXPECT_EQ(call("DELETE", "/api/v1/config").status, 405);
  EXPECT_EQ(call("GET", "/api/v1/config/validate").status, 405);
  EXPECT_EQ(call("POST", "/metrics").status, 405);
  EXPECT_EQ(call("GET", "/api/v1/routes/").status, 404);
}

TEST_F(ApiTest, BytesThatAreNoTextAreRefusedNotEchoedBroken) {
  const HttpAnswer answer = call("PUT", "/api/v1/config", std::string("\xff\xfe\x00garbage", 10));
  EXPECT_EQ(answer.status, 422);
  EXPECT_FALSE(answer.json().is_discarded());
}

}  // namespace
}  // namespace sluice::admin
