// Strict HTTP/1 head parsing (RFC 9110, RFC 9112; the strictness table is docs/strictness.md). Pure:
// bytes in, a head or one Reason out. No allocation.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/http/head.h"

namespace sluice::dataplane {

// Parses the head at the start of `bytes` (which may hold more behind it). `scanned` remembers how far
// earlier calls looked for the end of this head (0 for a new one), so that a head arriving byte by byte
// is not rescanned. On need_more, limits are already enforced on what is there (uri_too_long,
// head_too_large come as early as they can). On rejected, `reason` says why and the connection must not
// be parsed any further. Leading empty lines: at most one CRLF is skipped (RFC 9112 2.2).
ParseResult parse_request_head(std::string_view bytes, const HeadLimits& limits, uint32_t& scanned,
                               RequestHead& head, Reason& reason);

// The same for a response to a request with `request_method`. Rejections are bad_response (no HTTP/1),
// bad_response_field, bad_response_framing or response_too_large. 1xx heads come out like any other (the
// caller loops).
ParseResult parse_response_head(std::string_view bytes, const HeadLimits& limits, uint32_t& scanned,
                                Method request_method, ResponseHead& head, Reason& reason);

// May an origin switch to `chosen` (the Upgrade of its 101) when the client offered `offered`? RFC 9110 7.8:
// only to what was offered, all of it when it chooses several.
bool offers_protocols(std::string_view offered, std::string_view chosen);

}  // namespace sluice::dataplane
