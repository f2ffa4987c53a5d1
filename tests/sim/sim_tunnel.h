// Both ends of a connection through a tcp listener. The client's first nine bytes name the tunnel, so that
// the origin knows what to expect; then both sides send their pattern, end their direction (half-close) and
// read until the other's end. Checked here: every byte in its place, nothing after the end, and a clean end
// only after the last byte.
#pragma once

#include <deque>
#include <memory>
#include <vector>

#include "tests/sim/plan.h"
#include "tests/sim/sim_kernel.h"

namespace sluice::sim {

struct TunnelPlan {
  uint32_t id = 0;
  uint64_t client_bytes = 0;  // Behind the nine that name the tunnel.
  uint64_t origin_bytes = 0;
  Pace client_pace;
  Pace origin_pace;
  bool origin_waits = false;               // Sends its first byte only after the client's end.
  uint64_t client_resets_at = UINT64_MAX;  // Bytes received or sent.
  uint64_t origin_resets_at = UINT64_MAX;
  bool may_be_cut = false;  // By the idle timeout, which ends both directions cleanly.
  std::string preamble;     // A PROXY header in front of the client's bytes.
  Duration reading_pause;   // The client stops reading once, for that long.
  // What happened.
  bool client_got_all = false;
  bool client_saw_reset = false;
  bool origin_got_all = false;
  bool reached_origin = false;
  uint64_t origin_written = 0;

  bool is_wholesome() const { return client_resets_at == UINT64_MAX && origin_resets_at == UINT64_MAX; }
  Pattern client_pattern() const { return Pattern((3ULL << 40) + id); }
  Pattern origin_pattern() const { return Pattern((4ULL << 40) + id); }
};

inline constexpr uint64_t kTunnelNameBytes = 9;

class TunnelClient final : public SimActor {
 public:
  TunnelClient(SimKernel& kernel, TunnelPlan& plan, const sockaddr_storage& proxy);
  void start(Instant when);
  bool is_done() const { return is_done_; }
  Instant progress_at() const { return progress_at_; }
  uint64_t received() const { return received_; }
  void abandon() { finish(); }

  void on_connected(Socket& socket, int error) override;
  void on_input(Socket& socket) override;
  void on_writable(Socket& socket) override;

 private:
  void look();
  void finish();

  SimKernel& kernel_;
  TunnelPlan& plan_;
  sockaddr_storage proxy_;
  Socket* socket_ = nullptr;
  PacedWriter writer_;
  uint64_t received_ = 0;
  bool is_connected_ = false;
  bool is_stalled_ = false;
  bool is_done_ = false;
  Instant progress_at_;
};

class TunnelOrigin final : public SimActor {
 public:
  TunnelOrigin(SimKernel& kernel, std::deque<TunnelPlan>& plans, const sockaddr_storage& address,
               bool expects_preamble);
  void on_accepted(Socket& socket) override;
  void close_all();

 private:
  class Connection;
  SimKernel& kernel_;
  std::deque<TunnelPlan>& plans_;
  bool expects_preamble_;
  std::vector<std::unique_ptr<Connection>> connections_;

 public:
  ~TunnelOrigin() override;
};

}  // namespace sluice::sim
