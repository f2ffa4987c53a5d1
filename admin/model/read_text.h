// Text to tree, for both languages. Refuses what no configuration needs and what makes size or meaning
// depend on more than the text: aliases, tags, several documents, deep nesting, control characters,
// anything but UTF-8.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "admin/model/load.h"
#include "admin/model/node.h"

namespace sluice::admin {

struct SyntaxError {
  uint32_t line = 0;
  uint32_t column = 0;
  std::string message;
  std::string fix;
};

// Fills `tree`; on an error the tree is not to be used.
std::optional<SyntaxError> read_text(std::string_view text, Format format, Tree& tree);

// The two readers behind it. The text is UTF-8 without control characters and byte order mark.
std::optional<SyntaxError> read_yaml(std::string_view text, Tree& tree);
std::optional<SyntaxError> read_json(std::string_view text, Tree& tree);

// Line and column (in characters, from 1) of a byte.
void place_of_offset(std::string_view text, size_t offset, uint32_t& line, uint32_t& column);

}  // namespace sluice::admin
