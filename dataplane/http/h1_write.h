// Builds the heads we send: a request towards an origin, a response towards a client, and answers of
// our own. Everything is re-serialised from what was parsed; hop-by-hop fields (RFC 9110 7.6.1), fields
// named by Connection, and framing fields never pass through, they are written anew. Pure.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "dataplane/http/head.h"

namespace sluice::dataplane {

enum class HeaderEditKind : uint8_t { set, add, remove };
struct HeaderEdit {
  HeaderEditKind kind;
  std::string_view name;  // Any case; compared without case.
  std::string_view value;
};

struct ForwardRequest {
  std::string_view path;   // What to send (rewritten or as received), begins with '/' or is "*".
  std::string_view query;  // With '?', or empty.
  std::string_view host;   // Host towards the origin; empty: as the client said.
  // Each of these is one field, and empty means that it is not written.
  std::string_view forwarded_for;   // X-Forwarded-For
  std::string_view scheme;          // X-Forwarded-Proto, "http" or "https"
  std::string_view forwarded_host;  // X-Forwarded-Host
  std::string_view listener_port;   // X-Forwarded-Port
  std::string_view client_address;  // X-Real-IP
  std::string_view forwarded;       // Forwarded (RFC 7239)
  std::string_view request_id;      // X-Request-ID
  std::string_view via;             // Our pseudonym behind what is in Via (RFC 9110 7.6.3).
  std::string_view loop_token;      // Ours behind what is in CDN-Loop (RFC 8586).
  std::span<const HeaderEdit> edits;
};

struct ForwardResponse {
  BodyFraming framing = BodyFraming::none;  // How the body leaves towards the client.
  uint64_t content_length = 0;              // framing == length; also copied for HEAD and 304.
  bool keep_alive = true;
  uint8_t client_minor_version = 1;
  std::string_view request_id;  // X-Request-ID echoed, unless the origin set one.
  std::string_view via;         // Our pseudonym; empty: no Via of ours.
  std::span<const HeaderEdit> edits;
};

// An upper bound on what write_* needs; callers allocate that much.
uint32_t forward_request_bytes_max(const RequestHead& head, const ForwardRequest& forward);
uint32_t forward_response_bytes_max(const ResponseHead& head, const ForwardResponse& forward);

// Writes at `out` (room for the bound above); returns the length. Always HTTP/1.1. Connection: keep-alive
// is implied towards origins; upgrade requests keep Connection: upgrade and Upgrade.
// X-Forwarded-*, X-Real-IP and Forwarded that came in are dropped and written anew from what the caller
// believes (forwarded_for.h); an X-Request-ID of 1..128 visible ASCII bytes is kept by the caller via
// request_id.
uint32_t write_forward_request(const RequestHead& head, const ForwardRequest& forward, char* out);
uint32_t write_forward_response(const ResponseHead& head, const ForwardResponse& forward, char* out);

struct LocalAnswer {
  uint16_t status = 500;
  std::string_view content_type;     // Empty: no body headers beyond Content-Length: 0.
  std::string_view body;             // Not written for HEAD, its length still is.
  std::string_view location;         // Redirects.
  std::string_view realm;            // Not empty: WWW-Authenticate asks for Basic credentials.
  uint32_t retry_after_seconds = 0;  // 0: not sent.
  bool no_store = true;              // Cache-Control: no-store on errors and outages.
  bool keep_alive = true;
  bool is_head = false;
  uint8_t client_minor_version = 1;
  std::string_view request_id;
};
uint32_t local_answer_bytes_max(const LocalAnswer& answer);
uint32_t write_local_answer(const LocalAnswer& answer, char* out);

// "Not Found" for 404; "Status" for numbers without a registered phrase.
std::string_view status_phrase(uint16_t status);

}  // namespace sluice::dataplane
