// The first line of a request: method, target in one of its four forms (RFC 9112 3.2), version. Pure.
#pragma once

#include <string_view>

#include "dataplane/http/head.h"

namespace sluice::dataplane {

// `line` is complete, without CRLF. Fills method, target, path, query and minor_version of `head`; for an
// absolute target also authority and host. CONNECT is refused here (connect_refused_here).
Reason parse_request_line(std::string_view line, uint32_t uri_bytes_max, RequestHead& head);

// What can already be said of a line whose end has not come. Never says anything parse_request_line would
// not say of every line that begins so: a head is judged alike however it was cut into segments.
Reason judge_request_line_prefix(std::string_view prefix, uint32_t uri_bytes_max);

inline constexpr size_t kMethodBytesMax = 32;

}  // namespace sluice::dataplane
