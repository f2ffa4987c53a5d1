#include "admin/compile/draft.h"

#include <algorithm>

#include "schemas/base/check.h"

namespace sluice::admin {
namespace {

// Keys for KeyTable: every part with its length in front, so that no two values have the same key.
void append_key(std::string& key, uint64_t number) {
  key.append(reinterpret_cast<const char*>(&number), sizeof(number));
}
void append_key(std::string& key, std::string_view text) {
  append_key(key, text.size());
  key += text;
}
void append_key(std::string& key, const std::vector<HeaderOp>& ops) {
  append_key(key, ops.size());
  for (const HeaderOp& op : ops) {
    append_key(key, static_cast<uint64_t>(op.kind));
    append_key(key, op.name);
    append_key(key, op.value);
  }
}

// What one table with its offsets and strings takes at most.
constexpr uint64_t kTableBytes = 128;

}  // namespace

wire::Address to_wire(const Endpoint& endpoint) {
  CHECK(endpoint.ip.has_value());
  return wire::Address(flatbuffers::span<const uint8_t, 16>(endpoint.ip->bytes.data(), 16), endpoint.port,
                       endpoint.ip->family);
}

wire::Text Draft::add_text(std::string_view text) {
  const auto offset = static_cast<uint32_t>(text_.size());
  text_.insert(text_.end(), text.begin(), text.end());
  return {offset, static_cast<uint32_t>(text.size())};
}

uint32_t Draft::add_timeouts(const Timeouts& timeouts) {
  std::array<uint32_t, kWireTimeouts> ms{};
  std::copy_n(timeouts.milliseconds.begin(), kWireTimeouts, ms.begin());
  const auto [entry, is_new] = timeouts_index_.emplace(ms, static_cast<uint32_t>(timeouts_.size()));
  if (is_new) {
    timeouts_.emplace_back(ms[0], ms[1], ms[2], ms[3], ms[4], ms[5], ms[6]);
  }
  return entry->second;
}

uint32_t Draft::add_policy(const PolicyDraft& policy) {
  std::string key;
  append_key(key, policy.timeouts);
  append_key(key, policy.body_bytes_max);
  append_key(key, policy.retry_attempts);
  append_key(key, policy.client_write);
  append_key(key, policy.request_total);
  append_key(key, policy.body_rate.bytes_per_second);
  append_key(key, policy.body_rate.grace_milliseconds);
  if (policy.options != nullptr) {
    const RouteOptions& options = *policy.options;
    append_key(key, options.strip_prefix);
    append_key(key, options.replace_path);
    append_key(key, options.add_prefix);
    append_key(key, options.request_host);
    append_key(key, options.request_headers);
    append_key(key, options.response_headers);
    append_key(key, options.rate_limit.requests_per_minute);
    append_key(key, options.rate_limit.burst);
    append_key(key, static_cast<uint64_t>(options.rate_limit.key));
  }
  policy.features.append_key(key);
  const uint64_t key_bytes = key.size();
  const auto [index, is_new] = policies_index_.add(std::move(key));
  if (is_new) {
    policies_.push_back(policy);
    const size_t ops = policy.options == nullptr
                           ? 0
                           : policy.options->request_headers.size() + policy.options->response_headers.size();
    table_bytes_ += kTableBytes * (2 + ops) + 2 * key_bytes;
  }
  return index;
}

uint32_t Draft::add_condition(ConditionDraft condition) {
  std::string key;
  append_key(key, condition.listeners.size());
  for (const uint32_t listener : condition.listeners) append_key(key, listener);
  append_key(key, condition.match->methods.size());
  for (const std::string& method : condition.match->methods) append_key(key, method);
  for (const HeaderMatch& header : condition.match->headers) {
    append_key(key, header.name);
    append_key(key, static_cast<uint64_t>(header.kind));
    append_key(key, header.value);
  }
  const uint64_t key_bytes = key.size();
  const size_t parts = condition.match->headers.size() + condition.match->methods.size();
  const auto [index, is_new] = conditions_index_.add(std::move(key));
  if (is_new) {
    conditions_.push_back(std::move(condition));
    table_bytes_ += kTableBytes * (1 + parts) + 2 * key_bytes;
  }
  return index;
}

uint32_t Draft::add_response(const Response& response) {
  std::string key;
  append_key(key, response.status);
  append_key(key, response.retry_after_seconds);
  append_key(key, response.content_type);
  key += response.body;
  const uint64_t key_bytes = key.size();
  const auto [index, is_new] = responses_index_.add(std::move(key));
  if (is_new) {
    responses_.push_back(&response);
    table_bytes_ += kTableBytes + key_bytes;
  }
  return index;
}

uint32_t Draft::add_redirect(const Redirect& redirect) {
  std::string key;
  append_key(key, redirect.status);
  key += redirect.location;
  const uint64_t key_bytes = key.size();
  const auto [index, is_new] = redirects_index_.add(std::move(key));
  if (is_new) {
    redirects_.push_back(&redirect);
    table_bytes_ += kTableBytes + key_bytes;
  }
  return index;
}

uint64_t Draft::bytes() const {
  constexpr uint64_t kRootBytes = 4096;  // Root table, limits, access log, gateway name.
  return kRootBytes + text_.size() + table_bytes_ + listeners.size() * sizeof(wire::Listener) +
         hosts.size() * sizeof(wire::Host) + rules.size() * sizeof(wire::Rule) +
         routes.size() * sizeof(wire::Route) + pools.size() * sizeof(wire::Pool) +
         members.size() * sizeof(wire::Member) + peers.size() * sizeof(wire::Peer) +
         timeouts_.size() * sizeof(wire::Timeouts) + features.bytes();
}

}  // namespace sluice::admin
