// The line level of a head: field lines to Field entries, and the rules requests, responses and trailers
// share (names, framing fields, Connection). Works on bytes head_scan.h has passed. Pure.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/http/head.h"
#include "dataplane/http/head_scan.h"

namespace sluice::dataplane {

// A field that must be single: its first value and how often it came.
struct SeenField {
  std::string_view value;
  uint32_t count = 0;

  void see(std::string_view seen) {
    if (count++ == 0) value = seen;
  }
};

// What the framing, routing and connection rules need to know of a head's fields.
struct FieldFacts {
  SeenField content_length;
  SeenField transfer_encoding;
  SeenField host;
  SeenField expect;
  SeenField upgrade;
  SeenField te;
  SeenField keep_alive;
  SeenField request_id;
  SeenField user_agent;
  SeenField referer;
  uint32_t connection_count = 0;
  bool has_cdn_loop = false;
};

// `line` without its CRLF; `name_length` is where its first byte stands that is no token byte.
Reason parse_field_line(std::string_view line, size_t name_length, Field& field);

// Lines 1.. of the head (line 0 is the start line), up to the empty one.
Reason parse_field_lines(const char* bytes, const HeadLines& lines, uint32_t fields_max, Field* fields,
                         uint32_t& field_count, FieldFacts& facts);

struct ConnectionOptions {
  bool close = false;
  bool keep_alive = false;
  bool upgrade = false;
};

enum class Direction : uint8_t { request, response };

// Reads every Connection field and marks what they name as nominated. A request that names a field that
// frames, routes or authenticates tries to make us strip it: bad_connection_option (RFC 9110 7.6.1). Of
// an origin only Content-Length is refused: "Connection: Transfer-Encoding" is legal and does occur.
Reason read_connection_options(const FieldFacts& facts, Direction direction, Field* fields,
                               uint32_t field_count, ConnectionOptions& options);

// Content-Length and Transfer-Encoding together (RFC 9112 6.1 to 6.3). `framing` becomes length, chunked
// or none.
Reason read_framing(const FieldFacts& facts, uint8_t minor_version, BodyFraming& framing,
                    uint64_t& content_length);

// The value of Upgrade when it may be acted upon, else empty. h2c is never passed on: behind it the client
// would speak to the origin unseen, past every route and rule.
std::string_view usable_upgrade(const FieldFacts& facts, const ConnectionOptions& options,
                                uint8_t minor_version);

// Which Reason a bad byte at `position` of the head that begins at `begin` deserves.
Reason explain_bad_byte(const char* bytes, uint32_t begin, uint32_t position);

}  // namespace sluice::dataplane
