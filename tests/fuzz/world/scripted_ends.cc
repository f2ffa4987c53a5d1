#include "tests/fuzz/world/scripted_ends.h"

#include <charconv>

#include "schemas/base/check.h"
#include "tests/sim/plan.h"
#include "tests/sim/sim_snapshot.h"

namespace sluice::fuzzing {

using sim::Framing;
using sim::Message;
using sim::MessageReader;

namespace {

constexpr RequestTemplate kRequests[] = {
    {"GET / HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"HEAD /x HTTP/1.1\r\nHost: a\r\n\r\n", true},
    {"POST /p HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nhello"},
    {"PUT /p HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
    {"POST /e HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 3\r\n\r\nabc"},
    {"GET /dead HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"GET /fixed HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"GET /moved/x?y HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"GET /c HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"},
    {"GET /u HTTP/1.1\r\nHost: a\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", false, true},
    {"OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"DELETE http://a/d HTTP/1.1\r\nHost: a\r\n\r\n"},
};

constexpr std::string_view kAnswers[] = {
    "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
    "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n",
    "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-T: v\r\n\r\n",
    "HTTP/1.1 204 No Content\r\n\r\n",
    "HTTP/1.1 304 Not Modified\r\nContent-Length: 9\r\n\r\n",
    "HTTP/1.1 100 Continue\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "HTTP/1.1 200 OK\r\n\r\nuntil the end",
    "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
    "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    "HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n",
};

uint64_t length_of(const Message& message) {
  const std::string_view text = message.field("content-length");
  uint64_t length = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), length);
  if (error != std::errc() || end != text.data() + text.size())
    sim::fail("a Content-Length we would not write: %.*s", static_cast<int>(text.size()), text.data());
  return length;
}

// What frames a message, which must say so in at most one way.
Framing framing_of(const Message& message, const char* who) {
  const uint32_t lengths = message.count("content-length");
  const uint32_t codings = message.count("transfer-encoding");
  if (lengths + codings > 1) sim::fail("%s: a message with %u lengths and %u codings", who, lengths, codings);
  if (codings == 1 && message.field("transfer-encoding") != "chunked")
    sim::fail("%s: a coding other than chunked", who);
  return codings == 1 ? Framing::chunked : lengths == 1 ? Framing::length : Framing::none;
}

}  // namespace

std::span<const RequestTemplate> request_templates() {
  return kRequests;
}
std::span<const std::string_view> answer_templates() {
  return kAnswers;
}

void Outbox::flush(sim::SimKernel& kernel, sim::Socket& socket) {
  while (!bytes_.empty()) {
    const int64_t written = kernel.write(socket, std::as_bytes(std::span(bytes_)));
    if (written <= 0) return;  // No room: on_writable() comes. Dead: nobody will miss it.
    bytes_.erase(0, static_cast<size_t>(written));
  }
  if (!ends_ || has_ended_) return;
  has_ended_ = true;
  kernel.shutdown_write(socket);
}

// ---- origins

FuzzOrigin::FuzzOrigin(sim::SimKernel& kernel, uint8_t last_octet) : kernel_(kernel) {
  kernel.listen(sim::ipv4_address(last_octet, sim::kWebOriginPort), *this);
}

void FuzzOrigin::on_accepted(sim::Socket& socket) {
  connections_.push_back(std::make_unique<FuzzOriginConnection>(kernel_, socket));
  socket.actor = connections_.back().get();
  connections_.back()->on_input(socket);
}

FuzzOriginConnection* FuzzOrigin::connection(uint32_t number) {
  if (connections_.empty()) return nullptr;
  return connections_[connections_.size() - 1 - number % connections_.size()].get();
}

void FuzzOriginConnection::on_input(sim::Socket& socket) {
  if (is_closed_) return;
  reader_.feed(kernel_.read_all(socket));
  for (;;) {
    if (reader_.state() == MessageReader::State::head) {
      if (!reader_.advance_head()) break;
      check_request();
    }
    reader_.advance_body();
    if (reader_.state() != MessageReader::State::done) break;
    reader_.next();
  }
  if (reader_.state() == MessageReader::State::broken)
    sim::fail("origin: the proxy wrote what it should not: %s", reader_.complaint().c_str());
  if (kernel_.is_at_end(socket)) {
    is_closed_ = true;
    kernel_.close(socket_);
  }
}

void FuzzOriginConnection::check_request() {
  ++requests_;
  const Message& message = reader_.message();
  const std::string_view line = message.start_line;
  const size_t first = line.find(' ');
  const bool has_form = line.ends_with(" HTTP/1.1") && first != std::string_view::npos &&
                        line.find(' ', first + 1) == line.size() - 9;
  if (!has_form) sim::fail("origin: a request line we would not write: %s", message.start_line.c_str());
  for (const char* name : {"host", "x-request-id", "x-forwarded-for", "x-forwarded-proto"}) {
    if (message.count(name) != 1)
      sim::fail("origin: %u fields %s in %s", message.count(name), name, message.start_line.c_str());
  }
  for (const char* name : {"keep-alive", "proxy-connection", "te-x"}) {
    if (message.count(name) != 0) sim::fail("origin: a hop-by-hop field %s", name);
  }
  if (message.count("upgrade") > 0) {
    reader_.be_raw();  // What follows is the tunnel's, if the origin agrees, and nothing if it does not.
    return;
  }
  const Framing framing = framing_of(message, "origin");
  reader_.begin_body(framing, framing == Framing::length ? length_of(message) : 0);
}

void FuzzOriginConnection::write(std::string_view bytes) {
  if (is_closed_) return;
  outbox_.add(bytes);
  outbox_.flush(kernel_, socket_);
}

void FuzzOriginConnection::end() {
  if (is_closed_) return;
  outbox_.end();
  outbox_.flush(kernel_, socket_);
}

void FuzzOriginConnection::reset() {
  if (is_closed_) return;
  is_closed_ = true;
  kernel_.reset(socket_);
}

// ---- clients

FuzzClient::FuzzClient(sim::SimKernel& kernel)
    : kernel_(kernel), socket_(&kernel.connect(sim::ipv4_address(sim::kProxyOctet, sim::kHttpPort), *this)) {}

void FuzzClient::on_input(sim::Socket& socket) {
  if (is_closed_ || is_stopped_) return;
  reader_.feed(kernel_.read_all(socket));
  if (is_modelled_) check_answers();
  if (kernel_.is_at_end(socket)) {
    is_closed_ = true;
    kernel_.close(*socket_);
  }
}

void FuzzClient::check_answers() {
  for (;;) {
    if (reader_.state() == MessageReader::State::head) {
      if (!reader_.advance_head()) break;
      const Message& message = reader_.message();
      if (!message.start_line.starts_with("HTTP/1.1 "))
        sim::fail("client: a status line we would not write: %s", message.start_line.c_str());
      const int status = std::atoi(message.start_line.c_str() + 9);
      if (answered_ >= sent_.size())
        sim::fail("client: an answer to nothing: %s", message.start_line.c_str());
      if (status == 101) {
        if (!sent_[answered_].may_upgrade) sim::fail("client: 101 without having asked");
        reader_.be_raw();
        is_modelled_ = false;
        return;
      }
      if (status < 200) {
        reader_.next();
        continue;
      }
      const bool has_no_body = sent_[answered_].is_head || status == 204 || status == 304;
      Framing framing = framing_of(message, "client");
      if (framing == Framing::none) framing = Framing::until_end;
      if (has_no_body) framing = Framing::none;
      reader_.begin_body(framing, framing == Framing::length ? length_of(message) : 0);
    }
    reader_.advance_body();
    if (reader_.state() != MessageReader::State::done) break;
    ++answered_;
    reader_.next();
  }
  if (reader_.state() == MessageReader::State::broken)
    sim::fail("client: the proxy wrote what it should not: %s", reader_.complaint().c_str());
}

void FuzzClient::on_connected(sim::Socket& socket, int error) {
  is_closed_ = error != 0;
  is_connected_ = error == 0;
  if (is_connected_) outbox_.flush(kernel_, socket);
}

void FuzzClient::write(std::string_view bytes) {
  is_modelled_ = false;
  outbox_.add(bytes);
  if (is_connected_ && !is_closed_) outbox_.flush(kernel_, *socket_);
}

void FuzzClient::send(const RequestTemplate& request) {
  sent_.push_back(request);
  outbox_.add(request.text);
  if (is_connected_ && !is_closed_) outbox_.flush(kernel_, *socket_);
}

void FuzzClient::end() {
  outbox_.end();
  if (is_connected_ && !is_closed_) outbox_.flush(kernel_, *socket_);
}

void FuzzClient::reset() {
  if (is_closed_) return;
  is_closed_ = true;
  kernel_.reset(*socket_);
}

void FuzzClient::stop_reading(bool is_stopped) {
  is_stopped_ = is_stopped;
  if (!is_stopped_) on_input(*socket_);
}

}  // namespace sluice::fuzzing
