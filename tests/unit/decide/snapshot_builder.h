// Builds snapshots for tests, the way admin's compiler lays them out, but from a few lines. Every list is
// open: a test that wants a broken snapshot overwrites an element before finish().
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "dataplane/decide/snapshot.h"

namespace sluice::testing {

struct MemberSpec {
  uint32_t peer = 0;
  uint16_t weight = 1;
};

struct HeaderMatchSpec {
  std::string name;
  wire::HeaderMatchKind kind = wire::HeaderMatchKind::present;
  std::string value;
};

struct ConditionSpec {
  std::vector<std::string> methods;
  std::vector<HeaderMatchSpec> headers;
  std::vector<uint32_t> listeners;
};

struct HeaderOpSpec {
  wire::HeaderOpKind kind = wire::HeaderOpKind::set;
  std::string name;
  std::string value;
};

struct FeaturesSpec {
  std::vector<wire::SplitPart> split;
  bool split_by_client = false;
  uint32_t access = decide::kNone;
  uint32_t maintenance = decide::kNone;
  uint32_t maintenance_access = decide::kNone;
  uint32_t error_pages = decide::kNone;
  uint32_t basic_auth = decide::kNone;
};

struct BasicAuthSpec {
  std::string realm = "wiki";
  std::vector<std::pair<std::string, std::string>> users = {{"alice", "$5$hash"}};  // Name, hash.
};

struct AccessListSpec {
  std::vector<wire::AddressStep4> v4 = {{0, true}};
  std::vector<wire::AddressStep6> v6 = {wire::AddressStep6()};
};

struct StickySpec {
  uint32_t pool = 0;
  std::string cookie = "SRV";
  std::string attributes = "; Path=/";
  uint32_t max_age_seconds = 0;
  std::vector<uint32_t> keys = {1};  // First words of keys whose other words are 7.
};

struct PolicySpec {
  uint32_t timeouts = 0;
  uint64_t body_bytes_max = UINT64_MAX;
  uint32_t retry_attempts = 2;
  std::string strip_prefix;
  std::string replace_path;
  std::string add_prefix;
  std::string request_host;
  std::vector<HeaderOpSpec> request_headers;
  std::vector<HeaderOpSpec> response_headers;
  std::optional<FeaturesSpec> features;
  uint32_t client_write = 30'000;
  uint32_t request_total = 0;
  std::optional<wire::BodyRate> body_rate;
  std::optional<wire::RateLimit> rate_limit;
};

struct ResponseSpec {
  uint16_t status = 200;
  std::string body;
  std::string content_type = "text/plain";
  uint32_t retry_after_seconds = 0;
};

struct RedirectSpec {
  uint16_t status = 308;
  std::string location;
};

struct ListenerPolicySpec {
  wire::PathMode path_mode = wire::PathMode::normalize;
  wire::EncodedSlash encoded_slash = wire::EncodedSlash::keep;
  bool keep_empty_segments = false;
  std::vector<wire::Network> trusted_proxies;
  uint8_t loop_passes_max = 8;
  bool has_proxy_protocol = false;
  std::vector<wire::Network> proxy_protocol_from;
};

struct AccessLogSpec {
  wire::LogFormat format = wire::LogFormat::off;
  std::string path = "stdout";
  std::string template_text;
};

struct RuleSpec {
  std::string path = "/";
  wire::PathKind kind = wire::PathKind::prefix;
  uint32_t route = 0;
  uint32_t condition = decide::kNone;
  int32_t priority = 0;
};

// One set of timeouts and the default policy are there from the start (index 0 of both).
class SnapshotBuilder {
 public:
  SnapshotBuilder();

  // "127.0.0.1:9001" or "[::1]:9001". The id is the stable hash of the address. All add_… return an index.
  uint32_t add_peer(std::string_view address, std::string_view name = "");
  uint32_t add_pool(std::string_view name, const std::vector<MemberSpec>& pool_members,
                    wire::PoolMode mode = wire::PoolMode::load_balancing,
                    wire::BalancePolicy policy = wire::BalancePolicy::round_robin,
                    uint32_t outage = decide::kNone);
  uint32_t add_route(std::string_view name, uint32_t pool, uint32_t policy = 0);
  uint32_t add_redirect_route(std::string_view name, const RedirectSpec& redirect);
  uint32_t add_response_route(std::string_view name, const ResponseSpec& response);
  uint32_t add_condition(const ConditionSpec& condition);
  uint32_t add_policy(const PolicySpec& policy);
  uint32_t add_response(const ResponseSpec& response);
  uint32_t add_listener(std::string_view name, std::string_view address,
                        wire::Protocol protocol = wire::Protocol::http, uint32_t route = decide::kNone);
  // "app.example.com", "*.example.com", or "" for any host.
  void add_rule(std::string_view host, const RuleSpec& rule);

  // Puts the rules into their hosts, in match order, and fills `hosts` and `rules`. finish() calls it when
  // the test did not.
  void lay_out_hosts(bool sort_rules = true);
  wire::Text add_text(std::string_view text);
  // Aligned for Snapshot::load.
  std::vector<std::byte> finish();

  uint32_t schema_version = 1;
  uint64_t revision = 1;
  std::string gateway_name = "test";
  std::string text;
  std::vector<wire::Listener> listeners;
  std::vector<wire::Host> hosts;
  std::vector<wire::Rule> rules;
  std::vector<wire::Route> routes;
  std::vector<wire::Pool> pools;
  std::vector<wire::Member> members;
  std::vector<wire::Peer> peers;
  std::vector<wire::Timeouts> timeouts;
  std::vector<ConditionSpec> conditions;
  std::vector<PolicySpec> policies;
  std::vector<RedirectSpec> redirects;
  std::vector<ResponseSpec> responses;
  wire::Limits limits;
  AccessLogSpec access_log;
  std::vector<StickySpec> stickies;
  std::vector<ListenerPolicySpec> listener_policies;     // None, or one per listener.
  std::vector<wire::ProxyProtocol> send_proxy_protocol;  // None, or one per pool.
  std::optional<wire::RateLimit> rate_limit_per_ip;
  std::vector<uint32_t> listener_access;
  std::vector<AccessListSpec> access_lists;
  std::vector<std::vector<wire::ErrorPage>> error_page_sets;
  uint32_t error_pages = decide::kNone;
  std::vector<BasicAuthSpec> basic_auths;

 private:
  struct HostRules {
    std::string host;
    std::vector<RuleSpec> rules;
  };
  std::vector<HostRules> host_rules_;
  std::unordered_map<std::string, size_t> host_numbers_;
};

wire::Address parse_address(std::string_view address);

}  // namespace sluice::testing
