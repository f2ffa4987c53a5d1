#include "dataplane/http/field_lines.h"

#include <algorithm>

#include "dataplane/http/byte_class.h"
#include "dataplane/http/header_id.h"

namespace sluice::dataplane {
namespace {

// Why `line` has no proper name. `stop` is the first byte that is no token byte (or the line's length).
Reason explain_bad_name(std::string_view line, size_t stop) {
  if (is_blank(line.front())) return Reason::obsolete_folding;
  if (line.find(':', stop) == std::string_view::npos) return Reason::missing_colon;
  size_t after = stop;
  while (after < line.size() && is_blank(line[after])) ++after;
  const bool only_blanks = stop > 0 && after > stop && after < line.size() && line[after] == ':';
  return only_blanks ? Reason::space_before_colon : Reason::bad_field_name;
}

void note_field(const Field& field, FieldFacts& facts) {
  switch (field.id) {
    case HeaderId::connection:
      ++facts.connection_count;
      break;
    case HeaderId::content_length:
      facts.content_length.see(field.value);
      break;
    case HeaderId::transfer_encoding:
      facts.transfer_encoding.see(field.value);
      break;
    case HeaderId::host:
      facts.host.see(field.value);
      break;
    case HeaderId::expect:
      facts.expect.see(field.value);
      break;
    case HeaderId::upgrade:
      facts.upgrade.see(field.value);
      break;
    case HeaderId::te:
      facts.te.see(field.value);
      break;
    case HeaderId::keep_alive:
      facts.keep_alive.see(field.value);
      break;
    case HeaderId::x_request_id:
      facts.request_id.see(field.value);
      break;
    case HeaderId::user_agent:
      facts.user_agent.see(field.value);
      break;
    case HeaderId::referer:
      facts.referer.see(field.value);
      break;
    case HeaderId::cdn_loop:
      facts.has_cdn_loop = true;
      break;
    default:
      break;
  }
}

Reason read_transfer_encoding(std::string_view value) {
  if (equals_ignoring_case(value, "chunked")) return Reason::none;
  // Not what we serve; tell a coding we do not know (501) from a malformed or self-contradicting list.
  bool chunked_seen = false;
  do {
    const std::string_view coding = take_list_element(value);
    const std::string_view name = coding.substr(0, span_of(coding, kTokenByte));
    if (name.empty() || chunked_seen) return Reason::bad_transfer_encoding;
    chunked_seen = equals_ignoring_case(name, "chunked");
    const std::string_view parameters = trim_blanks(coding.substr(name.size()));
    const bool has_parameters = !parameters.empty();
    if (has_parameters && (parameters.front() != ';' || chunked_seen)) return Reason::bad_transfer_encoding;
  } while (value.data() != nullptr);
  return Reason::unknown_encoding;
}

}  // namespace

Reason parse_field_line(std::string_view line, size_t name_length, Field& field) {
  if (name_length == 0 || name_length == line.size() || line[name_length] != ':') [[unlikely]] {
    return explain_bad_name(line, name_length);
  }
  field.name = line.substr(0, name_length);
  field.value = trim_blanks(line.substr(name_length + 1));
  field.id = identify_header(field.name);
  field.nominated = false;
  return Reason::none;
}

Reason parse_field_lines(const char* bytes, const HeadLines& lines, uint32_t fields_max, Field* fields,
                         uint32_t& field_count, FieldFacts& facts) {
  field_count = 0;
  const uint32_t field_lines = lines.count - 2;  // Without the start line and the empty line.
  if (field_lines > std::min(fields_max, kFieldCountMax)) return Reason::too_many_fields;
  for (uint32_t line = 1; line <= field_lines; ++line) {
    const uint32_t begin = lines.at[line - 1].end + 1;
    const uint32_t end = lines.at[line].end - 1;  // Its CR.
    Field& field = fields[line - 1];
    const Reason reason =
        parse_field_line({bytes + begin, end - begin}, lines.at[line].name_end - begin, field);
    if (reason != Reason::none) return reason;
    if (field.id != HeaderId::other) note_field(field, facts);
  }
  field_count = field_lines;
  return Reason::none;
}

Reason read_framing(const FieldFacts& facts, uint8_t minor_version, BodyFraming& framing,
                    uint64_t& content_length) {
  constexpr uint64_t kContentLengthMax = INT64_MAX;
  framing = BodyFraming::none;
  if (facts.transfer_encoding.count > 0) {
    if (facts.content_length.count > 0) return Reason::length_and_encoding;
    if (minor_version == 0) return Reason::encoding_in_http10;
    if (facts.transfer_encoding.count > 1) return Reason::bad_transfer_encoding;
    framing = BodyFraming::chunked;
    return read_transfer_encoding(facts.transfer_encoding.value);
  }
  if (facts.content_length.count == 0) return Reason::none;
  if (facts.content_length.count > 1) return Reason::duplicate_length;
  if (!parse_decimal(facts.content_length.value, kContentLengthMax, content_length)) {
    return Reason::bad_content_length;
  }
  framing = BodyFraming::length;
  return Reason::none;
}

std::string_view usable_upgrade(const FieldFacts& facts, const ConnectionOptions& options,
                                uint8_t minor_version) {
  if (!options.upgrade || facts.upgrade.count != 1 || minor_version == 0) return {};
  std::string_view rest = facts.upgrade.value;
  while (!rest.empty()) {
    const std::string_view protocol = take_list_element(rest);
    const bool is_http = protocol.size() >= 5 && equals_ignoring_case(protocol.substr(0, 5), "http/");
    if (is_http || equals_ignoring_case(protocol, "h2c")) return {};
  }
  return facts.upgrade.value;
}

Reason explain_bad_byte(const char* bytes, uint32_t begin, uint32_t position) {
  switch (bytes[position]) {
    case '\0':
      return Reason::nul_byte;
    case '\n':
      return Reason::bare_line_feed;
    case '\r':
      return Reason::bare_carriage_return;
    default:
      break;
  }
  const std::string_view before(bytes + begin, position - begin);
  const size_t line_end = before.rfind('\n');
  if (line_end == std::string_view::npos) {
    const auto spaces = std::count(before.begin(), before.end(), ' ');
    return spaces == 0 ? Reason::bad_method : spaces == 1 ? Reason::bad_target : Reason::bad_request_line;
  }
  const bool in_value = before.find(':', line_end) != std::string_view::npos;
  return in_value ? Reason::bad_field_value : Reason::bad_field_name;
}

}  // namespace sluice::dataplane
