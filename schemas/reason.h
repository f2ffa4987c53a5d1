// Why a request ended the way it did: one stable token per cause, written to the access log, counted on
// the stats page, exported by /metrics. Append only: the number is the index on the stats page.
//
// X(name, status, token, sentence)   status 0: no response of ours (the log still carries the token).
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

// clang-format off
#define SLUICE_REASONS(X)                                                                              \
  X(none,                    0, "-",                       "finished normally")                           \
  /* ---- what the client sent ---------------------------------------------------------------------*/ \
  X(bad_request_line,      400, "bad_request_line",        "malformed request line")                      \
  X(bad_method,            400, "bad_method",              "method is not a token")                       \
  X(bad_target,            400, "bad_target",              "request target has forbidden bytes or form")  \
  X(bad_version,           505, "bad_version",             "not HTTP/1.0 or HTTP/1.1")                    \
  X(bare_line_feed,        400, "bare_line_feed",          "line feed without carriage return")           \
  X(bare_carriage_return,  400, "bare_carriage_return",    "carriage return without line feed")           \
  X(nul_byte,              400, "nul_byte",                "NUL in the head")                             \
  X(space_before_colon,    400, "space_before_colon",      "white space before the colon of a field")     \
  X(obsolete_folding,      400, "obsolete_folding",        "folded header line")                          \
  X(bad_field_name,        400, "bad_field_name",          "field name is not a token")                   \
  X(bad_field_value,       400, "bad_field_value",         "field value has control bytes")               \
  X(missing_colon,         400, "missing_colon",           "header line without colon")                   \
  X(host_missing,          400, "host_missing",            "HTTP/1.1 without Host")                       \
  X(host_duplicate,        400, "host_duplicate",          "more than one Host")                          \
  X(host_invalid,          400, "host_invalid",            "Host is not a valid authority")               \
  X(host_mismatch,         400, "host_mismatch",           "absolute target and Host differ")             \
  X(length_and_encoding,   400, "length_and_encoding",     "Content-Length with Transfer-Encoding")       \
  X(bad_content_length,    400, "bad_content_length",      "Content-Length is not one decimal number")    \
  X(duplicate_length,      400, "duplicate_length",        "more than one Content-Length")                \
  X(bad_transfer_encoding, 400, "bad_transfer_encoding",   "Transfer-Encoding is malformed")              \
  X(unknown_encoding,      501, "unknown_encoding",        "transfer coding other than chunked")          \
  X(encoding_in_http10,    400, "encoding_in_http10",      "Transfer-Encoding in HTTP/1.0")               \
  X(bad_connection_option, 400, "bad_connection_option",   "Connection names a framing or routing field") \
  X(bad_expectation,       417, "bad_expectation",         "Expect other than 100-continue")              \
  X(connect_refused_here,  501, "connect_not_supported",   "CONNECT is not served")                       \
  X(uri_too_long,          414, "uri_too_long",            "request target above uri_bytes")              \
  X(head_too_large,        431, "head_too_large",          "head above header_bytes")                     \
  X(too_many_fields,       431, "too_many_fields",         "more fields than header_fields")              \
  X(body_too_large,        413, "body_too_large",          "body above body_bytes")                       \
  X(bad_chunk,             400, "bad_chunk",               "malformed chunked body")                      \
  X(bad_trailer,           400, "bad_trailer",             "malformed trailer section")                   \
  X(head_timeout,          408, "head_timeout",            "head not complete within client_header")      \
  X(body_timeout,          408, "body_timeout",            "no body bytes within client_body")            \
  X(client_aborted,        499, "client_aborted",          "client went away before the answer")          \
  X(client_reset,          499, "client_reset",            "client reset the connection")                 \
  X(client_stalled,          0, "client_stalled",          "client did not read within client_write")      \
  /* ---- what we decided --------------------------------------------------------------------------*/ \
  X(no_route,              404, "no_route",                "no route matches")                            \
  X(respond_rule,            0, "respond_rule",            "answered by the route itself")                \
  X(redirect_rule,           0, "redirect_rule",           "redirected by the route")                     \
  X(health_page,             0, "health_page",             "reserved health path")                        \
  X(pool_outage,           503, "pool_outage",             "no usable member in the pool")                \
  X(out_of_memory,         503, "out_of_memory",           "buffers or streams exhausted")                \
  X(too_many_connections,  503, "too_many_connections",    "connection limit reached")                    \
  X(draining,              503, "draining",                "shutting down")                               \
  X(not_ready,             503, "not_ready",               "no snapshot applied")                         \
  X(drain_deadline,          0, "drain_deadline",          "cut at the end of the drain time")            \
  X(internal_error,        500, "internal_error",          "a bug; see the log")                          \
  /* ---- what the origin did ----------------------------------------------------------------------*/ \
  X(connect_failed,        502, "connect_failed",          "origin refused or reset the connect")         \
  X(connect_timeout,       504, "connect_timeout",         "origin did not answer the connect")           \
  X(origin_reset,          502, "origin_reset",            "origin reset before the response")            \
  X(origin_closed,         502, "origin_closed",           "origin closed before the response")           \
  X(response_timeout,      504, "response_timeout",        "origin silent longer than response")          \
  X(bad_response,          502, "bad_response",            "origin did not answer with HTTP/1")            \
  X(response_too_large,    502, "response_head_too_large", "origin response head above header_bytes")     \
  X(response_truncated,      0, "response_truncated",      "origin ended inside the body")                \
  X(bad_response_chunk,      0, "bad_response_chunk",      "origin chunked body is malformed")            \
  X(refused_upgrade,       502, "refused_upgrade",         "origin switched to what was not asked")       \
  X(tunnel_idle,             0, "tunnel_idle",             "tunnel idle longer than tunnel_idle")            \
  /* ---- added later: the number is the index on the stats page -----------------------------------*/ \
  X(address_limit,         503, "address_limit",           "connections_per_ip reached")                  \
  X(path_bad_escape,       400, "path_bad_escape",         "% in the path without two hex digits")        \
  X(path_encoded_nul,      400, "path_encoded_nul",        "%00 in the path")                             \
  X(path_backslash,        400, "path_backslash",          "backslash in the path")                       \
  X(path_encoded_slash,    400, "path_encoded_slash",      "%2F or %5C where path_policy refuses them")   \
  X(path_above_root,       400, "path_above_root",         "the path leads above its root")               \
  X(path_dot_parameters,   400, "path_dot_parameters",     "path segment like ..; with parameters")       \
  X(path_not_normal,       400, "path_not_normal",         "dot or empty segment, path_policy: reject")      \
  X(address_rate,          429, "address_rate",            "more requests than rate_limit_per_ip")        \
  X(route_rate,            429, "route_rate",              "more requests than the route's rate_limit")   \
  X(body_too_slow,         408, "body_too_slow",           "body slower than body_rate")                  \
  X(request_timeout,       504, "request_timeout",         "request took longer than request_total")      \
  X(no_request,              0, "no_request",              "connection without a request in client_header")\
  X(bad_response_field,    502, "bad_response_field",      "origin response has a malformed line")     \
  X(bad_response_framing,  502, "bad_response_framing",    "origin response has no one clear length")  \
  X(response_head_cut,     502, "response_head_cut",       "origin ended inside the response head")    \
  X(too_many_interim,      502, "too_many_interim",        "origin sent more 1xx answers than allowed")\
  X(address_denied,        403, "address_denied",          "client address refused by allow and deny") \
  X(maintenance,           503, "maintenance",             "the route is in maintenance")              \
  X(proxy_header_bad,        0, "proxy_header_bad",        "no valid PROXY header from a trusted proxy")\
  X(proxy_header_timeout,    0, "proxy_header_timeout",    "PROXY header not complete in client_header")\
  X(proxy_peer_refused,      0, "proxy_peer_refused",      "connection that did not come from the proxy")\
  X(loop_detected,         508, "loop_detected",           "request came back to this gateway too often")\
  X(shed_idle,               0, "shed_idle",               "waiting connection closed to make room")   \
  X(shed_slow,               0, "shed_slow",               "slow reader reset to free memory")         \
  X(out_of_descriptors,    503, "out_of_descriptors",      "no descriptor for a connection to an origin") \
  X(auth_required,         401, "auth_required",           "no credentials, or not one well-formed set")   \
  X(auth_failed,           401, "auth_failed",             "wrong user or password")                      \
  X(auth_busy,             503, "auth_busy",               "too many passwords wait to be checked")
// clang-format on

enum class Reason : uint8_t {
#define SLUICE_REASON_NAME(name, status, token, sentence) name,
  SLUICE_REASONS(SLUICE_REASON_NAME)
#undef SLUICE_REASON_NAME
};

struct ReasonInfo {
  uint16_t status;
  std::string_view token;
  std::string_view sentence;
};

inline constexpr ReasonInfo kReasons[] = {
#define SLUICE_REASON_INFO(name, status, token, sentence) {status, token, sentence},
    SLUICE_REASONS(SLUICE_REASON_INFO)
#undef SLUICE_REASON_INFO
};
inline constexpr uint32_t kReasonCount = sizeof(kReasons) / sizeof(kReasons[0]);

constexpr const ReasonInfo& describe(Reason reason) {
  return kReasons[static_cast<uint8_t>(reason)];
}

}  // namespace sluice
