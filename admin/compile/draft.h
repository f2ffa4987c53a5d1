// A snapshot while it is being compiled: the flat arrays in their final form, and what is deduplicated
// (timeouts, policies, conditions, responses, redirects) as model values until finish() writes the
// FlatBuffer. Indices are given in the order of first use, so equal input gives equal bytes.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "admin/compile/features.h"
#include "admin/compile/key_table.h"
#include "admin/model/config.h"
#include "schemas/snapshot_generated.h"
#include "schemas/stable_hash.h"

namespace sluice::admin {

inline constexpr uint32_t kWireTimeouts = 7;  // The first kinds; wire::Timeouts has them in this order.

wire::Address to_wire(const Endpoint& endpoint);  // Requires: endpoint.ip.

struct PolicyDraft {
  uint32_t timeouts = 0;
  uint64_t body_bytes_max = kUnlimited;
  uint32_t retry_attempts = 0;
  const RouteOptions* options = nullptr;  // Null: none. Belongs to the Config.
  uint32_t client_write = 0;              // Milliseconds.
  uint32_t request_total = 0;             // 0: no limit.
  BodyRate body_rate{};
  FeaturesDraft features{};
};

struct ConditionDraft {
  std::vector<uint32_t> listeners;
  const RouteMatch* match = nullptr;  // Methods and headers. Belongs to the Config.
};

class Draft {
 public:
  std::vector<wire::Listener> listeners;
  std::vector<wire::Host> hosts;
  std::vector<wire::Rule> rules;
  std::vector<wire::Route> routes;
  std::vector<wire::Pool> pools;
  std::vector<wire::Member> members;
  std::vector<wire::Peer> peers;
  SnapshotFeaturesDraft features;

  wire::Text add_text(std::string_view text);
  uint32_t add_timeouts(const Timeouts& timeouts);  // All set; those of requests alone belong to policies.
  uint32_t add_policy(const PolicyDraft& policy);
  uint32_t add_condition(ConditionDraft condition);
  uint32_t add_response(const Response& response);
  uint32_t add_redirect(const Redirect& redirect);

  // An upper bound of the finished snapshot's size.
  uint64_t bytes() const;
  std::vector<std::byte> finish(const Config& config, uint64_t revision) const;

 private:
  std::vector<uint8_t> text_;
  uint64_t table_bytes_ = 0;  // Of what will be tables and strings.
  std::map<std::array<uint32_t, kWireTimeouts>, uint32_t> timeouts_index_;
  std::vector<wire::Timeouts> timeouts_;
  KeyTable policies_index_;
  std::vector<PolicyDraft> policies_;
  KeyTable conditions_index_;
  std::vector<ConditionDraft> conditions_;
  KeyTable responses_index_;
  std::vector<const Response*> responses_;  // Of the Config.
  KeyTable redirects_index_;
  std::vector<const Redirect*> redirects_;
};

}  // namespace sluice::admin
