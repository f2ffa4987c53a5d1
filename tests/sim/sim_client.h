// A scripted HTTP/1.1 client: sends its planned requests over keep-alive connections, one at a time or
// pipelined, behaves or misbehaves as planned, and checks every byte that comes back.
//
// Checked here: answers come in order, at most one final answer per request, with the right id and status;
// body bytes are the origin's (D1); a body that looks complete is complete; nothing comes unasked; hop-by-hop
// fields stay out; no 1xx for HTTP/1.0.
#pragma once

#include <functional>
#include <vector>

#include "tests/sim/plan.h"
#include "tests/sim/sim_kernel.h"

namespace sluice::sim {

struct ClientOptions {
  uint32_t pipelined_max = 1;  // Requests sent before the first one's answer.
  Pace pace;
  Duration think_time;       // Between an answer and the next request.
  Duration linger;           // How long the connection stays open after the last answer.
  bool half_closes = false;  // FIN right after the last request.
  std::string preamble;      // A PROXY header in front of everything.
};

class SimClient final : public SimActor {
 public:
  SimClient(SimKernel& kernel, Ledger& ledger, const sockaddr_storage& proxy, std::vector<uint32_t> requests,
            const ClientOptions& options);

  void start(Instant when);
  bool is_done() const { return is_done_; }
  Instant progress_at() const { return progress_at_; }
  std::string describe() const;
  uint64_t body_bytes_received() const { return body_bytes_received_; }
  uint64_t tunnel_bytes_received() const { return tunnel_received_; }
  // The end of the run: whatever still stands goes.
  void abandon();

  void on_connected(Socket& socket, int error) override;
  void on_input(Socket& socket) override;
  void on_writable(Socket& socket) override;

 private:
  void connect();
  void send_next();
  std::string request_text(const RequestPlan& plan);
  void send_body(const RequestPlan& plan);
  void read_answers();
  void begin_answer();
  void check_interim(uint16_t status);
  void check_answer_head(const Message& message, uint16_t status);
  void check_answer_body(std::string_view bytes);
  void answer_finished();
  void connection_ended();
  void after_last_answer();
  void check_whole_answer();
  void act_if_due();
  bool act(ClientAct act);
  void finish();
  void begin_tunnel();
  void read_tunnel();
  void tick_tunnel();
  const RequestPlan& current() const { return ledger_.plan(requests_.at(answered_)); }
  RequestFacts& facts() { return ledger_.facts(requests_.at(answered_)); }

  SimKernel& kernel_;
  Ledger& ledger_;
  sockaddr_storage proxy_;
  std::vector<uint32_t> requests_;
  ClientOptions options_;
  Socket* socket_ = nullptr;
  MessageReader reader_;
  PacedWriter writer_;
  std::size_t sent_ = 0;      // Requests whose head was handed to the writer.
  std::size_t answered_ = 0;  // Requests finished, in order.
  bool awaits_continue_ = false;
  bool in_answer_ = false;
  bool server_closes_ = false;
  bool leaves_after_answer_ = false;
  bool is_tunnel_ = false;
  bool is_stalled_ = false;
  bool stalls_for_ever_ = false;
  bool acted_ = false;
  bool has_stopped_writing_ = false;
  bool is_done_ = false;
  uint64_t tunnel_received_ = 0;
  uint64_t bytes_read_ = 0;
  uint64_t body_bytes_received_ = 0;
  uint64_t life_ = 0;  // Of the connection; late timers of an older one find another number.
  Instant progress_at_;
};

}  // namespace sluice::sim
