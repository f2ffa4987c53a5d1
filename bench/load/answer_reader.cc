#include "bench/load/answer_reader.h"

#include <algorithm>
#include <charconv>

namespace sluice::load {
namespace {

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

std::string lower(std::string_view text) {
  std::string result(text);
  for (char& c : result) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c;
  return result;
}

bool parse_number(std::string_view text, int base, uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number, base);
  return error == std::errc() && end == text.data() + text.size() && !text.empty();
}

}  // namespace

void AnswerReader::reset(bool to_head) {
  state_ = State::head;
  to_head_ = to_head;
  keeps_alive_ = true;
  status_ = 0;
  remaining_ = body_bytes_ = 0;
  has_length_ = false;
  head_.clear();
  answered_by_.clear();
}

ReadResult AnswerReader::read(std::string_view bytes, size_t& consumed) {
  consumed = 0;
  for (;;) {
    const std::string_view rest = bytes.substr(consumed);
    size_t taken = 0;
    switch (state_) {
      case State::head: {
        const ReadResult result = read_head(rest, taken);
        consumed += taken;
        if (result != ReadResult::complete) return result;
        if (state_ == State::done) return ReadResult::complete;
        break;
      }
      case State::length:
      case State::chunk_data: {
        const uint64_t part = std::min<uint64_t>(rest.size(), remaining_);
        consumed += part;
        remaining_ -= part;
        body_bytes_ += part;
        if (remaining_ > 0) return ReadResult::need_more;
        state_ = state_ == State::length ? State::done : State::chunk_end;
        break;
      }
      case State::chunk_size:
      case State::chunk_end:
      case State::trailers: {
        const ReadResult result = read_line(rest, taken);
        consumed += taken;
        if (result != ReadResult::complete) return result;
        break;
      }
      case State::until_close:
        body_bytes_ += rest.size();
        consumed += rest.size();
        return ReadResult::need_more;
      case State::done:
        return ReadResult::complete;
    }
  }
}

// Most heads arrive in one piece and are parsed where they are.
ReadResult AnswerReader::read_head(std::string_view bytes, size_t& consumed) {
  constexpr std::string_view kEnd = "\r\n\r\n";
  if (head_.empty()) {
    if (const size_t end = bytes.find(kEnd); end != std::string_view::npos) {
      consumed = end + kEnd.size();
      return parse_head(bytes.substr(0, end + 2)) ? ReadResult::complete : ReadResult::broken;
    }
  }
  const size_t before = head_.size();
  head_ += bytes;
  const size_t end = head_.find(kEnd, before < 3 ? 0 : before - 3);
  if (end == std::string::npos) {
    consumed = bytes.size();
    return head_.size() > kHeadBytesMax ? ReadResult::broken : ReadResult::need_more;
  }
  consumed = end + kEnd.size() - before;
  const bool is_good = parse_head(std::string_view(head_).substr(0, end + 2));
  head_.clear();
  return is_good ? ReadResult::complete : ReadResult::broken;
}

bool AnswerReader::parse_head(std::string_view head) {
  const bool is_old = head.starts_with("HTTP/1.0 ");
  uint64_t status = 0;
  if (!is_old && !head.starts_with("HTTP/1.1 ")) return false;
  if (head.size() < 12 || !parse_number(head.substr(9, 3), 10, status)) return false;
  status_ = static_cast<uint16_t>(status);
  keeps_alive_ = !is_old;
  has_length_ = false;
  bool is_chunked = false;
  for (size_t at = head.find("\r\n") + 2; at < head.size();) {
    const size_t end = head.find("\r\n", at);
    const std::string_view line = head.substr(at, end - at);
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos || colon == 0) return false;
    if (!take_field(line.substr(0, colon), trimmed(line.substr(colon + 1)), is_chunked)) return false;
    at = end + 2;
  }
  if (status_ >= 100 && status_ < 200 && status_ != 101) return true;  // Interim: the final one follows.
  if (to_head_ || status_ == 204 || status_ == 304 || (has_length_ && remaining_ == 0)) {
    state_ = State::done;
  } else if (is_chunked) {
    state_ = State::chunk_size;
  } else {
    state_ = has_length_ ? State::length : State::until_close;
    keeps_alive_ = keeps_alive_ && has_length_;
  }
  return !(is_chunked && has_length_);
}

bool AnswerReader::take_field(std::string_view name, std::string_view value, bool& is_chunked) {
  // By length first: folding the case of every name would be most of the client's work.
  if (name.size() == 14 && lower(name) == "content-length") {
    if (has_length_ || !parse_number(value, 10, remaining_)) return false;
    has_length_ = true;
  } else if (name.size() == 17 && lower(name) == "transfer-encoding") {
    is_chunked = true;
    return lower(value) == "chunked";
  } else if (name.size() == 10 && lower(name) == "connection") {
    const std::string options = lower(value);
    if (options.find("close") != std::string::npos) keeps_alive_ = false;
    if (options.find("keep-alive") != std::string::npos) keeps_alive_ = true;
  } else if (name.size() == answered_by_field_.size() && lower(name) == answered_by_field_) {
    answered_by_ = value;
  }
  return true;
}

ReadResult AnswerReader::read_line(std::string_view bytes, size_t& consumed) {
  const size_t end = bytes.find('\n');
  if (end == std::string_view::npos) {
    consumed = bytes.size();
    head_ += bytes;
    return head_.size() > kHeadBytesMax ? ReadResult::broken : ReadResult::need_more;
  }
  consumed = end + 1;
  std::string line = std::move(head_);
  head_.clear();
  line += bytes.substr(0, end + 1);
  if (!line.ends_with("\r\n")) return ReadResult::broken;
  line.resize(line.size() - 2);
  return take_line(line) ? ReadResult::complete : ReadResult::broken;
}

// One line of chunk framing.
bool AnswerReader::take_line(std::string_view line) {
  switch (state_) {
    case State::chunk_size:
      if (!parse_number(trimmed(line.substr(0, line.find(';'))), 16, remaining_)) return false;
      state_ = remaining_ == 0 ? State::trailers : State::chunk_data;
      return true;
    case State::chunk_end:
      state_ = State::chunk_size;
      return line.empty();
    case State::trailers:
      if (line.empty()) state_ = State::done;
      return true;
    default:
      return false;
  }
}

}  // namespace sluice::load
