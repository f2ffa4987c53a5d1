// The reading half of SimClient: every check on what the proxy sends.
#include <charconv>

#include "schemas/base/check.h"
#include "tests/sim/sim_client.h"

namespace sluice::sim {

void SimClient::on_input(Socket& socket) {
  // A script that stopped reading does not see resets either, until it looks again.
  if (is_done_ || is_stalled_ || &socket != socket_) {
    const bool is_thrown_out = socket.is_dead || (stalls_for_ever_ && socket.end_arrived);
    if (!is_done_ && is_stalled_ && is_thrown_out) finish();
    return;
  }
  progress_at_ = kernel_.now();
  const std::string bytes = kernel_.read_all(socket);
  bytes_read_ += bytes.size();
  reader_.feed(bytes);
  if (is_tunnel_) return read_tunnel();
  read_answers();
  if (is_done_ || is_tunnel_) return;
  act_if_due();
  if (!is_done_ && kernel_.is_at_end(socket)) connection_ended();
}

void SimClient::read_answers() {
  for (;;) {
    if (is_done_ || is_tunnel_) return;
    if (answered_ == sent_) {
      if (reader_.has_pending())
        fail("client: bytes nobody asked for after request %u", requests_.at(sent_ - 1));
      return;
    }
    const bool has_head = reader_.advance_head();
    if (has_head) begin_answer();
    if (reader_.state() == MessageReader::State::broken) fail("client: %s", reader_.complaint().c_str());
    if (is_tunnel_) return read_tunnel();
    if (!in_answer_) {
      if (!has_head) return;
      continue;  // An interim answer; more may be there already.
    }
    check_answer_body(reader_.advance_body());
    if (reader_.state() == MessageReader::State::broken) fail("client: %s", reader_.complaint().c_str());
    if (reader_.state() != MessageReader::State::done) return;
    answer_finished();
  }
}

void SimClient::begin_answer() {
  const Message& message = reader_.message();
  const RequestPlan& plan = current();
  uint16_t status = 0;
  if (message.start_line.starts_with("HTTP/1.1 ")) {
    std::from_chars(message.start_line.data() + 9, message.start_line.data() + 12, status);
  }
  if (status < 100 || status > 599) fail("client: status line '%s'", message.start_line.c_str());
  kernel_.note("client reads head: socket, request, status", socket_->id, plan.id, status);
  if (status < 200 && status != 101) {
    check_interim(status);
    reader_.next();
    if (status == 100 && awaits_continue_) send_body(ledger_.plan(requests_.at(sent_ - 1)));
    return;
  }
  check_answer_head(message, status);
  if (status == 101) return begin_tunnel();
  in_answer_ = true;
  if (awaits_continue_ && sent_ - 1 == answered_) {
    awaits_continue_ = false;  // A final answer instead of 100: the body is not sent, the connection ends.
    leaves_after_answer_ = true;
  }
  server_closes_ =
      message.connection_has("close") || (plan.minor_version == 0 && !message.connection_has("keep-alive"));
  Framing framing = Framing::until_end;
  uint64_t length = 0;
  if (plan.method == "HEAD" || status == 204 || status == 304) {
    framing = Framing::none;
  } else if (message.count("transfer-encoding") > 0) {
    framing = Framing::chunked;
    if (plan.minor_version == 0) fail("client: chunked answer to HTTP/1.0 request %u", plan.id);
  } else if (const std::string_view text = message.field("content-length"); !text.empty()) {
    framing = Framing::length;
    std::from_chars(text.data(), text.data() + text.size(), length);
  } else if (!server_closes_) {
    fail("client: answer to request %u has no end and keeps the connection", plan.id);
  }
  reader_.begin_body(framing, length);
}

// However often the request was tried, the client hears of it once.
void SimClient::check_interim(uint16_t status) {
  const RequestPlan& plan = current();
  RequestFacts& seen = facts();
  if (plan.minor_version == 0) fail("client: 1xx for HTTP/1.0 request %u", plan.id);
  if (status == 100 && ++seen.continues_seen > 1) fail("client: request %u got two 100", plan.id);
  if (status == 103 && ++seen.interims_seen > plan.interims_max()) {
    fail("client: request %u got %u 103, its origin sends %u", plan.id, seen.interims_seen,
         plan.interims_max());
  }
}

void SimClient::check_answer_head(const Message& message, uint16_t status) {
  const RequestPlan& plan = current();
  RequestFacts& seen = facts();
  if (seen.was_answered) fail("client: a second final answer to request %u", plan.id);
  seen.was_answered = true;
  seen.status = status;
  const std::string_view id = message.field("x-id");
  seen.by_proxy = id.empty();
  const bool is_unasked = ledger_.has_unasked_answers && message.start_line.ends_with("Unasked");
  if (seen.by_proxy) {
    const bool is_expected = is_unasked || (plan.local_path.empty() ? status >= 400 && status != 500
                                                                    : status == plan.status || status >= 400);
    if (!is_expected) fail("client: proxy answers request %u with %u", plan.id, status);
    if (plan.client_act == ClientAct::sends_garbage && !message.connection_has("close")) {
      fail("client: request %u was garbage, and the connection is kept", plan.id);
    }
  } else {
    if (id != std::to_string(plan.id)) {
      fail("D1: request %u got the answer to request %s", plan.id, std::string(id).c_str());
    }
    const uint16_t expected = plan.wants_upgrade && plan.accepts_upgrade ? 101 : plan.status;
    if (status != expected)
      fail("D1: request %u got status %u, the origin said %u", plan.id, status, expected);
  }
  if (message.count("content-length") + message.count("transfer-encoding") > 1) {
    fail("client: ambiguous framing in the answer to request %u", plan.id);
  }
  if (message.count("x-hop") + message.count("keep-alive") > 0) {
    fail("client: hop-by-hop fields in the answer to request %u", plan.id);
  }
}

void SimClient::check_answer_body(std::string_view bytes) {
  body_bytes_received_ += bytes.size();
  if (facts().by_proxy || bytes.empty()) return;
  const RequestPlan& plan = current();
  const uint64_t from = reader_.body_bytes() - bytes.size();
  uint64_t right = plan.response_pattern().matching(from, bytes);
  if (from + right > plan.response_bytes) right = plan.response_bytes - std::min(from, plan.response_bytes);
  if (right == bytes.size()) return;
  // A spoiled chunked body may arrive up to where it was spoiled.
  if (plan.origin_act == OriginAct::garbage_chunk) return;
  fail("D1: answer to request %u: byte %llu is not what the origin sent", plan.id,
       static_cast<unsigned long long>(from + right));
}

// A body that looks complete has to be complete.
void SimClient::check_whole_answer() {
  const RequestPlan& plan = current();
  if (facts().by_proxy || !plan.has_response_body()) return;
  if (facts().answer_was_cut && plan.response_framing == Framing::until_end) return;  // Nobody can tell.
  if (reader_.body_bytes() == plan.response_bytes) return;
  fail("D1: answer to request %u looks complete after %llu of %llu bytes", plan.id,
       static_cast<unsigned long long>(reader_.body_bytes()),
       static_cast<unsigned long long>(plan.response_bytes));
}

void SimClient::answer_finished() {
  check_whole_answer();
  kernel_.note("client has answer: socket, request", socket_->id, current().id);
  facts().was_completed = true;
  facts().has_ended = true;
  in_answer_ = false;
  // A proxy that gave up before it knew the method may send the page that HEAD does not have.
  if (facts().by_proxy && server_closes_ && current().method == "HEAD") reader_ = {};
  ++answered_;
  reader_.next();
  if (answered_ == requests_.size()) return after_last_answer();
  if (server_closes_ || leaves_after_answer_) {  // The rest goes over a new connection.
    if (reader_.has_pending()) {
      fail("client: bytes behind the last answer of a connection: %.80s", reader_.pending().c_str());
    }
    kernel_.close(*socket_);
    ++life_;
    return start(kernel_.now() + options_.think_time);
  }
  if (options_.think_time.nanoseconds == 0) return send_next();
  kernel_.call_at(kernel_.now() + options_.think_time, [this, life = life_] {
    if (life == life_ && !is_done_ && socket_->state == Socket::State::connected) send_next();
  });
}

void SimClient::after_last_answer() {
  if (reader_.has_pending()) {
    fail("client: bytes behind the last answer: %.80s", reader_.pending().c_str());
  }
  if (options_.linger.nanoseconds == 0 || server_closes_) return finish();
  kernel_.call_at(kernel_.now() + options_.linger, [this, life = life_] {
    if (life == life_) finish();
  });
}

void SimClient::connection_ended() {
  if (socket_->error == 0 && !socket_->is_dead) {
    reader_.end_of_input();
    if (in_answer_ && reader_.state() == MessageReader::State::done) {
      answer_finished();
      if (is_done_ || !in_answer_) return;
    }
  }
  // Requests that were sent have lost their answers. Others may be tried on a new connection.
  const std::size_t lost = sent_;
  for (std::size_t i = answered_; i < lost; ++i) ledger_.facts(requests_[i]).has_ended = true;
  kernel_.close(*socket_);
  ++life_;
  writer_.forget();
  answered_ = lost;
  if (answered_ >= requests_.size()) return finish();
  start(kernel_.now() + options_.think_time);
}

void SimClient::begin_tunnel() {
  facts().was_completed = true;
  is_tunnel_ = true;
  reader_.be_raw();
  writer_.add(current().tunnel_client_pattern().make(0, current().tunnel_client_bytes));
  tick_tunnel();
}

void SimClient::read_tunnel() {
  const RequestPlan& plan = current();
  const std::string bytes = reader_.advance_body();
  const uint64_t right = plan.tunnel_origin_pattern().matching(tunnel_received_, bytes);
  if (right != bytes.size() || tunnel_received_ + right > plan.tunnel_origin_bytes) {
    fail("D1: upgraded request %u: byte %llu at the client is not what the origin sent", plan.id,
         static_cast<unsigned long long>(tunnel_received_ + right));
  }
  tunnel_received_ += right;
  act_if_due();
  tick_tunnel();
}

void SimClient::tick_tunnel() {
  if (is_done_) return;
  if (writer_.is_done() && !has_stopped_writing_) kernel_.shutdown_write(*socket_);
  const bool is_over = kernel_.is_at_end(*socket_) && (writer_.is_done() || has_stopped_writing_);
  if (is_over || socket_->is_dead || writer_.has_failed()) finish();
}

}  // namespace sluice::sim
