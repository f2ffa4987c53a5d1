// Sections other than the named objects: defaults, every key, every refusal.
#include "tests/unit/admin_model/loading.h"

namespace sluice::admin {
namespace {

using testing::basis;
using testing::must_load;
using testing::only_error;

TEST(LoadSettings, DefaultsAreTheDocumentedOnes) {
  const Config config = must_load(basis());
  EXPECT_EQ(config.workers, 0U);
  EXPECT_EQ(config.data_dir, "/var/lib/sluice");
  EXPECT_EQ(to_text(config.admin.listen), "127.0.0.1:9180");
  EXPECT_EQ(config.timeouts.get(TimeoutKind::client_header), 10'000U);
  EXPECT_EQ(config.timeouts.get(TimeoutKind::client_body), 30'000U);
  EXPECT_EQ(config.timeouts.get(TimeoutKind::client_idle), 60'000U);
  EXPECT_EQ(config.timeouts.get(TimeoutKind::connect), 3'000U);
  EXPECT_EQ(config.timeouts.get(TimeoutKind::response), 60'000U);
  EXPECT_EQ(config.timeouts.get(TimeoutKind::origin_idle), 50'000U);
  EXPECT_EQ(config.timeouts.get(TimeoutKind::tunnel_idle), 3'600'000U);
  EXPECT_EQ(config.timeouts.get(TimeoutKind::client_write), 30'000U);
  EXPECT_EQ(config.timeouts.get(TimeoutKind::request_total), kTimeoutOff);
  EXPECT_EQ(config.drain_milliseconds, 30'000U);
  EXPECT_EQ(config.limits, Limits{});
  EXPECT_EQ(config.limits.body_rate, (BodyRate{240, 5'000}));
  EXPECT_EQ(config.limits.rate_limit_per_ip, RateLimit{});
  EXPECT_EQ(config.access_log.format, wire::LogFormat::combined);
  EXPECT_EQ(config.access_log.path, "stdout");
  EXPECT_EQ(config.retries.attempts, 2U);
  EXPECT_EQ(config.retries.budget_percent, 20U);
}

TEST(LoadSettings, EveryKeyArrives) {
  const Config config = must_load(basis() + R"(
workers: 4
data_dir: /tmp/data
admin: {listen: "[::1]:9999", store: sqlite}
timeouts: {client_header: 5s, client_body: 1500ms, client_idle: 2m, connect: 1s, response: 1h,
           origin_idle: 7s, tunnel_idle: 2h, client_write: 9s, request_total: 5m, drain: 0s}
limits: {header_bytes: 16k, header_fields: 64, uri_bytes: 4K, body_bytes: 8m, connections: 1000,
         connections_per_ip: 10, rate_limit_per_ip: {requests_per_second: 50, burst: 70},
         body_rate: {bytes_per_second: 1k, grace: 2s}, memory: 256m}
access_log: {path: /var/log/access.log, format: json}
retries: {attempts: 0, budget: 5%}
gateway: {name: gw-a, zone: eu-1, groups: [one, two]}
)");
  EXPECT_EQ(config.workers, 4U);
  EXPECT_EQ(config.data_dir, "/tmp/data");
  EXPECT_EQ(to_text(config.admin.listen), "[::1]:9999");
  EXPECT_EQ(config.timeouts,
            (Timeouts{{5000, 1500, 120'000, 1000, 3'600'000, 7000, 7'200'000, 9000, 300'000}}));
  EXPECT_EQ(config.drain_milliseconds, 0U);
  EXPECT_EQ(config.limits, (Limits{16384, 64, 4096, 8 << 20, 1000, 10, {3000, 70}, {1024, 2000}, 256 << 20}));
  EXPECT_EQ(config.access_log, (AccessLog{wire::LogFormat::json, "/var/log/access.log", ""}));
  EXPECT_EQ(config.retries, (Retries{0, 5}));
  EXPECT_EQ(config.gateway, (Gateway{"gw-a", "eu-1", {"one", "two"}}));
}

TEST(LoadSettings, JsonMeansTheSame) {
  const Config yaml = must_load(basis() + "limits: {body_bytes: 1g}\nworkers: 2\nretries: {budget: 50%}\n");
  const Config json = must_load(R"({"listeners":[{"name":"web","address":":8080"}],
    "peers":[{"name":"app-1","address":"127.0.0.1:9001"},
             {"name":"app-2","address":"127.0.0.1:9002","weight":2}],
    "pools":[{"name":"app","members":["app-1","app-2"]}],
    "limits":{"body_bytes":1073741824},"workers":2,"retries":{"budget":"50%"}})");
  EXPECT_EQ(yaml, json);
}

TEST(LoadSettings, WordsForSpecialValues) {
  const Config config = must_load(
      basis() + "workers: auto\nlimits: {body_bytes: unlimited, connections: auto}\naccess_log: off\n");
  EXPECT_EQ(config.workers, 0U);
  EXPECT_EQ(config.limits.body_bytes, kUnlimited);
  EXPECT_EQ(config.limits.connections, 0U);
  EXPECT_EQ(config.access_log.format, wire::LogFormat::off);
}

TEST(LoadSettings, RatesByTheSecondAndByTheMinuteAndOff) {
  const auto rate = [](const std::string& text) {
    return must_load(basis() + "limits: {rate_limit_per_ip: " + text + "}\n").limits.rate_limit_per_ip;
  };
  EXPECT_EQ(rate("{requests_per_second: 2}"), (RateLimit{120, 2}));
  EXPECT_EQ(rate("{requests_per_minute: 5}"), (RateLimit{5, 1}));
  EXPECT_EQ(rate("off"), RateLimit{});
  EXPECT_EQ(must_load(basis() + "limits: {body_rate: off}\n").limits.body_rate, (BodyRate{0, 0}));
  EXPECT_EQ(must_load(basis() + "limits: {body_rate: {grace: 1s}}\n").limits.body_rate,
            (BodyRate{240, 1000}));
}

TEST(LoadSettings, CustomLogFormatsAreCheckedByVariable) {
  const Config config = must_load(basis() + "access_log: {format: \"$remote_addr [$time_local] $status\"}\n");
  EXPECT_EQ(config.access_log.format, wire::LogFormat::custom);
  EXPECT_EQ(config.access_log.template_text, "$remote_addr [$time_local] $status");
  EXPECT_EQ(only_error(basis() + "access_log: {format: \"$remote_adr\"}\n"),
            "test.yaml:7:22: the access log has no variable $remote_adr; did you mean $remote_addr?");
  EXPECT_NE(only_error(basis() + "access_log: {format: jsn}\n")
                .find("\"jsn\" is not a log format; write combined, json"),
            std::string::npos);
}

struct Refusal {
  const char* text;   // Line 7 of the file.
  const char* error;  // Without the file name.
};
class RefusedSetting : public ::testing::TestWithParam<Refusal> {};

TEST_P(RefusedSetting, NamesItsPlaceAndTheFix) {
  EXPECT_EQ(only_error(basis() + GetParam().text + "\n"), std::string("test.yaml:") + GetParam().error);
}

INSTANTIATE_TEST_SUITE_P(
    All, RefusedSetting,
    ::testing::Values(
        Refusal{"workers: 0", "7:10: \"0\" is not a whole number from 1 to 256; write such a number"},
        Refusal{"workers: 4.5", "7:10: \"4.5\" is not a whole number from 1 to 256; write such a number"},
        Refusal{"workers: [4]", "7:10: a list where a text belongs; write a text"},
        Refusal{"workers:", "7:9: nothing where a text belongs; write a text"},
        Refusal{"timeouts: {connect: 10}",
                "7:21: \"10\" is not a duration; write a whole number and ms, s, m or h: 500ms, 10s"},
        Refusal{"timeouts: {connect: 0s}", "7:21: \"0s\" is out of range; from 1ms to 720h"},
        Refusal{"timeouts: {connect: 99999999999999999999h}",
                "7:21: \"99999999999999999999h\" is out of range; from 1ms to 720h"},
        Refusal{"timeouts: {conect: 1s}", "7:12: timeouts has no key \"conect\"; did you mean `connect`?"},
        Refusal{"limits: {header_bytes: 1m}", "7:24: \"1m\" is out of range; from 1k to 60k"},
        Refusal{
            "limits: {header_bytes: 32kb}",
            "7:24: \"32kb\" is not a size; write a whole number, with k, m or g if you like: 4096, 32k, 8m"},
        Refusal{"limits: {header_bytes: 4k}",
                "7:24: uri_bytes is larger than header_bytes, which counts the whole head; raise "
                "header_bytes or lower uri_bytes"},
        Refusal{"limits: {header_fields: 257}",
                "7:25: \"257\" is not a whole number from 1 to 256; write such a number"},
        Refusal{"limits: {rate_limit_per_ip: {burst: 5}}",
                "7:29: rate_limit_per_ip needs `requests_per_second`; add it"},
        Refusal{"limits: {rate_limit_per_ip: {requests_per_second: 1, requests_per_minute: 1}}",
                "7:75: both requests_per_second and requests_per_minute; remove one"},
        Refusal{"limits: {rate_limit_per_ip: {requests_per_second: 1, burst: 0}}",
                "7:61: \"0\" is not a whole number from 1 to 1000000; write such a number"},
        Refusal{"limits: {rate_limit_per_ip: {requests_per_second: 1, key: route}}",
                "7:54: rate_limit_per_ip has no key \"key\"; it has requests_per_second, "
                "requests_per_minute or burst"},
        Refusal{"limits: {memory: 1m}", "7:18: \"1m\" is out of range; from 4m to 1048576g"},
        Refusal{"limits: {body_rate: {bytes_per_second: 0}}", "7:40: \"0\" is out of range; from 1 to 1g"},
        Refusal{"timeouts: {client_write: off}",
                "7:26: \"off\" is not a duration; write a whole number and ms, s, m or h: 500ms, 10s"},
        Refusal{"retries: {budget: 20}", "7:19: \"20\" is not a share; write 0% to 100%"},
        Refusal{"retries: {budget: 101%}", "7:19: \"101%\" is not a share; write 0% to 100%"},
        Refusal{"admin: {listen: \"0.0.0.0:9180\"}",
                "7:17: the admin interface on 0.0.0.0:9180 would need TLS and a token, which this version "
                "does not have; "
                "use a loopback address: 127.0.0.1:9180"},
        Refusal{"admin: {store: \"postgresql://db/sluice\"}",
                "7:16: PostgreSQL is not supported by this version; write `store: sqlite`, or remove it"},
        Refusal{"admin: {store: mysql}",
                "7:16: \"mysql\" is not a store; write `store: sqlite`, or remove it"},
        Refusal{"admin: {tls: {}}", "7:9: \"tls\" is not supported by this version; remove it"},
        Refusal{"access_log: stdout",
                "7:13: access_log is neither `off` nor a mapping; write `access_log: off` or `access_log: "
                "{path: stdout, format: combined}`"},
        Refusal{"gateway: {name: \"a b\"}",
                "7:17: \"a b\" is not a name; use letters, digits, `.`, `_` and `-`"},
        Refusal{"gateway: eu", "7:10: a text where a mapping (key: value) belongs"},
        Refusal{"data_dir: \"\"", "7:11: an empty text; write a value or remove the key"},
        Refusal{"rutes: []", "7:1: a configuration has no key \"rutes\"; did you mean `routes`?"},
        Refusal{"workers: 1\nworkers: 2",
                "8:1: the key \"workers\" is there twice; keep one; the other is at line 7"},
        Refusal{"routes: {}", "7:9: a mapping where a list belongs; write [..], or `- ` items"}));

}  // namespace
}  // namespace sluice::admin
