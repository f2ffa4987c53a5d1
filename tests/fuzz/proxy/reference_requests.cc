#include "tests/fuzz/proxy/reference_requests.h"

#include <algorithm>
#include <cctype>
#include <cstdint>
#include <optional>

namespace sluice::fuzzing {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](unsigned char c) { return std::tolower(c); });
  return result;
}

std::string_view trim(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// Up to CRLF, which is taken as well; nothing when there is none.
std::optional<std::string_view> take_line(std::string_view& bytes) {
  const size_t end = bytes.find("\r\n");
  if (end == std::string_view::npos) return std::nullopt;
  const std::string_view line = bytes.substr(0, end);
  bytes.remove_prefix(end + 2);
  return line;
}

std::optional<uint64_t> number(std::string_view digits, unsigned base) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  if (digits.empty() || digits.size() > 16) return std::nullopt;
  uint64_t value = 0;
  for (const char digit : lower(digits)) {
    const size_t at = kDigits.substr(0, base).find(digit);
    if (at == std::string_view::npos) return std::nullopt;
    value = value * base + at;
  }
  return value;
}

struct Framing {
  bool is_chunked = false;
  uint64_t length = 0;
};

// False: no request.
bool read_fields(std::string_view head, bool is_http11, Framing& framing) {
  uint32_t lengths = 0;
  uint32_t encodings = 0;
  while (!head.empty()) {
    const std::string_view line = *take_line(head);
    const size_t colon = line.find(':');
    if (colon == 0 || colon == std::string_view::npos) return false;
    const std::string name = lower(line.substr(0, colon));
    const std::string_view value = trim(line.substr(colon + 1));
    if (name == "content-length") {
      const std::optional<uint64_t> length = number(value, 10);
      if (!length || ++lengths > 1) return false;
      framing.length = *length;
    } else if (name == "transfer-encoding") {
      if (lower(value) != "chunked" || ++encodings > 1) return false;
      framing.is_chunked = true;
    }
  }
  return encodings == 0 || (lengths == 0 && is_http11);
}

// False: the body breaks off or is malformed; what came before that is in `request`.
bool read_chunks(std::string_view& bytes, ReferenceRequest& request) {
  for (;;) {
    const std::optional<std::string_view> line = take_line(bytes);
    if (!line) return false;
    const std::optional<uint64_t> size = number(line->substr(0, line->find(';')), 16);
    if (!size) return false;
    if (*size == 0) break;
    request.body += bytes.substr(0, *size);
    if (bytes.size() < *size + 2 || bytes.substr(*size, 2) != "\r\n") return false;
    bytes.remove_prefix(*size + 2);
  }
  for (;;) {
    const std::optional<std::string_view> line = take_line(bytes);
    if (!line) return false;
    if (line->empty()) return true;
  }
}

// False: nothing behind it can be read as a request.
bool read_request(std::string_view& bytes, std::vector<ReferenceRequest>& requests) {
  if (bytes.starts_with("\r\n")) bytes.remove_prefix(2);
  const size_t head_end = bytes.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return false;
  std::string_view head = bytes.substr(0, head_end + 2);
  bytes.remove_prefix(head_end + 4);
  const std::string_view line = *take_line(head);
  const size_t first = line.find(' ');
  const size_t second = first == std::string_view::npos ? first : line.find(' ', first + 1);
  if (second == std::string_view::npos) return false;
  const std::string_view version = line.substr(second + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") return false;
  Framing framing;
  if (!read_fields(head, version == "HTTP/1.1", framing)) return false;
  ReferenceRequest& request = requests.emplace_back();
  request.method = line.substr(0, first);
  if (framing.is_chunked) {
    request.is_complete = read_chunks(bytes, request);
  } else {
    request.body = bytes.substr(0, framing.length);
    bytes.remove_prefix(request.body.size());
    request.is_complete = request.body.size() == framing.length;
  }
  return request.is_complete;
}

}  // namespace

std::vector<ReferenceRequest> read_requests(std::string_view bytes) {
  std::vector<ReferenceRequest> requests;
  while (read_request(bytes, requests)) {
  }
  return requests;
}

}  // namespace sluice::fuzzing
