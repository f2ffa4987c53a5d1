// UTF-8 as RFC 3629 has it: no overlong forms, no surrogates, nothing above U+10FFFF.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::admin {

// The length of the sequence at the start of `text` (1-4), or 0 when it is not UTF-8. Not empty.
uint32_t utf8_sequence_bytes(std::string_view text);

// The offset of the first byte that a configuration may not hold (not UTF-8, NUL, a control character
// other than tab, line feed and carriage return), or npos.
size_t find_forbidden_byte(std::string_view text);

}  // namespace sluice::admin
