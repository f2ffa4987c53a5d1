#include "tests/fuzz/proxy/raw_ends.h"

#include <charconv>

#include "tests/sim/plan.h"

namespace sluice::fuzzing {
namespace {

using sim::fail;
using sim::Framing;

constexpr Duration kPiecePause = Duration::milliseconds(1);
constexpr const char* kPlainAnswer = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";

}  // namespace

// ---- client

RawClient::RawClient(sim::SimKernel& kernel, const sockaddr_storage& proxy, const Script& script)
    : kernel_(kernel), script_(script), socket_(kernel.connect(proxy, *this)), writer_(kernel) {}

void RawClient::on_connected(sim::Socket&, int error) {
  if (error != 0) fail("client: the proxy does not accept");
  writer_.begin(socket_, {});
  send_piece(0);
}

void RawClient::send_piece(size_t index) {
  if (has_ended_) return;
  if (index == script_.client_pieces.size()) {
    all_given_ = true;
    return half_close_if_due();
  }
  if (!script_.client_pieces[index].empty()) writer_.add(script_.client_pieces[index]);
  kernel_.call_at(kernel_.now() + kPiecePause, [this, index] { send_piece(index + 1); });
}

void RawClient::half_close_if_due() {
  if (all_given_ && script_.half_closes && writer_.is_done() && !has_ended_) kernel_.shutdown_write(socket_);
}

void RawClient::on_writable(sim::Socket&) {
  if (has_ended_) return;
  writer_.flush();
  half_close_if_due();
}

void RawClient::on_input(sim::Socket&) {
  if (has_ended_) return;
  received_ += kernel_.read_all(socket_);
  if (kernel_.is_at_end(socket_)) close();
}

void RawClient::close() {
  if (has_ended_) return;
  has_ended_ = true;
  writer_.forget();
  kernel_.close(socket_);
}

// ---- origin

class RawOrigin::Connection final : public sim::SimActor {
 public:
  Connection(RawOrigin& origin, sim::Socket& socket)
      : origin_(origin), kernel_(origin.kernel_), socket_(socket), writer_(origin.kernel_) {
    writer_.begin(socket, {});
  }

  void on_input(sim::Socket&) override {
    if (is_closed_) return;
    reader_.feed(kernel_.read_all(socket_));
    while (read()) {
    }
    if (!is_closed_ && kernel_.is_at_end(socket_)) close();
  }
  void on_writable(sim::Socket&) override {
    if (!is_closed_) writer_.flush();
  }
  void close() {
    if (is_closed_) return;
    is_closed_ = true;
    writer_.forget();
    kernel_.close(socket_);
  }

 private:
  bool read() {
    if (is_tunnel_) return false;
    const bool has_head = reader_.advance_head();
    if (has_head) begin_request();
    if (reader_.state() == sim::MessageReader::State::body) current().body += reader_.advance_body();
    if (reader_.state() == sim::MessageReader::State::broken) fail("origin: %s", reader_.complaint().c_str());
    if (reader_.state() != sim::MessageReader::State::done) return false;
    current().is_complete = true;
    reader_.next();
    return !is_closed_;
  }

  SeenRequest& current() { return origin_.requests_.at(request_); }

  void begin_request() {
    const sim::Message& message = reader_.message();
    request_ = origin_.requests_.size();
    origin_.requests_.push_back({message.start_line.substr(0, message.start_line.find(' ')), "", false});
    const uint32_t lengths = message.count("content-length");
    const uint32_t encodings = message.count("transfer-encoding");
    if (lengths + encodings > 1) fail("origin: %u lengths and %u encodings", lengths, encodings);
    if (message.count("host") != 1) fail("origin: %u Host fields", message.count("host"));
    if (!message.start_line.ends_with(" HTTP/1.1")) fail("origin: '%s'", message.start_line.c_str());
    uint64_t length = 0;
    const std::string_view text = message.field("content-length");
    std::from_chars(text.data(), text.data() + text.size(), length);
    reader_.begin_body(encodings > 0 ? Framing::chunked
                       : lengths > 0 ? Framing::length
                                     : Framing::none,
                       length);
    is_tunnel_ = message.count("upgrade") > 0;  // What follows may be anything.
    answer(0);
  }

  void answer(size_t piece) {
    if (is_closed_) return;
    if (request_ >= origin_.script_.answers.size()) return writer_.add(kPlainAnswer);
    const AnswerScript& script = origin_.script_.answers[request_];
    if (piece < script.pieces.size()) {
      if (!script.pieces[piece].empty()) writer_.add(script.pieces[piece]);
      kernel_.call_at(kernel_.now() + kPiecePause, [this, piece] { answer(piece + 1); });
      return;
    }
    if (script.end == AnswerScript::End::closes) kernel_.shutdown_write(socket_);
    if (script.end != AnswerScript::End::resets) return;
    is_closed_ = true;
    kernel_.reset(socket_);
  }

  RawOrigin& origin_;
  sim::SimKernel& kernel_;
  sim::Socket& socket_;
  sim::MessageReader reader_;
  sim::PacedWriter writer_;
  size_t request_ = 0;
  bool is_tunnel_ = false;
  bool is_closed_ = false;
};

RawOrigin::RawOrigin(sim::SimKernel& kernel, const sockaddr_storage& address, const Script& script)
    : kernel_(kernel), script_(script) {
  kernel.listen(address, *this);
}

RawOrigin::~RawOrigin() = default;

void RawOrigin::on_accepted(sim::Socket& socket) {
  connections_.push_back(std::make_unique<Connection>(*this, socket));
  socket.actor = connections_.back().get();
}

void RawOrigin::close_all() {
  for (const std::unique_ptr<Connection>& connection : connections_) connection->close();
}

}  // namespace sluice::fuzzing
