// Which bytes may stand in names, paths, header fields and hosts of a snapshot. Everything here may end up
// in a request or response head, so a byte that could split a head never gets in.
#pragma once

#include <string_view>

namespace sluice::decide {

// C0 controls and DEL.
bool has_control_bytes(std::string_view text);

// RFC 9110 5.6.2, at least one character.
bool is_token(std::string_view text);

// RFC 9110 5.5: no controls but HTAB inside, no white space at either end. May be empty.
bool is_field_value(std::string_view text);

// Framing and hop-by-hop fields: the proxy owns them, header operations must not touch them. Any case.
bool is_reserved_field(std::string_view name);

// Lower case, letters, digits, '-', '_', '.', and brackets and colons of IPv6 literals; at most 255 bytes; no
// empty labels, no trailing dot. A wildcard begins with a dot, an exact name does not.
bool is_host_name(std::string_view name, bool wildcard);

// ASCII only; for comparing names of header fields.
bool equals_ignoring_case(std::string_view left, std::string_view lower_case_right);

}  // namespace sluice::decide
