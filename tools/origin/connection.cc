#include "tools/origin/connection.h"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <charconv>

namespace sluice::origin {
namespace {

constexpr uint64_t kPatternPeriod = 251;  // A prime: a shift by any power of two shows.

const std::string& pattern() {
  static const std::string bytes = [] {
    std::string made(64 * 1024 + kPatternPeriod, '\0');
    for (size_t i = 0; i < made.size(); ++i) made[i] = static_cast<char>(i % kPatternPeriod);
    return made;
  }();
  return bytes;
}

}  // namespace

Connection::~Connection() {
  close(descriptor_);
}

bool Connection::on_readable() {
  char bytes[64 * 1024];
  const ssize_t count = recv(descriptor_, bytes, sizeof bytes, 0);
  if (count < 0) return errno == EAGAIN || errno == EINTR;
  if (count == 0) {
    input_ended_ = true;
  } else {
    input_.append(bytes, static_cast<size_t>(count));
  }
  return advance();
}

bool Connection::on_timer() {
  deadline_ = Clock::time_point::max();
  if (phase_ == Phase::pause) begin_answer();
  return advance();
}

// Goes on until something outside has to happen: bytes, room to write, or a timer.
bool Connection::advance() {
  bool more = true;
  while (more) {
    while (step()) {
    }
    if (!flush()) return false;
    // The socket took everything: an answer that waited for room may go on.
    more = phase_ == Phase::answer && !wants_write() && !close_after_flush_ &&
           deadline_ == Clock::time_point::max();
  }
  if (wants_write()) return true;
  if (close_after_flush_) return say_goodbye();
  const bool idle = phase_ == Phase::head || phase_ == Phase::hang;
  return !(input_ended_ && idle);
}

// Closing with unread input would send RST and could cost the peer its answer: say goodbye, then read on
// until the peer does the same.
bool Connection::say_goodbye() {
  if (answer_.kind == Answer::Kind::reset) {
    reset_on_close();
    return false;
  }
  if (phase_ != Phase::linger) shutdown(descriptor_, SHUT_WR);
  phase_ = Phase::linger;
  input_.clear();
  input_used_ = 0;
  return !input_ended_;
}

// True when another step may follow at once.
bool Connection::step() {
  if (close_after_flush_ || output_.size() - output_sent_ >= kOutputBytesMax) return false;
  switch (phase_) {
    case Phase::head:
      return read_head();
    case Phase::body:
      return read_body();
    case Phase::answer:
      return continue_answer();
    case Phase::raw:
      output_.append(input_, input_used_);
      input_.clear();
      input_used_ = 0;
      if (input_ended_) close_after_flush_ = true;
      return false;
    case Phase::pause:
    case Phase::hang:
    case Phase::linger:
      return false;
  }
  return false;
}

bool Connection::read_head() {
  if (input_used_ == input_.size()) {
    input_.clear();
    input_used_ = 0;
    return false;
  }
  const std::string_view waiting = std::string_view(input_).substr(input_used_);
  const ParseResult result = parse_request(waiting, request_);
  if (result == ParseResult::need_more) return false;
  if (result == ParseResult::invalid) {
    output_ += "HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    close_after_flush_ = true;
    return false;
  }
  if (request_.path != "/counters") ++site_.counters.requests;  // Asking changes nothing.
  keep_alive_ = request_.keep_alive;
  head_only_ = request_.method == "HEAD";
  const size_t head_bytes = request_.head_bytes;
  if (request_.path == "/" && request_.content_length == 0 && !request_.chunked) {
    input_used_ += head_bytes;
    output_ += head_only_ ? site_.plain_head_only : site_.plain;
    if (!keep_alive_) close_after_flush_ = true;
    return true;
  }
  // The fields outlive the input buffer while a body arrives, so they get bytes of their own.
  head_copy_.assign(waiting.substr(0, head_bytes));
  parse_request(head_copy_, request_);
  input_used_ += head_bytes;
  body_.begin(request_);
  phase_ = Phase::body;
  if (request_.expects_continue && !body_.is_complete()) {
    if (request_.path == "/refuse-body") {
      choose();
    } else {
      output_ += "HTTP/1.1 100 Continue\r\n\r\n";
    }
  }
  return true;
}

bool Connection::read_body() {
  const size_t used = body_.consume(std::string_view(input_).substr(input_used_));
  if (used == SIZE_MAX) {
    close_after_flush_ = true;
    return false;
  }
  input_used_ += used;
  if (input_used_ == input_.size()) {
    input_.clear();
    input_used_ = 0;
  }
  if (!body_.is_complete()) {
    if (input_ended_) close_after_flush_ = true;
    return false;
  }
  choose();
  return true;
}

void Connection::choose() {
  choose_answer(request_, body_, site_.settings, site_.counters, answer_);
  if (request_.path == "/") answer_.head = head_only_ ? site_.plain_head_only : site_.plain;
  pattern_sent_ = 0;
  if (answer_.delay.count() > 0) {
    phase_ = Phase::pause;
    deadline_ = Clock::now() + answer_.delay;
  } else {
    begin_answer();
  }
}

void Connection::begin_answer() {
  phase_ = Phase::answer;
  output_ += answer_.head;
  switch (answer_.kind) {
    case Answer::Kind::hang:
      phase_ = Phase::hang;
      return;
    case Answer::Kind::close:
      close_after_flush_ = true;
      return;
    case Answer::Kind::upgrade:
      phase_ = Phase::raw;
      return;
    case Answer::Kind::reply:
    case Answer::Kind::reset:
      break;
  }
  if (head_only_) {
    answer_.pattern_bytes = 0;
    answer_.chunked = false;
  } else {
    output_ += answer_.body;
  }
}

bool Connection::continue_answer() {
  if (pattern_sent_ < answer_.pattern_bytes) {
    append_pattern();
    if (answer_.piece_delay.count() > 0 && pattern_sent_ < answer_.pattern_bytes) {
      deadline_ = Clock::now() + answer_.piece_delay;
      return false;
    }
    return true;
  }
  if (answer_.chunked) {
    output_ += "0\r\n";
    if (answer_.trailers) output_ += "X-Checksum: " + std::to_string(pattern_sent_) + "\r\n";
    output_ += "\r\n";
  }
  if (answer_.close_after || !keep_alive_ || answer_.kind == Answer::Kind::reset) close_after_flush_ = true;
  phase_ = Phase::head;
  return true;
}

void Connection::append_pattern() {
  const uint64_t piece_bytes_max = answer_.piece_bytes > 0 ? answer_.piece_bytes : 64 * 1024;
  const uint64_t count = std::min(piece_bytes_max, answer_.pattern_bytes - pattern_sent_);
  if (answer_.chunked) {
    char size[24];
    const auto end = std::to_chars(size, size + sizeof size, count, 16);
    output_.append(size, end.ptr);
    output_ += "\r\n";
  }
  output_.append(pattern(), pattern_sent_ % kPatternPeriod, count);
  if (answer_.chunked) output_ += "\r\n";
  pattern_sent_ += count;
}

// False when the socket is gone.
bool Connection::flush() {
  while (wants_write()) {
    const ssize_t count =
        send(descriptor_, output_.data() + output_sent_, output_.size() - output_sent_, MSG_NOSIGNAL);
    if (count < 0) {
      if (errno == EINTR) continue;
      return errno == EAGAIN;
    }
    output_sent_ += static_cast<size_t>(count);
  }
  output_.clear();
  output_sent_ = 0;
  return true;
}

void Connection::reset_on_close() {
  const linger now{.l_onoff = 1, .l_linger = 0};
  setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &now, sizeof now);
}

}  // namespace sluice::origin
