#include "tests/sim/sim_origin.h"

#include <charconv>

#include "schemas/base/check.h"

namespace sluice::sim {
namespace {

// "/r/17?..." → 17; 0 when it is no such path.
uint32_t id_of_target(std::string_view target) {
  const std::size_t start = target.find("/r/");
  if (start == std::string_view::npos) return 0;
  uint32_t id = 0;
  std::from_chars(target.data() + start + 3, target.data() + target.size(), id);
  return id;
}

}  // namespace

SimOrigin::SimOrigin(SimKernel& kernel, Ledger& ledger, const sockaddr_storage& address,
                     const OriginOptions& options)
    : kernel_(kernel), ledger_(ledger), options_(options) {
  kernel.listen(address, *this);
}

void SimOrigin::on_accepted(Socket& socket) {
  auto connection = std::make_unique<OriginConnection>(*this, socket);
  socket.actor = connection.get();
  connections_.push_back(std::move(connection));
}

void SimOrigin::close_all() {
  for (const std::unique_ptr<SimActor>& connection : connections_) {
    static_cast<OriginConnection&>(*connection).close();
  }
}

OriginConnection::OriginConnection(SimOrigin& origin, Socket& socket)
    : origin_(origin),
      kernel_(origin.kernel_),
      socket_(socket),
      writer_(origin.kernel_),
      preamble_(origin.options_.expects_preamble) {
  writer_.begin(socket, {});
  writer_.after_pause = [this] { answer_written(); };
  watch_idle();
}

void OriginConnection::close() {
  if (is_closed_) return;
  is_closed_ = true;
  writer_.forget();
  kernel_.close(socket_);
}

void OriginConnection::on_writable(Socket&) {
  if (is_closed_) return;
  writer_.flush();
  answer_written();
}

void OriginConnection::on_input(Socket&) {
  if (is_closed_) return;
  ++activity_;
  reader_.feed(preamble_.feed(kernel_.read_all(socket_)));
  if (is_tunnel_) return read_tunnel();
  read_request();
  if (is_closed_) return;
  if (kernel_.is_at_end(socket_)) close();  // The proxy is gone, and nobody waits for an answer.
}

void OriginConnection::read_request() {
  // (An early answer lets the body follow; unasked bytes follow an answer that was complete for the proxy.)
  const bool is_excused = act_ == OriginAct::early_answer || act_ == OriginAct::extra_bytes;
  if (answering_ && !is_excused && reader_.has_pending()) {
    fail("origin: bytes of a next request before request %u was answered: %.80s", plan_->id,
         reader_.pending().c_str());
  }
  note_request_line();
  if (reader_.advance_head()) begin_request();
  if (plan_ == nullptr) {
    if (reader_.state() == MessageReader::State::broken) fail("origin: %s", reader_.complaint().c_str());
    return;
  }
  check_body(reader_.advance_body());
  if (reader_.state() == MessageReader::State::broken) fail("origin: %s", reader_.complaint().c_str());
  if (reader_.state() == MessageReader::State::done) body_finished();
}

// A request may have been processed as soon as an origin knows what it is, long before its head is complete.
void OriginConnection::note_request_line() {
  if (plan_ != nullptr || line_was_noted_ || reader_.pending().find("\r\n") == std::string::npos) return;
  line_was_noted_ = true;
  const uint32_t id = id_of_target(reader_.pending().substr(0, reader_.pending().find("\r\n")));
  if (!origin_.ledger_.knows(id)) return;  // begin_request() complains.
  const uint32_t seen = ++origin_.ledger_.facts(id).lines_seen;
  if (seen > 1 && !origin_.ledger_.plan(id).is_idempotent()) {
    fail("D2: request %u, which is not idempotent, came over %u connections", id, seen);
  }
}

void OriginConnection::begin_request() {
  const Message& message = reader_.message();
  const uint32_t id = id_of_target(message.start_line);
  if (!origin_.ledger_.knows(id)) fail("origin: a request nobody planned: %s", message.start_line.c_str());
  plan_ = &origin_.ledger_.plan(id);
  RequestFacts& facts = origin_.ledger_.facts(id);
  kernel_.note("origin reads head: socket, request", socket_.id, id, facts.heads_seen);
  ++origin_.requests_;
  check_request_head(message);
  ++facts.heads_seen;
  if (!plan_->is_idempotent() && facts.heads_seen > 1) {
    fail("D2: %s request %u reached origins %u times", plan_->method.c_str(), id, facts.heads_seen);
  }
  if (facts.heads_seen > origin_.options_.heads_per_request_max) {
    fail("D2: request %u was tried %u times", id, facts.heads_seen);
  }
  act_ = plan_->act_only_first && facts.heads_seen > 1 ? OriginAct::normal : plan_->origin_act;
  Framing framing = Framing::none;
  uint64_t length = 0;
  if (message.count("transfer-encoding") > 0) {
    framing = Framing::chunked;
  } else if (const std::string_view text = message.field("content-length"); !text.empty()) {
    framing = Framing::length;
    std::from_chars(text.data(), text.data() + text.size(), length);
  }
  const uint64_t expected = plan_->request_framing == Framing::none ? 0 : plan_->request_bytes;
  if (framing == Framing::length && length != expected) {
    fail("D1: request %u announces %llu body bytes, the client %llu", id,
         static_cast<unsigned long long>(length), static_cast<unsigned long long>(expected));
  }
  if (framing == Framing::none && expected > 0) fail("D1: request %u lost its body framing", id);
  reader_.begin_body(framing, length);
  if (act_ == OriginAct::early_answer) return schedule_answer();
  if (message.field("expect") == "100-continue" && plan_->request_bytes > 0) {
    writer_.add("HTTP/1.1 100 Continue\r\n\r\n");
  }
}

void OriginConnection::check_request_head(const Message& message) {
  const std::string start = plan_->method + " /r/" + std::to_string(plan_->id) + "?x=y HTTP/1.1";
  if (message.start_line != start) {
    fail("D1: request line '%s' became '%s'", start.c_str(), message.start_line.c_str());
  }
  if (message.count("host") != 1) fail("request %u has %u Host fields", plan_->id, message.count("host"));
  if (message.count("content-length") + message.count("transfer-encoding") > 1) {
    fail("request %u has ambiguous framing", plan_->id);
  }
  if (message.count("keep-alive") + message.count("proxy-connection") + message.count("x-hop") > 0) {
    fail("request %u carries hop-by-hop fields", plan_->id);
  }
  if (message.field("x-filler").size() != plan_->filler_bytes)
    fail("D1: request %u lost header bytes", plan_->id);
  // A client that is gone already has no address; everybody else has exactly one.
  preamble_.check_client(plan_->id, message.field("x-forwarded-for"));
  if (message.count("x-forwarded-for") > 1) fail("request %u has two X-Forwarded-For", plan_->id);
}

void OriginConnection::check_body(std::string_view bytes) {
  const uint64_t from = reader_.body_bytes() - bytes.size();
  const uint64_t right = plan_->request_pattern().matching(from, bytes);
  if (right != bytes.size()) {
    fail("D1: %s request %u: body byte %llu of %llu is not what the client sent: '%.60s'",
         plan_->method.c_str(), plan_->id, static_cast<unsigned long long>(from + right),
         static_cast<unsigned long long>(plan_->request_bytes), std::string(bytes.substr(right)).c_str());
  }
}

void OriginConnection::body_finished() {
  if (answer_scheduled_ && act_ != OriginAct::early_answer) return;
  const uint64_t expected = plan_->request_framing == Framing::none ? 0 : plan_->request_bytes;
  if (reader_.body_bytes() != expected) {
    fail("D1: request %u looks complete after %llu of %llu body bytes", plan_->id,
         static_cast<unsigned long long>(reader_.body_bytes()), static_cast<unsigned long long>(expected));
  }
  origin_.ledger_.facts(plan_->id).body_complete = true;
  if (!answer_scheduled_) return schedule_answer();
  answer_written();
}

void OriginConnection::schedule_answer() {
  answer_scheduled_ = true;
  kernel_.call_at(kernel_.now() + plan_->answer_delay, [this, life = served_] {
    if (!is_closed_ && life == served_) answer();
  });
}

void OriginConnection::answer_written() {
  if (!answering_ || !writer_.is_done() || is_closed_) return;
  if (reset_when_written_ || close_when_written_) {
    if (reset_when_written_) kernel_.reset(socket_);
    return reset_when_written_ ? void(is_closed_ = true) : close();
  }
  if (is_tunnel_) return tick_tunnel();
  if (act_ == OriginAct::early_answer && reader_.state() != MessageReader::State::done) return;
  answering_ = false;
  answer_scheduled_ = false;
  plan_ = nullptr;
  line_was_noted_ = false;
  ++served_;
  reader_.next();
  const uint32_t most = origin_.options_.requests_per_connection_max;
  if (most > 0 && served_ >= most) return close();
  watch_idle();
  if (reader_.has_pending()) read_request();
}

void OriginConnection::watch_idle() {
  if (origin_.options_.idle_timeout.nanoseconds == 0) return;
  kernel_.call_at(kernel_.now() + origin_.options_.idle_timeout, [this, activity = activity_] {
    if (!is_closed_ && plan_ == nullptr && activity == activity_) close();
  });
}

}  // namespace sluice::sim
