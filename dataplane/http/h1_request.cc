// Requests (h1_parse.h): the byte level first, then the request line, then the fields; see field_lines.h.
#include <algorithm>

#include "dataplane/http/authority.h"
#include "dataplane/http/byte_class.h"
#include "dataplane/http/field_lines.h"
#include "dataplane/http/h1_parse.h"
#include "dataplane/http/head_scan.h"
#include "dataplane/http/request_line.h"

namespace sluice::dataplane {
namespace {

// Everything but the fields: 10 KiB that the parse overwrites as far as field_count says.
void clear(RequestHead& head) {
  head.method = Method::other;
  head.method_text = head.target = head.path = head.query = head.authority = head.host = {};
  head.upgrade = head.request_id = head.user_agent = head.referer = {};
  head.content_length = 0;
  head.head_bytes = head.field_count = 0;
  head.minor_version = 1;
  head.framing = BodyFraming::none;
  head.keep_alive = true;
  head.expects_continue = head.accepts_trailers = head.has_cdn_loop = false;
}

// Host against the target (RFC 9112 3.2, 3.2.2).
Reason resolve_authority(const SeenField& host, RequestHead& head) {
  if (host.count == 0) return head.minor_version == 0 ? Reason::none : Reason::host_missing;
  if (host.count > 1) return Reason::host_duplicate;
  Authority named;
  if (!host.value.empty() && !parse_authority(host.value, named)) return Reason::host_invalid;
  if (head.authority.empty()) {
    head.authority = host.value;
    head.host = named.host;
    return Reason::none;
  }
  Authority targeted;
  parse_authority(head.authority, targeted);  // It was valid when the target was read.
  const bool is_https = head.target.find(':') == 5;
  return same_authority(targeted, named, is_https) ? Reason::none : Reason::host_mismatch;
}

Reason resolve_expectation(const SeenField& expect, RequestHead& head) {
  // RFC 9110 10.1.1: an HTTP/1.0 client cannot be sent 100, so its Expect is ignored.
  if (expect.count == 0 || head.minor_version == 0) return Reason::none;
  if (expect.count > 1 || !equals_ignoring_case(expect.value, "100-continue")) return Reason::bad_expectation;
  head.expects_continue = head.framing == BodyFraming::chunked ||
                          (head.framing == BodyFraming::length && head.content_length > 0);
  return Reason::none;
}

bool lists_trailers(std::string_view te) {
  while (!te.empty()) {
    if (equals_ignoring_case(take_list_element(te), "trailers")) return true;
  }
  return false;
}

Reason resolve_fields(const FieldFacts& facts, RequestHead& head) {
  Reason reason = resolve_authority(facts.host, head);
  if (reason != Reason::none) return reason;
  reason = read_framing(facts, head.minor_version, head.framing, head.content_length);
  if (reason != Reason::none) return reason;
  ConnectionOptions options;
  reason = read_connection_options(facts, Direction::request, head.fields, head.field_count, options);
  if (reason != Reason::none) return reason;
  head.keep_alive = !options.close && (head.minor_version == 1 || options.keep_alive);
  head.upgrade = usable_upgrade(facts, options, head.minor_version);
  head.request_id = facts.request_id.value;
  head.user_agent = facts.user_agent.value;
  head.referer = facts.referer.value;
  head.accepts_trailers = lists_trailers(facts.te.value);
  head.has_cdn_loop = facts.has_cdn_loop;
  return resolve_expectation(facts.expect, head);
}

// Judges what is there of a head whose end is not: `seen` holds its clean bytes.
Reason judge_beginning(std::string_view seen, const HeadLimits& limits, RequestHead& head) {
  const size_t line_feed = seen.find('\n');
  if (line_feed == std::string_view::npos) return judge_request_line_prefix(seen, limits.uri_bytes);
  return parse_request_line(seen.substr(0, line_feed - 1), limits.uri_bytes, head);
}

Reason parse_complete(const char* bytes, uint32_t begin, const HeadLines& lines, const HeadLimits& limits,
                      RequestHead& head) {
  const std::string_view line(bytes + begin, lines.at[0].end - 1 - begin);
  Reason reason = parse_request_line(line, limits.uri_bytes, head);
  if (reason != Reason::none) return reason;
  FieldFacts facts;
  reason = parse_field_lines(bytes, lines, limits.fields, head.fields, head.field_count, facts);
  return reason != Reason::none ? reason : resolve_fields(facts, head);
}

}  // namespace

ParseResult parse_request_head(std::string_view bytes, const HeadLimits& limits, uint32_t& scanned,
                               RequestHead& head, Reason& reason) {
  clear(head);
  reason = Reason::none;
  // RFC 9112 2.2: an empty line before the request line is skipped, once.
  const uint32_t begin = bytes.starts_with("\r\n") ? 2 : 0;
  const uint32_t visible = static_cast<uint32_t>(std::min<size_t>(bytes.size(), limits.head_bytes));
  if (visible < begin) {
    reason = Reason::head_too_large;
    return ParseResult::rejected;
  }
  const uint32_t resume = std::clamp(scanned, begin, visible);
  HeadLines lines;
  ScanResult scan = scan_head(bytes.data(), begin, resume, visible, lines);
  scanned = scan.position;
  if (scan.stop == ScanStop::head_end) {
    if (resume != begin) scan_head(bytes.data(), begin, begin, scan.position, lines);
    head.head_bytes = scan.position;
    reason = parse_complete(bytes.data(), begin, lines, limits, head);
    return reason == Reason::none ? ParseResult::complete : ParseResult::rejected;
  }
  reason = judge_beginning(bytes.substr(begin, scan.position - begin), limits, head);
  if (reason == Reason::none && scan.stop == ScanStop::bad_byte) {
    reason = explain_bad_byte(bytes.data(), begin, scan.position);
  }
  if (reason == Reason::none && visible == limits.head_bytes) reason = Reason::head_too_large;
  return reason == Reason::none ? ParseResult::need_more : ParseResult::rejected;
}

}  // namespace sluice::dataplane
