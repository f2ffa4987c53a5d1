// The $variables of a custom access-log format: admin refuses unknown names when it validates, the data
// plane compiles the same list. X(enumerator, "name", "what it prints").
#pragma once

#include <cstdint>
#include <string_view>

namespace sluice {

// clang-format off
#define SLUICE_ACCESS_LOG_VARIABLES(X)                                                     \
  X(remote_addr,      "remote_addr",      "client address without port")                  \
  X(remote_user,      "remote_user",      "user of Basic authentication, as sent")       \
  X(time_iso8601,     "time_iso8601",     "end of the request, 2026-11-20T14:53:23+00:00") \
  X(time_local,       "time_local",       "end of the request, 20/Nov/2026:14:53:23 +0000") \
  X(request,          "request",          "request line as received")                     \
  X(request_method,   "request_method",   "first word of the request line")               \
  X(request_uri,      "request_uri",      "second word of the request line")              \
  X(status,           "status",           "status sent; 000 when none was")               \
  X(body_bytes_sent,  "body_bytes_sent",  "body bytes sent to the client")                \
  X(bytes_received,   "bytes_received",   "bytes received from the client")               \
  X(http_referer,     "http_referer",     "Referer")                                      \
  X(http_user_agent,  "http_user_agent",  "User-Agent")                                   \
  X(host,             "host",             "Host of the request")                          \
  X(request_time,     "request_time",     "first byte in to last byte out, seconds, 0.001") \
  X(origin_time,      "origin_time",      "request sent to response head, seconds, 0.001; - when no origin") \
  X(attempts,         "attempts",         "tries at origins")                             \
  X(reason,           "reason",           "stable token for why the request ended")       \
  X(route,            "route",            "name of the route")                            \
  X(pool,             "pool",             "name of the pool")                             \
  X(origin,           "origin",           "address of the last origin tried")             \
  X(request_id,       "request_id",       "X-Request-ID")                                 \
  X(listener,         "listener",         "name of the listener")
// clang-format on

enum class AccessLogVariable : uint8_t {
#define SLUICE_VARIABLE_NAME(enumerator, name, prints) enumerator,
  SLUICE_ACCESS_LOG_VARIABLES(SLUICE_VARIABLE_NAME)
#undef SLUICE_VARIABLE_NAME
};

inline constexpr std::string_view kAccessLogVariables[] = {
#define SLUICE_VARIABLE_TEXT(enumerator, name, prints) name,
    SLUICE_ACCESS_LOG_VARIABLES(SLUICE_VARIABLE_TEXT)
#undef SLUICE_VARIABLE_TEXT
};
inline constexpr uint32_t kAccessLogVariableCount =
    sizeof(kAccessLogVariables) / sizeof(kAccessLogVariables[0]);

}  // namespace sluice
