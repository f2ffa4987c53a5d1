#include "dataplane/http/request_line.h"

#include <algorithm>

#include "dataplane/http/authority.h"
#include "dataplane/http/byte_class.h"
#include "dataplane/http/swar.h"

namespace sluice::dataplane {
namespace {

constexpr std::string_view kVersionTail = " HTTP/1.1";

Method identify_method(std::string_view text) {
  struct Known {
    std::string_view text;
    Method method;
  };
  constexpr Known kMethods[] = {
      {"GET", Method::get},     {"POST", Method::post},       {"HEAD", Method::head},
      {"PUT", Method::put},     {"DELETE", Method::del},      {"OPTIONS", Method::options},
      {"PATCH", Method::patch}, {"CONNECT", Method::connect}, {"TRACE", Method::trace}};
  for (const Known& known : kMethods) {
    if (text == known.text) return known.method;  // Case-sensitive: "get" is some other method.
  }
  return Method::other;
}

// The method's length; `is_whole` when the SP behind it is there. bad_method when no method can come of it.
Reason read_method(std::string_view line, size_t& length, bool& is_whole) {
  length = span_of(line.substr(0, kMethodBytesMax + 1), kTokenByte);
  is_whole = length < line.size() && line[length] == ' ';
  if (length > kMethodBytesMax) return Reason::bad_method;
  if (length < line.size() && (!is_whole || length == 0)) return Reason::bad_method;
  return Reason::none;
}

// span_of(text, kTargetByte), eight bytes at a time.
size_t target_span(std::string_view text) {
  size_t at = 0;
  for (; text.size() - at >= 8; at += 8) {
    const uint64_t word = load_word(text.data() + at);
    const uint64_t no_target =
        any_below(word, 0x21) | any_equal(word, 0x7f) | any_equal(word, '#') | any_above_ascii(word);
    if (no_target != 0) break;
  }
  return at + span_of(text.substr(at), kTargetByte);
}

// `tail` is what follows the target: " HTTP/x.y", or nothing we know.
Reason read_version(std::string_view tail, uint8_t& minor_version) {
  if (tail.size() != kVersionTail.size() || !tail.starts_with(" HTTP/") || !is_digit(tail[6]) ||
      tail[7] != '.' || !is_digit(tail[8])) {
    return Reason::bad_request_line;
  }
  if (tail[6] != '1' || tail[8] > '1') return Reason::bad_version;
  minor_version = static_cast<uint8_t>(tail[8] - '0');
  return Reason::none;
}

void split_query(std::string_view path_and_query, RequestHead& head) {
  const size_t question = path_and_query.find('?');
  head.path = path_and_query.substr(0, question);
  head.query = question == std::string_view::npos ? std::string_view{} : path_and_query.substr(question);
}

Reason read_absolute_target(RequestHead& head) {
  const std::string_view target = head.target;
  const size_t colon = target.find("://");
  if (colon == std::string_view::npos) return Reason::bad_target;
  const std::string_view scheme = target.substr(0, colon);
  if (!equals_ignoring_case(scheme, "http") && !equals_ignoring_case(scheme, "https")) {
    return Reason::bad_target;
  }
  const std::string_view rest = target.substr(colon + 3);
  const size_t authority_length = std::min(rest.find_first_of("/?"), rest.size());
  Authority authority;
  if (!parse_authority(rest.substr(0, authority_length), authority)) return Reason::bad_target;
  head.authority = rest.substr(0, authority_length);
  head.host = authority.host;
  split_query(rest.substr(authority_length), head);
  if (head.path.empty()) {
    // RFC 9112 3.2.4: OPTIONS for a whole server arrives like this from a proxy.
    const bool is_whole_server = head.method == Method::options && head.query.empty();
    head.path = is_whole_server ? "*" : "/";
  }
  return Reason::none;
}

Reason read_target(RequestHead& head) {
  if (head.method == Method::connect) {
    Authority authority;
    const bool is_authority_form = parse_authority(head.target, authority) && !authority.port.empty();
    return is_authority_form ? Reason::connect_refused_here : Reason::bad_target;
  }
  if (head.target.front() == '/') {
    split_query(head.target, head);
    return Reason::none;
  }
  if (head.target == "*") {
    head.path = head.target;
    return head.method == Method::options ? Reason::none : Reason::bad_target;
  }
  return read_absolute_target(head);
}

}  // namespace

Reason parse_request_line(std::string_view line, uint32_t uri_bytes_max, RequestHead& head) {
  size_t method_length = 0;
  bool has_method = false;
  Reason reason = read_method(line, method_length, has_method);
  if (reason != Reason::none) return reason;
  if (!has_method) return Reason::bad_request_line;
  head.method_text = line.substr(0, method_length);
  head.method = identify_method(head.method_text);
  const std::string_view rest = line.substr(method_length + 1);
  const size_t target_length = target_span(rest);
  if (target_length > uri_bytes_max || rest.size() > uri_bytes_max + kVersionTail.size()) {
    return Reason::uri_too_long;
  }
  head.target = rest.substr(0, target_length);
  const std::string_view tail = rest.substr(target_length);
  if (target_length == 0 || tail.empty()) return Reason::bad_request_line;
  if (tail.front() != ' ') return Reason::bad_target;
  reason = read_version(tail, head.minor_version);
  return reason != Reason::none ? reason : read_target(head);
}

Reason judge_request_line_prefix(std::string_view prefix, uint32_t uri_bytes_max) {
  size_t method_length = 0;
  bool has_method = false;
  const Reason reason = read_method(prefix, method_length, has_method);
  if (reason != Reason::none || !has_method) return reason;
  // The version may stand behind a target of exactly the limit, so its nine bytes are allowed for.
  const size_t rest = prefix.size() - method_length - 1;
  return rest > uri_bytes_max + kVersionTail.size() ? Reason::uri_too_long : Reason::none;
}

}  // namespace sluice::dataplane
