// The answering half of OriginConnection: heads and bodies as planned, every way of spoiling them, and
// tunnels after a 101.
#include "schemas/base/check.h"
#include "tests/sim/sim_origin.h"

namespace sluice::sim {
namespace {

// A head of a hundred bytes takes longer than any timeout the scripts configure but the patient ones.
constexpr Duration kTrickle = Duration::milliseconds(200);

std::string chunked(std::string_view body, Rng& rng) {
  std::string text;
  char size[24];
  while (!body.empty()) {
    const uint64_t count = std::min<uint64_t>(body.size(), 1 + rng.below(1 + rng.below(8192)));
    // Leading zeros and extensions are legal and must not pass through.
    const char* form = rng.chance(1, 16) ? "%04llx;ext=1\r\n" : "%llx\r\n";
    std::snprintf(size, sizeof(size), form, static_cast<unsigned long long>(count));
    text.append(size).append(body.substr(0, count)).append("\r\n");
    body.remove_prefix(count);
  }
  return text.append(rng.chance(1, 8) ? "0\r\nX-Trailer: yes\r\n\r\n" : "0\r\n\r\n");
}

}  // namespace

std::string OriginConnection::answer_head(bool is_broken) const {
  const RequestPlan& plan = *plan_;
  if (is_broken) return "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\nbad field\r\n\r\n";
  std::string head;
  const uint32_t interims = act_ == OriginAct::floods_interim ? 40 : plan.interims_max();
  for (uint32_t i = 0; i < interims; ++i) head += "HTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
  if (act_ == OriginAct::closes_after_interim) return head;
  if (plan.wants_upgrade && plan.accepts_upgrade) {
    return head + "HTTP/1.1 101 Switching Protocols\r\nConnection: upgrade\r\nUpgrade: sim\r\nX-Id: " +
           std::to_string(plan.id) + "\r\n\r\n";
  }
  head += "HTTP/1.1 " + std::to_string(plan.status) + " Planned\r\nX-Id: " + std::to_string(plan.id) + "\r\n";
  if (plan.origin_closes || plan.response_framing == Framing::until_end) head += "Connection: close\r\n";
  const bool may_have_length = plan.status != 204;
  if (plan.response_framing == Framing::length && may_have_length) {
    head += "Content-Length: " + std::to_string(plan.response_bytes) + "\r\n";
  }
  if (plan.response_framing == Framing::chunked && plan.has_response_body())
    head += "Transfer-Encoding: chunked\r\n";
  return head + "X-Hop: 1\r\nKeep-Alive: timeout=100\r\nConnection: x-hop\r\n\r\n";
}

std::string OriginConnection::answer_body() const {
  const RequestPlan& plan = *plan_;
  if (!plan.has_response_body() || (plan.wants_upgrade && plan.accepts_upgrade)) return {};
  const std::string body = plan.response_pattern().make(0, plan.response_bytes);
  return plan.response_framing == Framing::chunked ? chunked(body, kernel_.rng()) : body;
}

void OriginConnection::answer() {
  answering_ = true;
  writer_.set_pace(plan_->answer_pace);  // A 100 may still be leaving.
  kernel_.note("origin answers: socket, request, act", socket_.id, plan_->id, static_cast<int>(act_));
  if (act_ == OriginAct::never_answers) return;
  if (act_ == OriginAct::closes_before) return close();
  if (act_ == OriginAct::resets_before) {
    is_closed_ = true;
    return kernel_.reset(socket_);
  }
  if (act_ == OriginAct::trickles_head) writer_.set_pace({1, kTrickle});
  const std::string head = answer_head(act_ == OriginAct::garbage_head);
  write_act(head, answer_body());
}

void OriginConnection::write_act(const std::string& head, const std::string& body) {
  const RequestPlan& plan = *plan_;
  RequestFacts& facts = origin_.ledger_.facts(plan.id);
  const bool is_upgrade = plan.wants_upgrade && plan.accepts_upgrade;
  close_when_written_ = plan.origin_closes || plan.response_framing == Framing::until_end;
  std::string bytes = head + body;
  switch (act_) {
    case OriginAct::closes_in_head:
    case OriginAct::resets_in_head:
      bytes = head.substr(0, 1 + plan.origin_act_at % (head.size() - 1));
      break;
    case OriginAct::closes_in_body:
    case OriginAct::resets_in_body:
      if (body.empty()) break;
      bytes = head + body.substr(0, plan.origin_act_at % body.size());
      facts.answer_was_cut = act_ == OriginAct::closes_in_body && plan.response_framing == Framing::until_end;
      break;
    case OriginAct::closes_after_interim:
      bytes = head;
      break;
    case OriginAct::garbage_chunk:
      if (plan.response_framing == Framing::chunked && !body.empty()) bytes = head + "5\r\nabc\r\n\r\nzz";
      break;
    case OriginAct::extra_bytes:
      if (plan.response_framing == Framing::until_end || is_upgrade) break;
      bytes += "HTTP/1.1 200 Unasked\r\nContent-Length: 0\r\n\r\n";
      origin_.ledger_.has_unasked_answers = true;
      close_when_written_ = true;  // Or it would answer every later request with the one before.
      break;
    default:
      break;
  }
  const bool ends = act_ == OriginAct::closes_in_head || act_ == OriginAct::closes_in_body ||
                    act_ == OriginAct::closes_after_interim;
  reset_when_written_ = act_ == OriginAct::resets_in_head || act_ == OriginAct::resets_in_body;
  close_when_written_ = close_when_written_ || ends;
  // A cut by the network is a FIN to the proxy, too.
  if (socket_.end_at != UINT64_MAX && plan.response_framing == Framing::until_end)
    facts.answer_was_cut = true;
  if (is_upgrade && !ends && !reset_when_written_ && act_ != OriginAct::garbage_head) {
    is_tunnel_ = true;
    reader_.be_raw();
    bytes += plan.tunnel_origin_pattern().make(0, plan.tunnel_origin_bytes);
  }
  writer_.add(bytes);
  answer_written();
  if (is_tunnel_ && !is_closed_) read_tunnel();
}

// Half-close: each side ends its direction after its last byte and reads on until the other's end.
void OriginConnection::read_tunnel() {
  const std::string bytes = reader_.advance_body();
  const uint64_t right = plan_->tunnel_client_pattern().matching(tunnel_received_, bytes);
  if (right != bytes.size() || tunnel_received_ + right > plan_->tunnel_client_bytes) {
    fail("D1: upgraded request %u: byte %llu at the origin is not what the client sent", plan_->id,
         static_cast<unsigned long long>(tunnel_received_ + right));
  }
  tunnel_received_ += right;
  tick_tunnel();
}

void OriginConnection::tick_tunnel() {
  if (is_closed_) return;
  if (writer_.is_done()) kernel_.shutdown_write(socket_);
  if (writer_.has_failed() || socket_.is_dead) return close();
  if (kernel_.is_at_end(socket_) && writer_.is_done()) close();
}

}  // namespace sluice::sim
