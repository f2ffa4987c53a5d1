// Status, health and metrics pages against a stats page with known numbers.
#include <regex>
#include <sstream>

#include "tests/unit/admin_api/admin_fixture.h"

namespace sluice::admin {
namespace {

using Json = nlohmann::json;

void name_slot(StatsSlotName& slot, const std::string& name) {
  name.copy(slot.name, sizeof(slot.name) - 1);
  slot.id.store(77, std::memory_order_release);
}

class PagesTest : public AdminFixture {
 protected:
  PagesTest() {
    name_slot(data_plane_.stats().listener_names[1], "web");
    name_slot(data_plane_.stats().pool_names[1], "app\"1\\");
  }
  void start_all() {
    ASSERT_TRUE(start_admin(config_text(3)).has_value());
    start_data_plane();
    ASSERT_TRUE(wait_until_applied(1));
  }
  std::string metrics() { return call("GET", "/metrics").body; }
  // The value of the one sample that starts with `sample`.
  std::string value(const std::string& sample) {
    std::istringstream lines(metrics());
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with(sample + " ")) return line.substr(sample.size() + 1);
    }
    return "no sample " + sample;
  }
};

TEST_F(PagesTest, CountersAreSummedOverTheWorkers) {
  start_all();
  data_plane_.worker(0).listeners[1].responses[2].add(5);
  data_plane_.worker(1).listeners[1].responses[2].add(7);
  data_plane_.worker(1).listeners[1].bytes_sent.add(1000);
  data_plane_.worker(0).pools[1].connect_failures.add(3);
  data_plane_.worker(0).reasons[static_cast<int>(Reason::bad_method)].add(2);
  data_plane_.worker(1).access_log_dropped.add(4);
  data_plane_.worker(0).origin_unasked.add(6);
  data_plane_.worker(1).busy_nanoseconds.add(1'500'000'000);
  EXPECT_EQ(value(R"(sluice_requests_total{listener="web",code_class="2xx"})"), "12");
  EXPECT_EQ(value(R"(sluice_sent_bytes_total{listener="web"})"), "1000");
  EXPECT_EQ(value(R"(sluice_pool_connect_failures_total{pool="app\"1\\"})"), "3");
  EXPECT_EQ(value(R"(sluice_request_outcomes_total{reason="bad_method"})"), "2");
  EXPECT_EQ(value(R"(sluice_worker_access_log_dropped_total{worker="1"})"), "4");
  EXPECT_EQ(value(R"(sluice_worker_origin_unasked_total{worker="0"})"), "6");
  EXPECT_EQ(value("sluice_access_log_lost_total"), "0");
  EXPECT_EQ(value(R"(sluice_worker_busy_seconds_total{worker="1"})"), "1.5");
}

TEST_F(PagesTest, HistogramsAreCumulativeAndLoseNothing) {
  start_all();
  StatsHistogram& latency = data_plane_.worker(0).listeners[1].latency;
  for (const uint64_t microseconds : {1u, 127u, 128u, 1'023u, 1'024u, 500'000u, 4'000'000'000u})
    latency.record(microseconds);
  const std::string name = R"(sluice_request_duration_seconds_)";
  EXPECT_EQ(value(name + R"(bucket{listener="web",le="0.000128"})"), "2");
  EXPECT_EQ(value(name + R"(bucket{listener="web",le="0.000256"})"), "3");
  EXPECT_EQ(value(name + R"(bucket{listener="web",le="0.001024"})"), "4");
  EXPECT_EQ(value(name + R"(bucket{listener="web",le="0.002048"})"), "5");
  EXPECT_EQ(value(name + R"(bucket{listener="web",le="0.524288"})"), "6");
  EXPECT_EQ(value(name + R"(bucket{listener="web",le="67.108864"})"), "6");
  EXPECT_EQ(value(name + R"(bucket{listener="web",le="+Inf"})"), "7");
  EXPECT_EQ(value(name + R"(count{listener="web"})"), "7");
  EXPECT_EQ(value(name + R"(sum{listener="web"})"), "4000.502303");
}

// The rules of the format: TYPE before samples, one block per family, suffixes, UNIT, end mark.
TEST_F(PagesTest, TheTextKeepsTheRulesOfOpenMetrics) {
  start_all();
  const HttpAnswer answer = call("GET", "/metrics");
  EXPECT_EQ(answer.content_type, "application/openmetrics-text; version=1.0.0; charset=utf-8");
  ASSERT_TRUE(answer.body.ends_with("\n# EOF\n"));
  const std::regex sample(
      R"re(^(sluice_[a-z0-9_]+)(\{[a-z_]+="([^"\\]|\\.)*"(,[a-z_]+="([^"\\]|\\.)*")*\})? (-?[0-9.]+)$)re");
  std::set<std::string> families;
  std::string family;
  std::string type;
  std::istringstream lines(answer.body);
  for (std::string line; std::getline(lines, line) && line != "# EOF";) {
    std::istringstream words(line);
    std::string hash, keyword, name, rest;
    words >> hash >> keyword >> name >> rest;
    if (hash == "#" && keyword == "TYPE") {
      EXPECT_TRUE(families.insert(name).second) << name << " appears twice";
      family = name;
      type = rest;
    } else if (hash == "#") {
      EXPECT_EQ(name, family) << line;
      if (keyword == "UNIT") {
        EXPECT_TRUE(name.ends_with("_" + rest)) << line;
      }
    } else {
      std::smatch match;
      ASSERT_TRUE(std::regex_match(line, match, sample)) << line;
      const std::string suffix = match[1].str().substr(std::min(family.size(), match[1].str().size()));
      EXPECT_TRUE(match[1].str().starts_with(family)) << line;
      if (type == "counter") {
        EXPECT_EQ(suffix, "_total") << line;
      } else if (type == "gauge") {
        EXPECT_EQ(suffix, "") << line;
      } else if (type == "info") {
        EXPECT_EQ(suffix, "_info") << line;
      } else {
        EXPECT_TRUE(suffix == "_bucket" || suffix == "_count" || suffix == "_sum") << line;
      }
    }
  }
  EXPECT_GT(families.size(), 40u);
}

TEST_F(PagesTest, AReloadThatFailsShowsInMetricsAndHealth) {
  start_all();
  EXPECT_EQ(value("sluice_config_last_reload_success"), "1");
  EXPECT_EQ(value("sluice_config_generation"), "1");
  EXPECT_EQ(call("GET", "/health").json()["status"], "healthy");
  EXPECT_EQ(call("PUT", "/api/v1/config", "nonsense: 1").status, 422);
  EXPECT_EQ(value("sluice_config_last_reload_success"), "0");
  const Json health = call("GET", "/health").json();
  EXPECT_EQ(health["status"], "degraded");
  EXPECT_EQ(call("PUT", "/api/v1/config", config_text(4)).status, 200);
  EXPECT_EQ(value("sluice_config_last_reload_success"), "1");
  EXPECT_EQ(value("sluice_config_generation"), "2");
}

TEST_F(PagesTest, ReadyNeedsAConnectedDataPlaneThatServesAndDoesNotDrain) {
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  EXPECT_EQ(call("GET", "/healthz").status, 200);
  EXPECT_EQ(call("GET", "/livez").status, 200);
  EXPECT_EQ(call("GET", "/readyz").status, 503);
  EXPECT_EQ(call("GET", "/health").status, 503);
  start_data_plane();
  ASSERT_TRUE(wait_until_applied(1));
  EXPECT_EQ(call("GET", "/readyz").status, 200);
  data_plane_.send(encode_status({.applied = {1'000, 1}, .draining = true}));
  ASSERT_TRUE(wait_until([&] { return link_->view().status.draining; }));
  const HttpAnswer draining = call("GET", "/readyz");
  EXPECT_EQ(draining.status, 503);
  EXPECT_NE(draining.body.find("draining"), std::string::npos);
  data_plane_.stop();
  ASSERT_TRUE(wait_until([&] { return !link_->view().connected; }));
  EXPECT_EQ(call("GET", "/readyz").status, 503);
  EXPECT_EQ(call("GET", "/healthz").status, 200) << "alive is not ready";
}

TEST_F(PagesTest, StatusTellsWhatIsWantedServedAndRefused) {
  data_plane_.hello.crash_count = 3;
  data_plane_.hello.ring_caps = "bundles";
  data_plane_.answer = [](const ReceivedOffer& offer) {
    return offer.message.revision == 2 ? OfferAnswer{OfferAnswer::Kind::reject, "LIMIT", "routes", "too many"}
                                       : OfferAnswer{};
  };
  start_all();
  ASSERT_EQ(call("PUT", "/api/v1/config", config_text(4)).status, 422);
  data_plane_.send(
      encode_status({.applied = {1'000, 1}, .stable = {1'000, 1}, .connections = 12, .streams = 5}));
  ASSERT_TRUE(wait_until([&] { return link_->view().status.streams == 5; }));
  const Json status = call("GET", "/api/v1/status").json();
  EXPECT_EQ(status["gateway"]["id"].get<std::string>().size(), 32u);
  EXPECT_EQ(status["gateway"]["version"], "0.1.0");
  EXPECT_EQ(status["config"]["revision"], 1);
  EXPECT_EQ(status["converged"], true);
  EXPECT_EQ(status["ready"], true);
  ASSERT_EQ(status["data_planes"].size(), 1u);
  const Json plane = status["data_planes"][0];
  EXPECT_EQ(plane["connected"], true);
  EXPECT_EQ(plane["pid"], 4242);
  EXPECT_EQ(plane["workers"], 2);
  EXPECT_EQ(plane["applied"]["number"], 1);
  EXPECT_EQ(plane["applied_revision"], 1);
  EXPECT_EQ(plane["stable"]["incarnation"], 1'000);
  EXPECT_EQ(plane["connections"], 12);
  EXPECT_EQ(plane["streams"], 5);
  EXPECT_EQ(plane["crash_count"], 3);
  EXPECT_EQ(plane["ring_caps"], "bundles");
  EXPECT_EQ(plane["last_rejection"]["code"], "LIMIT");
  EXPECT_EQ(plane["last_rejection"]["path"], "routes");
  EXPECT_EQ(plane["last_rejection"]["revision"], 2);
}

TEST_F(PagesTest, StatusWithoutADataPlaneSaysWhy) {
  ASSERT_TRUE(start_admin(config_text(3)).has_value());
  ASSERT_TRUE(wait_until([&] { return !link_->view().trouble.empty(); }));
  const Json status = call("GET", "/api/v1/status").json();
  EXPECT_EQ(status["ready"], false);
  EXPECT_EQ(status["converged"], false);
  EXPECT_NE(status["data_planes"][0]["trouble"].get<std::string>().find("dataplane.sock"), std::string::npos);
  EXPECT_EQ(call("GET", "/metrics").status, 200);
}

TEST_F(PagesTest, HealthNamesThePoolsWhoseOriginsDoNotAnswer) {
  name_slot(data_plane_.stats().pool_names[2], "other-pool");
  start_all();
  PoolStats& app = data_plane_.worker(0).pools[1];
  PoolStats& other = data_plane_.worker(1).pools[2];
  EXPECT_EQ(call("GET", "/health").json()["providers"]["other-pool"], "unknown");
  app.responses[2].add(1);
  other.connect_failures.add(1);
  Json health = call("GET", "/health").json();
  EXPECT_EQ(health["status"], "degraded");
  EXPECT_EQ(health["providers"]["other-pool"], "unreachable");
  EXPECT_NE(health["reasons"].dump().find("other-pool"), std::string::npos);
  app.outages.add(1);
  EXPECT_EQ(call("GET", "/health").json()["status"], "unhealthy") << "no origin answers at all";
  EXPECT_EQ(call("GET", "/health").status, 503);
  EXPECT_EQ(call("GET", "/readyz").status, 200) << "dead origins never take the gateway out of rotation";
  other.responses[5].add(1);
  app.responses[2].add(1);
  EXPECT_EQ(call("GET", "/health").json()["status"], "healthy");
}

}  // namespace
}  // namespace sluice::admin
