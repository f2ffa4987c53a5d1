// What a parsed HTTP/1 head says. Views point into the parsed bytes and die with them: a head is parsed,
// routed and rewritten within one decision step, so nothing outlives the receive buffer (the worker owns
// one RequestHead and one ResponseHead as scratch).
#pragma once

#include <cstdint>
#include <string_view>

#include "schemas/reason.h"

namespace sluice::dataplane {

enum class Method : uint8_t { other, get, head, post, put, del, connect, options, trace, patch };

// RFC 9110 9.2.2: a proxy may repeat these by itself.
constexpr bool is_idempotent(Method method) {
  return method == Method::get || method == Method::head || method == Method::put || method == Method::del ||
         method == Method::options || method == Method::trace;
}

// Fields the proxy itself cares about; everything else is `other`.
enum class HeaderId : uint8_t {
  other,
  connection,
  content_length,
  transfer_encoding,
  host,
  expect,
  upgrade,
  te,
  trailer,
  keep_alive,
  proxy_connection,
  proxy_authenticate,
  proxy_authorization,
  x_forwarded_for,
  x_forwarded_proto,
  x_forwarded_host,
  x_forwarded_port,
  x_real_ip,
  x_request_id,
  forwarded,
  via,
  user_agent,
  referer,
  date,
  server,
  retry_after,
  authorization,
  cookie,
  set_cookie,
  content_type,
  location,
  cdn_loop,
};

struct Field {
  std::string_view name;   // As received.
  std::string_view value;  // SP and HTAB trimmed.
  HeaderId id = HeaderId::other;
  bool nominated = false;  // Named by Connection: hop-by-hop, never forwarded.
};

inline constexpr uint32_t kFieldCountMax = 256;  // The hard ceiling for limits.header_fields.

// `length` with content_length 0 is a message that says so: no body follows, and the field is passed on.
enum class BodyFraming : uint8_t { none, length, chunked, until_close };

struct HeadLimits {
  uint32_t head_bytes = 32 * 1024;
  uint32_t fields = 128;
  uint32_t uri_bytes = 8 * 1024;
};

struct RequestHead {
  Method method = Method::other;
  std::string_view method_text;
  std::string_view target;      // As received.
  std::string_view path;        // Without the query; begins with '/', or "*" (OPTIONS). As received until
                                // admit.cc brings it to its normal form.
  std::string_view query;       // With its '?', or empty.
  std::string_view authority;   // host[:port] from an absolute target, else Host; may be empty in 1.0.
  std::string_view host;        // authority without port (brackets of an IPv6 literal kept).
  std::string_view upgrade;     // Upgrade's value when Connection says upgrade, else empty.
  std::string_view request_id;  // X-Request-ID as received, or empty.
  std::string_view user_agent;
  std::string_view referer;
  uint64_t content_length = 0;
  uint32_t head_bytes = 0;  // Consumed, including the empty line.
  uint32_t field_count = 0;
  uint8_t minor_version = 1;
  BodyFraming framing = BodyFraming::none;
  bool keep_alive = true;  // The client wants to go on afterwards.
  bool expects_continue = false;
  bool accepts_trailers = false;  // TE: trailers
  bool has_cdn_loop = false;
  Field fields[kFieldCountMax];
};

struct ResponseHead {
  uint16_t status = 0;
  std::string_view reason;
  std::string_view upgrade;
  uint64_t content_length = 0;
  uint32_t head_bytes = 0;
  uint32_t field_count = 0;
  uint32_t keep_alive_timeout_seconds = 0;  // Keep-Alive: timeout=N, 0 = not given.
  uint8_t minor_version = 1;
  BodyFraming framing = BodyFraming::none;  // none also for 1xx, 204, 304 and answers to HEAD.
  bool has_content_length = false;          // Said so (HEAD and 304 may carry it without a body).
  bool keep_alive = true;                   // The origin lets the connection be reused.
  Field fields[kFieldCountMax];
};

enum class ParseResult : uint8_t { need_more, complete, rejected };

}  // namespace sluice::dataplane
