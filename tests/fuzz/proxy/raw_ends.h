// A client and an origin that play an input's script to the proxy, byte for byte, and write down what they
// got.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/fuzz/proxy/script.h"
#include "tests/sim/message_reader.h"
#include "tests/sim/paced_writer.h"
#include "tests/sim/sim_kernel.h"

namespace sluice::fuzzing {

class RawClient final : public sim::SimActor {
 public:
  RawClient(sim::SimKernel& kernel, const sockaddr_storage& proxy, const Script& script);
  bool has_ended() const { return has_ended_; }
  const std::string& received() const { return received_; }
  void close();

  void on_connected(sim::Socket& socket, int error) override;
  void on_input(sim::Socket& socket) override;
  void on_writable(sim::Socket& socket) override;

 private:
  void send_piece(size_t index);
  void half_close_if_due();

  sim::SimKernel& kernel_;
  const Script& script_;
  sim::Socket& socket_;
  sim::PacedWriter writer_;
  std::string received_;
  bool all_given_ = false;
  bool has_ended_ = false;
};

struct SeenRequest {
  std::string method;
  std::string body;
  bool is_complete = false;
};

class RawOrigin final : public sim::SimActor {
 public:
  RawOrigin(sim::SimKernel& kernel, const sockaddr_storage& address, const Script& script);
  void on_accepted(sim::Socket& socket) override;
  void close_all();
  const std::vector<SeenRequest>& requests() const { return requests_; }

 private:
  class Connection;
  sim::SimKernel& kernel_;
  const Script& script_;
  std::vector<SeenRequest> requests_;  // In the order of their heads.
  std::vector<std::unique_ptr<Connection>> connections_;

 public:
  ~RawOrigin() override;
};

}  // namespace sluice::fuzzing
