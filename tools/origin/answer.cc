#include "tools/origin/answer.h"

#include <charconv>
#include <optional>
#include <string_view>

namespace sluice::origin {
namespace {

constexpr std::string_view kPaths =
    "/                        a fixed body (--body-bytes)\n"
    "/bytes/N                 N bytes with Content-Length; byte i is i modulo 251\n"
    "/chunked/N               the same, chunked; ?trailers adds a trailer section\n"
    "/close-delimited/N       the same, ended by closing\n"
    "/stream/PIECES/MS        chunked pieces of 1 KiB with a pause between them\n"
    "/echo                    the request as JSON: method, target, fields, body length and CRC-32\n"
    "/delay/MS                answers after a pause\n"
    "/status/N                that status\n"
    "/early-hints             103, then 200\n"
    "/refuse-body             413 at once, instead of 100 Continue\n"
    "/upgrade                 101, then echoes raw bytes\n"
    "/hang                    never answers\n"
    "/close                   closes instead of answering\n"
    "/reset                   resets instead of answering\n"
    "/reset-after/N           announces more, sends N body bytes, resets\n"
    "/counters                requests and connections so far, as JSON\n";

// "/bytes/17" with prefix "/bytes/" is 17.
std::optional<uint64_t> number_after(std::string_view path, std::string_view prefix) {
  if (!path.starts_with(prefix)) return std::nullopt;
  path.remove_prefix(prefix.size());
  uint64_t value = 0;
  const auto parsed = std::from_chars(path.data(), path.data() + path.size(), value);
  if (parsed.ec != std::errc()) return std::nullopt;
  return value;
}

std::string_view reason_phrase(uint64_t status) {
  switch (status) {
    case 200:
      return "OK";
    case 204:
      return "No Content";
    case 304:
      return "Not Modified";
    case 404:
      return "Not Found";
    case 413:
      return "Content Too Large";
    case 500:
      return "Internal Server Error";
    case 503:
      return "Service Unavailable";
    default:
      return "Status";
  }
}

void append_json_text(std::string_view text, std::string& out) {
  constexpr char kHex[] = "0123456789abcdef";
  out += '"';
  for (const char c : text) {
    const auto byte = static_cast<uint8_t>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (byte < 0x20 || byte >= 0x7f) {
      out += "\\u00";
      out += kHex[byte >> 4];
      out += kHex[byte & 15];
    } else {
      out += c;
    }
  }
  out += '"';
}

std::string echo_json(const Request& request, const BodyReader& body, const Settings& settings) {
  std::string json = "{\"origin\": ";
  append_json_text(settings.name, json);
  json += ", \"method\": ";
  append_json_text(request.method, json);
  json += ", \"target\": ";
  append_json_text(request.target, json);
  json += ", \"fields\": [";
  for (size_t i = 0; i < request.fields.size(); ++i) {
    json += i == 0 ? "[" : ", [";
    append_json_text(request.fields[i].first, json);
    json += ", ";
    append_json_text(request.fields[i].second, json);
    json += "]";
  }
  json += "], \"chunked\": " + std::string(request.chunked ? "true" : "false");
  json += ", \"trailer_fields\": " + std::to_string(body.trailer_fields());
  json += ", \"body_bytes\": " + std::to_string(body.body_bytes());
  json += ", \"body_crc32\": " + std::to_string(body.crc32()) + "}\n";
  return json;
}

std::string counters_json(const Settings& settings, const Counters& counters) {
  std::string json = "{\"origin\": ";
  append_json_text(settings.name, json);
  return json + ", \"connections\": " + std::to_string(counters.connections) +
         ", \"connections_open\": " + std::to_string(counters.connections_open) +
         ", \"requests\": " + std::to_string(counters.requests) + "}\n";
}

void write_head(uint64_t status, std::string_view content_type, const Settings& settings, Answer& answer) {
  std::string& head = answer.head;
  head += "HTTP/1.1 " + std::to_string(status) + " ";
  head += reason_phrase(status);
  head += "\r\nX-Origin: " + settings.name;
  head += "\r\nContent-Type: ";
  head += content_type;
  if (answer.chunked) {
    head += "\r\nTransfer-Encoding: chunked";
  } else if (!answer.close_after && status != 204 && status >= 200) {
    head += "\r\nContent-Length: " + std::to_string(answer.body.size() + answer.pattern_bytes);
  }
  if (answer.close_after) head += "\r\nConnection: close";
  if (answer.trailers) head += "\r\nTrailer: X-Checksum";
  head += "\r\n\r\n";
}

void small_reply(uint64_t status, std::string_view content_type, std::string body, const Settings& settings,
                 Answer& answer) {
  answer.body = std::move(body);
  write_head(status, content_type, settings, answer);
}

void pattern_reply(uint64_t bytes, const Settings& settings, Answer& answer) {
  answer.pattern_bytes = bytes;
  write_head(200, "application/octet-stream", settings, answer);
}

// Paths that end in a number. False: none of them.
bool choose_numbered(const Request& request, const Settings& settings, Answer& answer) {
  if (const auto bytes = number_after(request.path, "/bytes/")) {
    pattern_reply(*bytes, settings, answer);
  } else if (const auto chunked = number_after(request.path, "/chunked/")) {
    answer.chunked = true;
    answer.trailers = request.query == "trailers";
    pattern_reply(*chunked, settings, answer);
  } else if (const auto until_close = number_after(request.path, "/close-delimited/")) {
    answer.close_after = true;
    pattern_reply(*until_close, settings, answer);
  } else if (const auto pieces = number_after(request.path, "/stream/")) {
    const size_t slash = request.path.rfind('/');
    answer.chunked = true;
    answer.piece_bytes = 1024;
    answer.piece_delay = std::chrono::milliseconds(number_after(request.path.substr(slash), "/").value_or(0));
    pattern_reply(*pieces * answer.piece_bytes, settings, answer);
  } else if (const auto milliseconds = number_after(request.path, "/delay/")) {
    answer.delay = std::chrono::milliseconds(*milliseconds);
    small_reply(200, "text/plain", "after " + std::to_string(*milliseconds) + " ms\n", settings, answer);
  } else if (const auto status = number_after(request.path, "/status/")) {
    const bool bodiless = *status == 204 || *status == 304;
    small_reply(*status, "text/plain", bodiless ? "" : "status " + std::to_string(*status) + "\n", settings,
                answer);
  } else if (const auto sent = number_after(request.path, "/reset-after/")) {
    answer.kind = Answer::Kind::reset;
    answer.pattern_bytes = *sent + 1'000'000;
    write_head(200, "application/octet-stream", settings, answer);
    answer.pattern_bytes = *sent;
  } else {
    return false;
  }
  return true;
}

}  // namespace

std::string plain_answer(const Settings& settings, bool with_body) {
  Answer answer;
  answer.pattern_bytes = settings.body_bytes;
  write_head(200, "text/plain", settings, answer);
  if (with_body) {
    const std::string line = "Hello from " + settings.name + ".\n";
    answer.head += line.substr(0, settings.body_bytes);
    if (line.size() < settings.body_bytes) answer.head.append(settings.body_bytes - line.size(), '.');
  }
  return answer.head;
}

void choose_answer(const Request& request, const BodyReader& body, const Settings& settings,
                   const Counters& counters, Answer& answer) {
  answer = Answer();
  if (request.path == "/") return;  // The connection has it ready.
  if (request.path == "/echo")
    return small_reply(200, "application/json", echo_json(request, body, settings), settings, answer);
  if (request.path == "/counters")
    return small_reply(200, "application/json", counters_json(settings, counters), settings, answer);
  if (request.path == "/help") return small_reply(200, "text/plain", std::string(kPaths), settings, answer);
  if (request.path == "/refuse-body") {
    answer.close_after = true;
    return small_reply(413, "text/plain", "no body, please\n", settings, answer);
  }
  if (request.path == "/early-hints") {
    answer.head = "HTTP/1.1 103 Early Hints\r\nLink: </style.css>; rel=preload\r\n\r\n";
    return small_reply(200, "text/plain", "after the hints\n", settings, answer);
  }
  if (request.path == "/hang") {
    answer.kind = Answer::Kind::hang;
  } else if (request.path == "/close") {
    answer.kind = Answer::Kind::close;
  } else if (request.path == "/reset") {
    answer.kind = Answer::Kind::reset;
  } else if (request.path == "/upgrade" && request.wants_upgrade) {
    answer.kind = Answer::Kind::upgrade;
    answer.head = "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: echo\r\nX-Origin: " +
                  settings.name + "\r\n\r\n";
  } else if (!choose_numbered(request, settings, answer)) {
    small_reply(404, "text/plain", "no such page here; /help lists them\n", settings, answer);
  }
}

}  // namespace sluice::origin
