// Where an object or a reference stands in the text.
#pragma once

#include <cstdint>

namespace sluice::admin {

// Never part of equality: the same configuration written differently is the same configuration.
struct Place {
  uint32_t file = 0;  // Index into Config.files.
  uint32_t line = 0;  // From 1; 0: made by a program, not read from a text.
  uint32_t column = 0;
  bool operator==(const Place&) const { return true; }
};

}  // namespace sluice::admin
