// What each path of the demo origin answers. The list is the `kPaths` text in answer.cc, which `/help`
// serves.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "tools/origin/request.h"

namespace sluice::origin {

// What the connection does with a request whose body has arrived.
struct Answer {
  enum class Kind : uint8_t {
    reply,    // Send `head`, then the body.
    hang,     // Never answer.
    reset,    // Send `head` and the body so far, then RST.
    close,    // Close without a word.
    upgrade,  // Send `head`, then echo raw bytes.
  };
  Kind kind = Kind::reply;
  std::string head;            // Status line and fields with the empty line; may be preceded by 1xx heads.
  std::string body;            // Small bodies.
  uint64_t pattern_bytes = 0;  // Big bodies: this many bytes, byte i is i % 251, after `body`.
  uint32_t piece_bytes = 0;    // Send the pattern in pieces of this size...
  std::chrono::milliseconds piece_delay{0};  // ...with this pause between them.
  std::chrono::milliseconds delay{0};        // Before the first byte.
  bool chunked = false;
  bool trailers = false;  // After a chunked body.
  bool close_after = false;
};

struct Counters {
  uint64_t connections = 0;
  uint64_t connections_open = 0;
  uint64_t requests = 0;
};

struct Settings {
  std::string name = "origin";
  uint64_t body_bytes = 1024;
};

// Fills `answer` for every path but "/", which the connection serves from a prepared buffer.
void choose_answer(const Request& request, const BodyReader& body, const Settings& settings,
                   const Counters& counters, Answer& answer);

// The prepared answer for "/".
std::string plain_answer(const Settings& settings, bool with_body);

}  // namespace sluice::origin
