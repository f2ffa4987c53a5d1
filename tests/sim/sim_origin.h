// A scripted HTTP/1.1 origin: reads what the proxy sends, compares it with what the client was going to
// send, answers as the request's plan says, and writes down in the ledger what it saw.
//
// Checked here: requests are well formed and come one at a time; body bytes are the client's (D1); a body
// whose end is seen is whole; a request that is not idempotent is seen once (D2), others at most once per
// allowed attempt.
#pragma once

#include <memory>
#include <vector>

#include "tests/sim/plan.h"
#include "tests/sim/preamble.h"
#include "tests/sim/sim_kernel.h"

namespace sluice::sim {

struct OriginOptions {
  uint32_t requests_per_connection_max = 0;  // 0: any number. Then closes without a word.
  Duration idle_timeout;                     // 0: none. Closes idle connections without a word.
  uint32_t heads_per_request_max = 8;        // What retries allow.
  bool expects_preamble = false;             // Connections begin with a PROXY header.
};

class SimOrigin final : public SimActor {
 public:
  SimOrigin(SimKernel& kernel, Ledger& ledger, const sockaddr_storage& address, const OriginOptions& options);

  void on_accepted(Socket& socket) override;
  uint32_t connections() const { return static_cast<uint32_t>(connections_.size()); }
  uint32_t requests() const { return requests_; }
  void close_all();  // The end of the run.

 private:
  friend class OriginConnection;
  SimKernel& kernel_;
  Ledger& ledger_;
  OriginOptions options_;
  std::vector<std::unique_ptr<SimActor>> connections_;
  uint32_t requests_ = 0;
};

// One accepted connection.
class OriginConnection final : public SimActor {
 public:
  OriginConnection(SimOrigin& origin, Socket& socket);
  void on_input(Socket& socket) override;
  void on_writable(Socket& socket) override;
  void close();

 private:
  void read_request();
  void note_request_line();
  void begin_request();
  void check_request_head(const Message& message);
  void check_body(std::string_view bytes);
  void body_finished();
  void schedule_answer();
  void answer();
  std::string answer_head(bool is_broken) const;
  std::string answer_body() const;
  void write_act(const std::string& head, const std::string& body);
  void answer_written();
  void end_after_writing(bool with_reset);
  void read_tunnel();
  void tick_tunnel();
  void watch_idle();

  SimOrigin& origin_;
  SimKernel& kernel_;
  Socket& socket_;
  MessageReader reader_;
  PacedWriter writer_;
  PreambleReader preamble_;
  const RequestPlan* plan_ = nullptr;  // The request being served.
  OriginAct act_ = OriginAct::normal;
  bool line_was_noted_ = false;
  bool answer_scheduled_ = false;
  bool answering_ = false;
  bool close_when_written_ = false;
  bool reset_when_written_ = false;
  bool is_tunnel_ = false;
  bool is_closed_ = false;
  uint64_t tunnel_received_ = 0;
  uint32_t served_ = 0;
  uint64_t activity_ = 0;
};

}  // namespace sluice::sim
