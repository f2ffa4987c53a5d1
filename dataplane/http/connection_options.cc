// Connection: the list of options and the fields it nominates (RFC 9110 7.6.1).
#include "dataplane/http/byte_class.h"
#include "dataplane/http/field_lines.h"
#include "dataplane/http/h1_parse.h"
#include "dataplane/http/header_id.h"

namespace sluice::dataplane {
namespace {

// Each nomination is compared with every field: 32 options by 256 fields are 8,192 comparisons of lengths,
// a few microseconds. Without the cap a 32 KiB Connection field would cost a hundred times that.
constexpr uint32_t kOptionsMax = 32;

bool may_nominate(std::string_view name, Direction direction) {
  const HeaderId id = identify_header(name);
  if (direction == Direction::response) return id != HeaderId::content_length;
  switch (id) {
    case HeaderId::content_length:
    case HeaderId::transfer_encoding:
    case HeaderId::host:
    case HeaderId::expect:
    case HeaderId::authorization:
    case HeaderId::proxy_authorization:
    case HeaderId::cookie:
    case HeaderId::set_cookie:
    case HeaderId::location:
      return false;
    default:
      return !is_client_identity(id);
  }
}

void nominate(std::string_view name, Field* fields, uint32_t field_count) {
  for (uint32_t i = 0; i < field_count; ++i) {
    if (equals_ignoring_case(fields[i].name, name)) fields[i].nominated = true;
  }
}

bool offers_protocol(std::string_view offered, std::string_view protocol) {
  while (!offered.empty()) {
    if (equals_ignoring_case(take_list_element(offered), protocol)) return true;
  }
  return false;
}

}  // namespace

bool offers_protocols(std::string_view offered, std::string_view chosen) {
  if (chosen.empty()) return false;
  while (!chosen.empty()) {
    if (!offers_protocol(offered, take_list_element(chosen))) return false;
  }
  return true;
}

Reason read_connection_options(const FieldFacts& facts, Direction direction, Field* fields,
                               uint32_t field_count, ConnectionOptions& options) {
  if (facts.connection_count == 0) return Reason::none;
  uint32_t option_count = 0;
  for (uint32_t i = 0; i < field_count; ++i) {
    if (fields[i].id != HeaderId::connection) continue;
    std::string_view rest = fields[i].value;
    while (!rest.empty()) {
      const std::string_view option = take_list_element(rest);
      if (option.empty()) continue;  // RFC 9110 5.6.1.2: empty elements are to be ignored.
      if (++option_count > kOptionsMax || span_of(option, kTokenByte) != option.size()) {
        return Reason::bad_connection_option;
      }
      if (equals_ignoring_case(option, "keep-alive")) {
        options.keep_alive = true;
      } else if (equals_ignoring_case(option, "close")) {
        options.close = true;
      } else if (equals_ignoring_case(option, "upgrade")) {
        options.upgrade = true;
      } else if (!may_nominate(option, direction)) {
        return Reason::bad_connection_option;
      } else {
        nominate(option, fields, field_count);
      }
    }
  }
  return Reason::none;
}

}  // namespace sluice::dataplane
