// A string as JSON (and, because YAML's double-quoted strings take the same escapes, as YAML).
#pragma once

#include <string>
#include <string_view>

namespace sluice::admin {

// With quotes. Bytes that are not UTF-8 become U+FFFD: the result is always valid JSON.
std::string json_string(std::string_view text);
void append_json_string(std::string& out, std::string_view text);

}  // namespace sluice::admin
