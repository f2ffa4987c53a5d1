#include "tools/origin/request.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace sluice::origin {
namespace {

constexpr std::array<uint32_t, 256> make_crc_table() {
  std::array<uint32_t, 256> table{};
  for (uint32_t i = 0; i < 256; ++i) {
    uint32_t value = i;
    for (int bit = 0; bit < 8; ++bit) value = (value >> 1) ^ ((value & 1) != 0 ? 0xedb88320u : 0u);
    table[i] = value;
  }
  return table;
}
constexpr std::array<uint32_t, 256> kCrcTable = make_crc_table();

char lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
}

bool equals_ignoring_case(std::string_view left, std::string_view right) {
  return left.size() == right.size() && std::equal(left.begin(), left.end(), right.begin(),
                                                   [](char a, char b) { return lower(a) == lower(b); });
}

bool contains_token(std::string_view list, std::string_view token) {
  while (!list.empty()) {
    const size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    while (!item.empty() && item.front() == ' ') item.remove_prefix(1);
    while (!item.empty() && item.back() == ' ') item.remove_suffix(1);
    if (equals_ignoring_case(item, token)) return true;
    if (comma == std::string_view::npos) break;
    list.remove_prefix(comma + 1);
  }
  return false;
}

void note_field(std::string_view name, std::string_view value, Request& request) {
  request.fields.emplace_back(name, value);
  if (equals_ignoring_case(name, "content-length")) {
    std::from_chars(value.data(), value.data() + value.size(), request.content_length);
  } else if (equals_ignoring_case(name, "transfer-encoding")) {
    request.chunked = contains_token(value, "chunked");
  } else if (equals_ignoring_case(name, "connection")) {
    if (contains_token(value, "close")) request.keep_alive = false;
    if (contains_token(value, "upgrade")) request.wants_upgrade = true;
  } else if (equals_ignoring_case(name, "expect")) {
    request.expects_continue = equals_ignoring_case(value, "100-continue");
  }
}

}  // namespace

ParseResult parse_request(std::string_view bytes, Request& request) {
  const size_t end = bytes.find("\r\n\r\n");
  if (end == std::string_view::npos) return ParseResult::need_more;
  request.fields.clear();
  request.content_length = 0;
  request.chunked = request.expects_continue = request.wants_upgrade = false;
  request.keep_alive = true;
  request.head_bytes = end + 4;

  std::string_view rest = bytes.substr(0, end + 2);
  const size_t line_end = rest.find("\r\n");
  const std::string_view line = rest.substr(0, line_end);
  const size_t first_space = line.find(' ');
  const size_t last_space = line.rfind(' ');
  if (first_space == std::string_view::npos || last_space <= first_space) return ParseResult::invalid;
  request.method = line.substr(0, first_space);
  request.target = line.substr(first_space + 1, last_space - first_space - 1);
  const size_t question = request.target.find('?');
  request.path = request.target.substr(0, question);
  request.query = question == std::string_view::npos ? "" : request.target.substr(question + 1);
  if (line.substr(last_space + 1) == "HTTP/1.0") request.keep_alive = false;

  rest.remove_prefix(line_end + 2);
  while (!rest.empty()) {
    const size_t field_end = rest.find("\r\n");
    const std::string_view field = rest.substr(0, field_end);
    rest.remove_prefix(field_end + 2);
    const size_t colon = field.find(':');
    if (colon == std::string_view::npos) return ParseResult::invalid;
    std::string_view value = field.substr(colon + 1);
    while (!value.empty() && (value.front() == ' ' || value.front() == '\t')) value.remove_prefix(1);
    note_field(field.substr(0, colon), value, request);
  }
  return ParseResult::complete;
}

void BodyReader::begin(const Request& request) {
  *this = BodyReader();
  chunked_ = request.chunked;
  remaining_ = request.chunked ? 0 : request.content_length;
  state_ = chunked_ ? State::chunk_size : remaining_ > 0 ? State::data : State::complete;
}

void BodyReader::take_data(std::string_view data) {
  for (const char byte : data) crc_ = (crc_ >> 8) ^ kCrcTable[(crc_ ^ static_cast<uint8_t>(byte)) & 0xff];
  body_bytes_ += data.size();
  remaining_ -= data.size();
  if (remaining_ == 0) state_ = chunked_ ? State::chunk_end : State::complete;
}

// A line of the chunked framing, without its CR LF. False: malformed.
bool BodyReader::take_line(std::string_view line) {
  if (state_ == State::chunk_end) {
    state_ = State::chunk_size;
    return line.empty();
  }
  if (state_ == State::trailer) {
    if (line.empty()) {
      state_ = State::complete;
    } else {
      ++trailer_fields_;
    }
    return true;
  }
  const auto parsed = std::from_chars(line.data(), line.data() + line.size(), remaining_, 16);
  if (parsed.ec != std::errc()) return false;
  state_ = remaining_ == 0 ? State::trailer : State::data;
  return true;
}

size_t BodyReader::consume(std::string_view bytes) {
  const size_t offered = bytes.size();
  while (state_ != State::complete && !bytes.empty()) {
    if (state_ == State::data) {
      const std::string_view data = bytes.substr(0, std::min<uint64_t>(remaining_, bytes.size()));
      take_data(data);
      bytes.remove_prefix(data.size());
      continue;
    }
    const size_t line_end = bytes.find("\r\n");
    if (line_end == std::string_view::npos) break;
    if (!take_line(bytes.substr(0, line_end))) return SIZE_MAX;
    bytes.remove_prefix(line_end + 2);
  }
  return offered - bytes.size();
}

}  // namespace sluice::origin
