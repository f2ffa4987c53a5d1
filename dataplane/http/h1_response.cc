// Responses (h1_parse.h): as requests, with the rejections folded into what an operator can tell apart: no
// HTTP/1 at all, a malformed line, no one clear length, too large.
#include <algorithm>

#include "dataplane/http/byte_class.h"
#include "dataplane/http/field_lines.h"
#include "dataplane/http/h1_parse.h"
#include "dataplane/http/head_scan.h"

namespace sluice::dataplane {
namespace {

constexpr std::string_view kStatusLineStart = "HTTP/1.1 200";

void clear(ResponseHead& head) {
  head.status = 0;
  head.reason = head.upgrade = {};
  head.content_length = 0;
  head.head_bytes = head.field_count = head.keep_alive_timeout_seconds = 0;
  head.minor_version = 1;
  head.framing = BodyFraming::none;
  head.has_content_length = false;
  head.keep_alive = true;
}

// "HTTP/1.x NNN[ reason]". The SP behind the status is optional: sloppy origins leave it out with the
// reason, and nothing else can be meant.
bool parse_status_line(std::string_view line, ResponseHead& head) {
  if (line.size() < kStatusLineStart.size() || !line.starts_with("HTTP/1.")) return false;
  if (line[7] != '0' && line[7] != '1') return false;
  uint64_t status = 0;
  if (line[8] != ' ' || !parse_decimal(line.substr(9, 3), 599, status) || status < 100) return false;
  if (line.size() > kStatusLineStart.size() && line[kStatusLineStart.size()] != ' ') return false;
  head.minor_version = static_cast<uint8_t>(line[7] - '0');
  head.status = static_cast<uint16_t>(status);
  head.reason = line.substr(std::min(line.size(), kStatusLineStart.size() + 1));
  return true;
}

// A line that has not ended: false as soon as it cannot become a status line.
bool may_become_status_line(std::string_view prefix) {
  for (size_t at = 0; at < std::min(prefix.size(), kStatusLineStart.size()); ++at) {
    const bool is_open = at == 7 || at >= 9;  // Minor version and status: digits.
    if (is_open ? !is_digit(prefix[at]) : prefix[at] != kStatusLineStart[at]) return false;
  }
  return true;
}

// Keep-Alive: timeout=5, max=100
uint32_t read_keep_alive_timeout(std::string_view value) {
  constexpr std::string_view kTimeout = "timeout=";
  while (!value.empty()) {
    const std::string_view parameter = take_list_element(value);
    if (parameter.size() <= kTimeout.size()) continue;
    uint64_t seconds = 0;
    if (equals_ignoring_case(parameter.substr(0, kTimeout.size()), kTimeout) &&
        parse_decimal(parameter.substr(kTimeout.size()), UINT32_MAX, seconds)) {
      return static_cast<uint32_t>(seconds);
    }
  }
  return 0;
}

// RFC 9112 6.3, as far as the head decides it. False: there is no one clear length.
bool resolve_framing(const FieldFacts& facts, Method request_method, ResponseHead& head) {
  if (read_framing(facts, head.minor_version, head.framing, head.content_length) != Reason::none)
    return false;
  head.has_content_length = head.framing == BodyFraming::length;
  if (head.status < 200 || head.status == 204) {
    // RFC 9110 8.6, RFC 9112 6.1: these carry neither. Origins that write "204 ... Content-Length: 0" are
    // many and cannot mean anything else, so that one is let through (and not passed on).
    const bool is_harmless = head.status == 204 && head.has_content_length && head.content_length == 0;
    if (head.framing != BodyFraming::none && !is_harmless) return false;
    head.has_content_length = false;
    head.framing = BodyFraming::none;
    return true;
  }
  const bool is_tunnel = request_method == Method::connect && head.status < 300;
  if (request_method == Method::head || head.status == 304 || is_tunnel) {
    head.framing = BodyFraming::none;
  } else if (head.framing == BodyFraming::none) {
    head.framing = BodyFraming::until_close;
  }
  return true;
}

Reason parse_complete(const char* bytes, const HeadLines& lines, const HeadLimits& limits,
                      Method request_method, ResponseHead& head) {
  if (!parse_status_line({bytes, lines.at[0].end - 1}, head)) return Reason::bad_response;
  FieldFacts facts;
  const Reason reason = parse_field_lines(bytes, lines, limits.fields, head.fields, head.field_count, facts);
  if (reason == Reason::too_many_fields) return Reason::response_too_large;
  if (reason != Reason::none) return Reason::bad_response_field;
  if (!resolve_framing(facts, request_method, head)) return Reason::bad_response_framing;
  ConnectionOptions options;
  if (read_connection_options(facts, Direction::response, head.fields, head.field_count, options) !=
      Reason::none) {
    return Reason::bad_response_framing;  // It names Content-Length, or is no list of options.
  }
  head.keep_alive = !options.close && (head.minor_version == 1 || options.keep_alive) &&
                    head.framing != BodyFraming::until_close;
  head.upgrade = usable_upgrade(facts, options, head.minor_version);
  head.keep_alive_timeout_seconds = read_keep_alive_timeout(facts.keep_alive.value);
  return Reason::none;
}

bool may_become_head(std::string_view seen, ResponseHead& head) {
  const size_t line_feed = seen.find('\n');
  if (line_feed == std::string_view::npos) return may_become_status_line(seen);
  return parse_status_line(seen.substr(0, line_feed - 1), head);
}

}  // namespace

ParseResult parse_response_head(std::string_view bytes, const HeadLimits& limits, uint32_t& scanned,
                                Method request_method, ResponseHead& head, Reason& reason) {
  clear(head);
  reason = Reason::none;
  const uint32_t visible = static_cast<uint32_t>(std::min<size_t>(bytes.size(), limits.head_bytes));
  const uint32_t resume = std::min(scanned, visible);
  HeadLines lines;
  const ScanResult scan = scan_head(bytes.data(), 0, resume, visible, lines);
  scanned = scan.position;
  if (scan.stop == ScanStop::head_end) {
    if (resume != 0) scan_head(bytes.data(), 0, 0, scan.position, lines);
    head.head_bytes = scan.position;
    reason = parse_complete(bytes.data(), lines, limits, request_method, head);
    return reason == Reason::none ? ParseResult::complete : ParseResult::rejected;
  }
  if (!may_become_head(bytes.substr(0, scan.position), head)) {
    reason = Reason::bad_response;
  } else if (scan.stop == ScanStop::bad_byte) {
    reason = Reason::bad_response_field;
  } else if (visible == limits.head_bytes) {
    reason = Reason::response_too_large;
  }
  return reason == Reason::none ? ParseResult::need_more : ParseResult::rejected;
}

}  // namespace sluice::dataplane
