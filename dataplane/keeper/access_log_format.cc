#include "dataplane/keeper/access_log_format.h"

#include <time.h>

#include <charconv>
#include <cstdio>

namespace sluice::dataplane {
namespace {

void append_number(uint64_t value, std::string& out) {
  char digits[20];
  const auto end = std::to_chars(digits, digits + sizeof(digits), value).ptr;
  out.append(digits, end);
}

// Seconds with three decimals, as nginx prints $request_time.
void append_seconds(uint64_t microseconds, std::string& out) {
  const uint64_t milliseconds = microseconds / 1000;
  append_number(milliseconds / 1000, out);
  const uint64_t rest = milliseconds % 1000;
  const char decimals[4] = {'.', static_cast<char>('0' + rest / 100), static_cast<char>('0' + rest / 10 % 10),
                            static_cast<char>('0' + rest % 10)};
  out.append(decimals, sizeof(decimals));
}

void append_or_dash(std::string_view text, std::string& out) {
  if (text.empty()) {
    out.push_back('-');
  } else {
    append_escaped(text, out);
  }
}

// When the client left before any answer, the reason's own number (499) is what people look for.
uint16_t logged_status(const AccessRecord& record) {
  return record.status != 0 ? record.status : describe(record.reason).status;
}

void append_status(const AccessRecord& record, std::string& out) {
  const uint16_t status = logged_status(record);
  const char digits[3] = {static_cast<char>('0' + status / 100 % 10),
                          static_cast<char>('0' + status / 10 % 10), static_cast<char>('0' + status % 10)};
  out.append(digits, sizeof(digits));
}

std::string_view word(std::string_view line, uint32_t index) {
  for (uint32_t i = 0; i < index; ++i) {
    const std::size_t space = line.find(' ');
    if (space == std::string_view::npos) return {};
    line.remove_prefix(space + 1);
  }
  return line.substr(0, line.find(' '));
}

// Length of the valid UTF-8 sequence at the start of `text` (RFC 3629: no overlong forms, no surrogates,
// nothing above U+10FFFF), or 0.
std::size_t utf8_sequence(std::string_view text) {
  const auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned char lead = byte(0);
  std::size_t length = 0;
  unsigned char second_min = 0x80;
  unsigned char second_max = 0xbf;
  if (lead < 0x80) return 1;
  if (lead >= 0xc2 && lead <= 0xdf) {
    length = 2;
  } else if (lead >= 0xe0 && lead <= 0xef) {
    length = 3;
    if (lead == 0xe0) second_min = 0xa0;
    if (lead == 0xed) second_max = 0x9f;
  } else if (lead >= 0xf0 && lead <= 0xf4) {
    length = 4;
    if (lead == 0xf0) second_min = 0x90;
    if (lead == 0xf4) second_max = 0x8f;
  }
  if (length == 0 || text.size() < length || byte(1) < second_min || byte(1) > second_max) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte(i) & 0xc0) != 0x80) return 0;
  }
  return length;
}

constexpr char kHexDigits[] = "0123456789ABCDEF";

}  // namespace

void append_escaped(std::string_view text, std::string& out) {
  for (const char character : text) {
    const auto byte = static_cast<unsigned char>(character);
    if (byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\') {
      out.push_back(character);
      continue;
    }
    const char escape[4] = {'\\', 'x', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
    out.append(escape, sizeof(escape));
  }
}

void append_json_escaped(std::string_view text, std::string& out) {
  while (!text.empty()) {
    const auto byte = static_cast<unsigned char>(text[0]);
    std::size_t used = 1;
    if (byte == '"' || byte == '\\') {
      out.push_back('\\');
      out.push_back(text[0]);
    } else if (byte < 0x20 || byte == 0x7f) {
      const char escape[6] = {'\\', 'u', '0', '0', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
      out.append(escape, sizeof(escape));
    } else {
      used = utf8_sequence(text);
      if (used == 0) {
        out.append("\\ufffd");
        used = 1;
      } else {
        out.append(text.substr(0, used));
      }
    }
    text.remove_prefix(used);
  }
}

std::expected<AccessLogFormat, std::string> AccessLogFormat::compile(wire::LogFormat kind,
                                                                     std::string_view template_text) {
  AccessLogFormat format;
  format.kind_ = kind;
  if (kind != wire::LogFormat::custom) return format;
  if (template_text.empty()) return std::unexpected("the format is custom but its template is empty");
  Part part;
  for (std::size_t i = 0; i < template_text.size();) {
    if (template_text[i] != '$') {
      part.literal.push_back(template_text[i++]);
      continue;
    }
    if (template_text.substr(i, 2) == "$$") {
      part.literal.push_back('$');
      i += 2;
      continue;
    }
    const bool braces = template_text.substr(i, 2) == "${";
    const std::size_t start = i + (braces ? 2 : 1);
    std::size_t end = start;
    while (end < template_text.size() &&
           ((template_text[end] >= 'a' && template_text[end] <= 'z') ||
            (template_text[end] >= '0' && template_text[end] <= '9') || template_text[end] == '_')) {
      ++end;
    }
    const std::string name(template_text.substr(start, end - start));
    if (braces && (end == template_text.size() || template_text[end] != '}')) {
      return std::unexpected("\"${" + name + "\" has no closing brace");
    }
    uint32_t index = 0;
    while (index < kAccessLogVariableCount && kAccessLogVariables[index] != name) ++index;
    if (index == kAccessLogVariableCount) {
      std::string message = "unknown variable \"$" + name + "\"; write $$ for a dollar sign; known are";
      for (const std::string_view known : kAccessLogVariables) message.append(" $").append(known);
      return std::unexpected(message);
    }
    part.has_variable = true;
    part.variable = static_cast<AccessLogVariable>(index);
    format.parts_.push_back(std::move(part));
    part = Part{};
    i = end + (braces ? 1 : 0);
  }
  if (!part.literal.empty()) format.parts_.push_back(std::move(part));
  return format;
}

void AccessLogFormat::set_time(const AccessRecord& record) {
  const int64_t end =
      record.wall_clock_nanoseconds + static_cast<int64_t>(record.duration_microseconds) * 1000;
  const int64_t second = end / 1'000'000'000;
  if (second == second_) return;
  second_ = second;
  const time_t clock = second;
  tm parts{};
  localtime_r(&clock, &parts);
  char text[64];
  time_local_.assign(text, strftime(text, sizeof(text), "%d/%b/%Y:%H:%M:%S %z", &parts));
  time_iso8601_.assign(text, strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts));
  const std::string_view zone(text, strftime(text, sizeof(text), "%z", &parts));  // +0100 to +01:00
  time_iso8601_.append(zone.substr(0, 3)).append(1, ':').append(zone.substr(3));
}

void AccessLogFormat::append(const AccessRecord& record, std::string& out) {
  if (is_off()) return;
  set_time(record);
  switch (kind_) {
    case wire::LogFormat::off:
      return;
    case wire::LogFormat::combined:
      append_combined(record, out);
      break;
    case wire::LogFormat::json:
      append_json(record, out);
      break;
    case wire::LogFormat::custom:
      append_custom(record, out);
      break;
  }
  out.push_back('\n');
}

// A text between spaces, which must not bring spaces of its own: a stranger chose it.
void AccessLogFormat::append_word(std::string_view text, std::string& out) {
  const std::size_t begin = out.size();
  append_or_dash(text, out);
  for (std::size_t at = out.find(' ', begin); at != std::string::npos; at = out.find(' ', at)) {
    out.replace(at, 1, "\\x20");
  }
}

void AccessLogFormat::append_combined(const AccessRecord& record, std::string& out) {
  append_or_dash(record.client_address, out);
  out.append(" - ");
  append_word(record.user, out);
  out.append(" [").append(time_local_).append("] \"");
  append_escaped(record.request_line, out);
  out.append("\" ");
  append_status(record, out);
  out.push_back(' ');
  append_number(record.body_bytes_sent, out);
  out.append(" \"");
  append_or_dash(record.referer, out);
  out.append("\" \"");
  append_or_dash(record.user_agent, out);
  out.push_back('"');
}

void AccessLogFormat::append_json(const AccessRecord& record, std::string& out) {
  const auto text = [&](std::string_view key, std::string_view value) {
    out.append(",\"").append(key).append("\":\"");
    append_json_escaped(value, out);
    out.push_back('"');
  };
  const auto number = [&](std::string_view key, uint64_t value) {
    out.append(",\"").append(key).append("\":");
    append_number(value, out);
  };
  out.append("{\"time\":\"").append(time_iso8601_).push_back('"');
  text("client", record.client_address);
  if (!record.user.empty()) text("user", record.user);
  text("request", record.request_line);
  text("host", record.host);
  number("status", logged_status(record));
  text("reason", describe(record.reason).token);
  number("body_bytes_sent", record.body_bytes_sent);
  number("bytes_received", record.bytes_received);
  number("duration_us", record.duration_microseconds);
  number("origin_us", record.origin_microseconds);
  number("attempts", record.attempts);
  text("listener", record.listener);
  text("route", record.route);
  text("pool", record.pool);
  text("origin", record.origin);
  text("request_id", record.request_id);
  text("referer", record.referer);
  text("user_agent", record.user_agent);
  out.push_back('}');
}

void AccessLogFormat::append_custom(const AccessRecord& record, std::string& out) {
  for (const Part& part : parts_) {
    out.append(part.literal);
    if (part.has_variable) append_variable(part.variable, record, out);
  }
}

void AccessLogFormat::append_variable(AccessLogVariable variable, const AccessRecord& record,
                                      std::string& out) {
  switch (variable) {
    case AccessLogVariable::remote_addr:
      return append_or_dash(record.client_address, out);
    case AccessLogVariable::remote_user:
      return append_word(record.user, out);
    case AccessLogVariable::time_iso8601:
      out.append(time_iso8601_);
      return;
    case AccessLogVariable::time_local:
      out.append(time_local_);
      return;
    case AccessLogVariable::request:
      return append_or_dash(record.request_line, out);
    case AccessLogVariable::request_method:
      return append_or_dash(word(record.request_line, 0), out);
    case AccessLogVariable::request_uri:
      return append_or_dash(word(record.request_line, 1), out);
    case AccessLogVariable::status:
      return append_status(record, out);
    case AccessLogVariable::body_bytes_sent:
      return append_number(record.body_bytes_sent, out);
    case AccessLogVariable::bytes_received:
      return append_number(record.bytes_received, out);
    case AccessLogVariable::http_referer:
      return append_or_dash(record.referer, out);
    case AccessLogVariable::http_user_agent:
      return append_or_dash(record.user_agent, out);
    case AccessLogVariable::host:
      return append_or_dash(record.host, out);
    case AccessLogVariable::request_time:
      return append_seconds(record.duration_microseconds, out);
    case AccessLogVariable::origin_time:
      if (record.attempts == 0) return out.push_back('-');
      return append_seconds(record.origin_microseconds, out);
    case AccessLogVariable::attempts:
      return append_number(record.attempts, out);
    case AccessLogVariable::reason:
      return append_or_dash(describe(record.reason).token, out);
    case AccessLogVariable::route:
      return append_or_dash(record.route, out);
    case AccessLogVariable::pool:
      return append_or_dash(record.pool, out);
    case AccessLogVariable::origin:
      return append_or_dash(record.origin, out);
    case AccessLogVariable::request_id:
      return append_or_dash(record.request_id, out);
    case AccessLogVariable::listener:
      return append_or_dash(record.listener, out);
  }
}

}  // namespace sluice::dataplane
