// Asks the admin process `GET /readyz` without ever blocking, until it says yes once. Lets the supervisor
// print "serving" and tell systemd READY=1 at the moment the gateway really answers.
#pragma once

#include <netinet/in.h>

#include <string>

#include "schemas/base/units.h"

namespace sluice::cli {

class Readiness {
 public:
  // "127.0.0.1:9180" or "[::1]:9180". Anything else: never asks, never ready.
  explicit Readiness(const std::string& admin_address);
  ~Readiness();
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  // Goes as far as it can. True exactly once: when the answer was 200.
  bool advance(Instant now);
  int descriptor() const { return descriptor_; }  // -1: nothing to poll.
  bool is_waiting_to_write() const { return phase_ == Phase::connecting; }
  Instant next_due() const { return next_due_; }  // never() while a question is under way, or when done.

 private:
  enum class Phase : uint8_t { idle, connecting, reading, done };
  void ask(Instant now);
  void give_up(Instant now);

  Phase phase_ = Phase::idle;
  sockaddr_storage address_{};
  socklen_t address_bytes_ = 0;
  int descriptor_ = -1;
  std::string answer_;
  Instant next_due_;
};

// Sends `state` ("READY=1") to the socket systemd named in NOTIFY_SOCKET; nothing when there is none.
void notify_service_manager(const char* state);

}  // namespace sluice::cli
