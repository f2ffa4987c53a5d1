// From the tree to the model, one function per object. They report through the ValueReader and give back
// what could be read, so that one pass finds every error; the caller refuses the whole when there was one.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admin/model/config.h"
#include "admin/model/value.h"

namespace sluice::admin {

// ---- named objects (decode_pool.cc, decode_listener.cc, decode_route.cc). Null: it has no name.
std::shared_ptr<const Listener> decode_listener(ValueReader& reader, const Value& value);
std::shared_ptr<const Peer> decode_peer(ValueReader& reader, const Value& value);
std::shared_ptr<const Pool> decode_pool(ValueReader& reader, const Value& value);
std::shared_ptr<const Route> decode_route(ValueReader& reader, const Value& value);

// ---- sections of the whole (decode_settings.cc). Requires: value.
void decode_workers(ValueReader& reader, const Value& value, Config& config);
void decode_data_dir(ValueReader& reader, const Value& value, Config& config);
void decode_admin(ValueReader& reader, const Value& value, Admin& admin);
void decode_limits(ValueReader& reader, const Value& value, Limits& limits);
void decode_access_log(ValueReader& reader, const Value& value, AccessLog& log);
void decode_retries(ValueReader& reader, const Value& value, Retries& retries);
void decode_gateway(ValueReader& reader, const Value& value, Gateway& gateway);

inline constexpr std::string_view kProxyVersions[] = {"off", "v1", "v2"};  // wire::ProxyProtocol

// ---- what listeners do with everything (decode_listener_rules.cc)
std::vector<Network> decode_proxies(ValueReader& reader, const Value& value);  // May be empty.
ForwardedHeaders decode_forwarded_headers(ValueReader& reader, const Value& value);
struct ListenerRuleFields {  // Of a listener; false: not given.
  Value path_policy;
  Value trusted_proxies;
  Value forwarded_headers;
  Value proxy_protocol;
};
ListenerRules decode_listener_rules(ValueReader& reader, const ListenerRuleFields& fields);
PathPolicy decode_path_policy(ValueReader& reader, const Value& value);
std::optional<bool> decode_switch(ValueReader& reader, const Value& value);  // true, false; on, off.

// ---- parts (decode_parts.cc, decode_http.cc)
inline constexpr std::string_view kTimeoutNames[kTimeoutKinds] = {
    "client_header", "client_body", "client_idle",  "connect",      "response",
    "origin_idle",   "tunnel_idle", "client_write", "request_total"};
// The timeouts that an object of its kind may override.
inline constexpr TimeoutKind kListenerTimeouts[] = {TimeoutKind::client_header, TimeoutKind::client_idle};
inline constexpr TimeoutKind kPoolTimeouts[] = {TimeoutKind::connect, TimeoutKind::response,
                                                TimeoutKind::origin_idle, TimeoutKind::tunnel_idle};
inline constexpr TimeoutKind kRouteTimeouts[] = {
    TimeoutKind::client_body, TimeoutKind::connect,      TimeoutKind::response,     TimeoutKind::origin_idle,
    TimeoutKind::tunnel_idle, TimeoutKind::client_write, TimeoutKind::request_total};
inline constexpr uint32_t kTimeoutMillisecondsMax = 720 * 3'600'000U;  // 30 days.
Timeouts decode_timeouts(ValueReader& reader, const Value& value, std::span<const TimeoutKind> allowed,
                         std::string_view what);
// The top-level section: every timeout and `drain`.
void decode_default_timeouts(ValueReader& reader, const Value& value, Config& config);
std::optional<uint64_t> decode_body_bytes(ValueReader& reader, const Value& value);  // A size or "unlimited".
// decode_rates.cc
RateLimit decode_rate_limit(ValueReader& reader, const Value& value, std::string_view what, bool has_key);
BodyRate decode_body_rate(ValueReader& reader, const Value& value);
std::optional<uint32_t> decode_attempts(ValueReader& reader, const Value& value);
std::optional<Endpoint> decode_endpoint(ValueReader& reader, const Value& value, bool allow_any);
// Reports unless `path` may stand in a request line: begins with `/`, no query, no dot segments.
bool check_path(ValueReader& reader, const Value& value, std::string_view path);
inline constexpr size_t kHeaderValueBytesMax = 8192;
Response decode_response(ValueReader& reader, const Value& value, uint16_t default_status,
                         std::string_view what);
Redirect decode_redirect(ValueReader& reader, const Value& value);
// A route's `split`; `by` is its `split_by`, which may be absent (decode_split.cc).
ToSplit decode_split(ValueReader& reader, const Value& value, const Value& by);
Sticky decode_sticky(ValueReader& reader, const Value& value);                     // decode_sticky.cc
Access decode_access(ValueReader& reader, const Value& allow, const Value& deny);  // Either may be absent.
std::vector<Network> decode_networks(ValueReader& reader, const Value& value);
Maintenance decode_maintenance(ValueReader& reader, const Value& value);
BasicAuth decode_basic_auth(ValueReader& reader, const Value& value);
ErrorPages decode_error_pages(ValueReader& reader, const Value& value);
// The parts of an answer of ours that are there; `response.status` is set already.
struct ResponseFields {
  Value body, file, content_type, retry_after;
};
void decode_response_fields(ValueReader& reader, const ResponseFields& fields, Response& response);
RouteMatch decode_match(ValueReader& reader, const Value& value);
std::vector<HeaderOp> decode_header_ops(ValueReader& reader, const Value& value);
void decode_rewrite(ValueReader& reader, const Value& value, RouteOptions& options);
std::optional<std::string> decode_request_host(ValueReader& reader, const Value& value);

}  // namespace sluice::admin
