// The ends of a fuzzed run: clients and origins that write what the input says and check what the proxy
// writes with a reader of its own (tests/sim/message_reader.h, strict about our canonical form).
//
// Checked at an origin: every message is a request in canonical form with one Host, one X-Request-ID, one
// X-Forwarded-For and at most one way of framing, so whatever a client wrote, its bytes were understood as
// that and as nothing else. Checked at a client that wrote only whole templates: answers in order, framed, no
// more than requests.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "tests/sim/message_reader.h"
#include "tests/sim/sim_kernel.h"

namespace sluice::fuzzing {

struct RequestTemplate {
  std::string_view text;
  bool is_head = false;
  bool may_upgrade = false;
};
std::span<const RequestTemplate> request_templates();
std::span<const std::string_view> answer_templates();

// Bytes on their way into a socket that takes them when it is connected and has room, and the end behind
// them.
class Outbox {
 public:
  void add(std::string_view bytes) { bytes_ += bytes; }
  void end() { ends_ = true; }
  void flush(sim::SimKernel& kernel, sim::Socket& socket);

 private:
  std::string bytes_;
  bool ends_ = false;
  bool has_ended_ = false;
};

class FuzzOriginConnection final : public sim::SimActor {
 public:
  FuzzOriginConnection(sim::SimKernel& kernel, sim::Socket& socket) : kernel_(kernel), socket_(socket) {}

  void on_input(sim::Socket& socket) override;
  void on_writable(sim::Socket& socket) override { outbox_.flush(kernel_, socket); }
  void write(std::string_view bytes);
  void end();
  void reset();
  uint32_t requests() const { return requests_; }

 private:
  void check_request();

  sim::SimKernel& kernel_;
  sim::Socket& socket_;
  sim::MessageReader reader_;
  Outbox outbox_;
  uint32_t requests_ = 0;
  bool is_closed_ = false;
};

class FuzzOrigin final : public sim::SimActor {
 public:
  FuzzOrigin(sim::SimKernel& kernel, uint8_t last_octet);
  void on_accepted(sim::Socket& socket) override;
  // Null when nobody connected yet.
  FuzzOriginConnection* connection(uint32_t number);

 private:
  sim::SimKernel& kernel_;
  std::vector<std::unique_ptr<FuzzOriginConnection>> connections_;
};

class FuzzClient final : public sim::SimActor {
 public:
  explicit FuzzClient(sim::SimKernel& kernel);

  void on_connected(sim::Socket& socket, int error) override;
  void on_input(sim::Socket& socket) override;
  void on_writable(sim::Socket& socket) override { outbox_.flush(kernel_, socket); }
  void write(std::string_view bytes);  // Anything: from here on only the origins check.
  void send(const RequestTemplate& request);
  void end();
  void reset();
  void stop_reading(bool is_stopped);

 private:
  void check_answers();

  sim::SimKernel& kernel_;
  sim::Socket* socket_;
  sim::MessageReader reader_;
  Outbox outbox_;
  std::vector<RequestTemplate> sent_;
  size_t answered_ = 0;
  bool is_modelled_ = true;
  bool is_connected_ = false;
  bool is_closed_ = false;
  bool is_stopped_ = false;
};

}  // namespace sluice::fuzzing
