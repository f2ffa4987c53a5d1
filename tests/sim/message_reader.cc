#include "tests/sim/message_reader.h"

#include <algorithm>
#include <charconv>

namespace sluice::sim {
namespace {

std::string lower(std::string_view text) {
  std::string result(text);
  std::ranges::transform(result, result.begin(), [](char c) { return c >= 'A' && c <= 'Z' ? c + 32 : c; });
  return result;
}

}  // namespace

std::string_view Message::field(std::string_view name) const {
  for (const auto& [key, value] : fields) {
    if (key == name) return value;
  }
  return {};
}

uint32_t Message::count(std::string_view name) const {
  return static_cast<uint32_t>(
      std::ranges::count_if(fields, [&](const auto& field) { return field.first == name; }));
}

bool Message::connection_has(std::string_view option) const {
  return lower(field("connection")).find(option) != std::string::npos;
}

void MessageReader::broken(std::string why) {
  state_ = State::broken;
  complaint_ = std::move(why);
}

bool MessageReader::take_line(std::string& line) {
  const std::size_t end = pending_.find('\n');
  if (end == std::string::npos) return false;
  if (end == 0 || pending_[end - 1] != '\r') {
    broken("a line that does not end in CRLF: " + pending_.substr(0, end));
    return false;
  }
  line = pending_.substr(0, end - 1);
  pending_.erase(0, end + 1);
  return true;
}

bool MessageReader::advance_head() {
  if (state_ != State::head) return false;
  std::string line;
  while (take_line(line)) {
    if (message_.start_line.empty()) {
      message_.start_line = line;
      if (line.empty()) broken("an empty line where a message should begin");
      continue;
    }
    if (line.empty()) {
      state_ = State::body;
      return true;
    }
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos || colon == 0 || line.compare(colon, 2, ": ") != 0) {
      broken("a field line not of the form 'name: value': " + line);
      return false;
    }
    message_.fields.emplace_back(lower(line.substr(0, colon)), line.substr(colon + 2));
  }
  return false;
}

void MessageReader::begin_body(Framing framing, uint64_t length) {
  framing_ = framing;
  remaining_ = length;
  body_bytes_ = 0;
  chunk_part_ = ChunkPart::size;
  if (framing == Framing::none || (framing == Framing::length && length == 0)) state_ = State::done;
}

std::string MessageReader::advance_body() {
  if (state_ != State::body) return {};
  std::string bytes;
  if (framing_ == Framing::chunked) {
    bytes = advance_chunked();
  } else if (framing_ == Framing::length) {
    bytes = pending_.substr(0, remaining_);
    pending_.erase(0, bytes.size());
    remaining_ -= bytes.size();
    if (remaining_ == 0) state_ = State::done;
  } else {
    bytes = std::exchange(pending_, {});
  }
  body_bytes_ += bytes.size();
  return bytes;
}

std::string MessageReader::advance_chunked() {
  std::string bytes;
  std::string line;
  while (state_ == State::body) {
    switch (chunk_part_) {
      case ChunkPart::size: {
        if (!take_line(line)) return bytes;
        const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), remaining_, 16);
        if (error != std::errc() || end != line.data() + line.size()) broken("chunk size line: " + line);
        chunk_part_ = remaining_ == 0 ? ChunkPart::trailer : ChunkPart::data;
        break;
      }
      case ChunkPart::data: {
        const uint64_t count = std::min<uint64_t>(remaining_, pending_.size());
        bytes.append(pending_, 0, count);
        pending_.erase(0, count);
        remaining_ -= count;
        if (remaining_ > 0) return bytes;
        chunk_part_ = ChunkPart::data_end;
        break;
      }
      case ChunkPart::data_end:
        if (!take_line(line)) return bytes;
        if (!line.empty()) broken("bytes between a chunk and its CRLF: " + line);
        chunk_part_ = ChunkPart::size;
        break;
      case ChunkPart::trailer:
        if (!take_line(line)) return bytes;
        if (line.empty()) state_ = State::done;
        break;
    }
  }
  return bytes;
}

void MessageReader::end_of_input() {
  if (state_ == State::body && framing_ == Framing::until_end) state_ = State::done;
}

void MessageReader::next() {
  state_ = State::head;
  message_ = {};
}

void MessageReader::be_raw() {
  state_ = State::body;
  framing_ = Framing::raw;
  body_bytes_ = 0;
}

}  // namespace sluice::sim
