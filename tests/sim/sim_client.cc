#include "tests/sim/sim_client.h"

#include <charconv>

#include "schemas/base/check.h"

namespace sluice::sim {
namespace {

std::string chunked_body(const RequestPlan& plan, Rng& rng) {
  const std::string body = plan.request_pattern().make(0, plan.request_bytes);
  std::string text;
  char size[32];
  for (uint64_t from = 0; from < body.size();) {
    const uint64_t count = std::min<uint64_t>(body.size() - from, 1 + rng.below(1 + rng.below(8192)));
    const char* form = rng.chance(1, 16) ? "%llX;name=value\r\n" : "%llx\r\n";
    std::snprintf(size, sizeof(size), form, static_cast<unsigned long long>(count));
    text.append(size).append(body, from, count).append("\r\n");
    from += count;
  }
  return text.append(rng.chance(1, 8) ? "0\r\nX-Trailer: yes\r\nTransfer-Encoding: chunked\r\n\r\n"
                                      : "0\r\n\r\n");
}

}  // namespace

SimClient::SimClient(SimKernel& kernel, Ledger& ledger, const sockaddr_storage& proxy,
                     std::vector<uint32_t> requests, const ClientOptions& options)
    : kernel_(kernel),
      ledger_(ledger),
      proxy_(proxy),
      requests_(std::move(requests)),
      options_(options),
      writer_(kernel),
      progress_at_(kernel.now()) {
  CHECK(!requests_.empty());
}

void SimClient::start(Instant when) {
  progress_at_ = when;
  kernel_.call_at(when, [this] { connect(); });
}

void SimClient::connect() {
  if (is_done_) return;
  ++life_;
  reader_ = {};
  sent_ = answered_;
  awaits_continue_ = in_answer_ = server_closes_ = leaves_after_answer_ = has_stopped_writing_ = is_stalled_ =
      false;
  socket_ = &kernel_.connect(proxy_, *this);
}

void SimClient::on_connected(Socket& socket, int error) {
  if (&socket != socket_) return;  // An earlier connect that a later one has replaced.
  progress_at_ = kernel_.now();
  if (error != 0) return finish();
  writer_.begin(*socket_, options_.pace);
  writer_.after_pause = [this] { on_writable(*socket_); };
  writer_.add(options_.preamble);
  send_next();
}

std::string SimClient::request_text(const RequestPlan& plan) {
  if (plan.client_act == ClientAct::sends_garbage) {
    constexpr const char* kGarbage[] = {"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                                        "GET /\r\n\r\n",
                                        "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 not TLS here\r\n\r\n",
                                        "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n"
                                        "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                                        "GET / HTTP/1.1\nHost: a\n\n",
                                        "CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n"};
    return kGarbage[plan.client_act_at % std::size(kGarbage)];
  }
  std::string text = plan.method + " " + plan.path() + "?x=y HTTP/1." + std::to_string(plan.minor_version) +
                     "\r\nHost: sim.test\r\nX-Hop: secret\r\n";
  text += plan.wants_upgrade ? "Connection: upgrade, x-hop\r\nUpgrade: sim\r\n" : "";
  if (!plan.wants_upgrade) {
    const bool keeps = plan.minor_version == 0 && !plan.wants_close;
    text += plan.wants_close ? "Connection: close, x-hop\r\n"
            : keeps          ? "Connection: keep-alive, x-hop\r\n"
                             : "Connection: x-hop\r\n";
  }
  if (plan.filler_bytes > 0) text += "X-Filler: " + std::string(plan.filler_bytes, 'f') + "\r\n";
  if (plan.request_framing == Framing::length) {
    text += "Content-Length: " + std::to_string(plan.request_bytes) + "\r\n";
  } else if (plan.request_framing == Framing::chunked) {
    text += "Transfer-Encoding: chunked\r\n";
  }
  if (plan.expects_continue) text += "Expect: 100-continue\r\n";
  return text + "\r\n";
}

void SimClient::send_next() {
  while (sent_ < requests_.size() && sent_ < answered_ + options_.pipelined_max && !awaits_continue_ &&
         !has_stopped_writing_ && !leaves_after_answer_ && !server_closes_ && !is_tunnel_) {
    const RequestPlan& plan = ledger_.plan(requests_[sent_]);
    RequestFacts& sending = ledger_.facts(plan.id);
    sending.was_sent = true;
    kernel_.note("client sends: socket, request", socket_->id, plan.id);
    ++sent_;
    writer_.add(request_text(plan));
    if (plan.expects_continue) {
      awaits_continue_ = true;
      // RFC 9110 10.1.1: a client does not wait for ever.
      kernel_.call_at(kernel_.now() + 1_s, [this, &plan, life = life_, sent = sent_] {
        const bool is_still_waiting = life == life_ && sent == sent_ && awaits_continue_ && !in_answer_;
        if (is_still_waiting) send_body(plan);
      });
    } else {
      send_body(plan);
    }
    if (plan.wants_close || plan.wants_upgrade) break;
  }
  if (options_.half_closes && sent_ == requests_.size() && writer_.is_done() && !awaits_continue_ &&
      !is_tunnel_ && !ledger_.plan(requests_.back()).wants_upgrade) {
    kernel_.shutdown_write(*socket_);
  }
  act_if_due();
}

void SimClient::send_body(const RequestPlan& plan) {
  awaits_continue_ = false;
  if (has_stopped_writing_) return;
  if (plan.request_framing == Framing::chunked) {
    writer_.add(chunked_body(plan, kernel_.rng()));
  } else if (plan.request_framing == Framing::length) {
    writer_.add(plan.request_pattern().make(0, plan.request_bytes));
  }
  ledger_.facts(plan.id).sent_whole = true;
}

void SimClient::on_writable(Socket&) {
  if (is_done_ || socket_->state != Socket::State::connected) return;
  progress_at_ = kernel_.now();
  if (has_stopped_writing_) return;
  writer_.flush();
  if (is_tunnel_) return tick_tunnel();
  send_next();
}

// Misbehaviour strikes once a number of bytes went over the connection in both directions together.
void SimClient::act_if_due() {
  if (acted_ || is_done_ || answered_ >= requests_.size()) return;
  const RequestPlan& plan = ledger_.plan(requests_.front());
  if (plan.client_act == ClientAct::sends_garbage) return;
  if (plan.client_act == ClientAct::normal || socket_->written + bytes_read_ < plan.client_act_at) return;
  acted_ = true;
  kernel_.note("client acts: socket, act", socket_->id, static_cast<int>(plan.client_act));
  act(plan.client_act);
}

bool SimClient::act(ClientAct act) {
  switch (act) {
    case ClientAct::closes_early:
      finish();
      return true;
    case ClientAct::resets_early:
      kernel_.reset(*socket_);
      finish();
      return true;
    case ClientAct::never_finishes:
      has_stopped_writing_ = true;
      writer_.forget();
      return false;
    case ClientAct::stops_reading:
      is_stalled_ = true;
      kernel_.call_at(kernel_.now() + ledger_.plan(requests_.front()).client_stop, [this, life = life_] {
        if (life != life_ || is_done_) return;
        is_stalled_ = false;
        on_input(*socket_);
      });
      return false;
    case ClientAct::stops_for_ever:
      is_stalled_ = stalls_for_ever_ = true;
      return false;
    default:
      return false;
  }
}

void SimClient::finish() {
  if (is_done_) return;
  is_done_ = true;
  ++life_;
  writer_.forget();
  if (socket_ != nullptr) kernel_.close(*socket_);
  for (const uint32_t id : requests_) ledger_.facts(id).has_ended = true;
}

void SimClient::abandon() {
  finish();
}

std::string SimClient::describe() const {
  return "client: socket " + std::to_string(socket_ == nullptr ? 0 : socket_->id) + ", first request " +
         std::to_string(requests_.front()) + ", sent " + std::to_string(sent_) + " and answered " +
         std::to_string(answered_) + " of " + std::to_string(requests_.size()) +
         (is_tunnel_ ? ", a tunnel" : "") + (is_done_ ? ", done" : "");
}

}  // namespace sluice::sim
