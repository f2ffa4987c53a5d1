// Access records from one worker to the log thread: a single-producer single-consumer byte ring. The
// worker never waits: when the ring is full the record is dropped and counted.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <string_view>

#include "schemas/reason.h"

namespace sluice::dataplane {

// What a request leaves behind. Views are copied by push().
struct AccessRecord {
  int64_t wall_clock_nanoseconds = 0;  // When the request's first byte arrived.
  uint64_t duration_microseconds = 0;  // First byte in to last byte out.
  uint64_t origin_microseconds = 0;    // Request sent to response head; 0: no origin.
  uint64_t bytes_received = 0;
  uint64_t body_bytes_sent = 0;
  uint16_t status = 0;  // 0: no answer was sent.
  uint16_t attempts = 0;
  Reason reason = Reason::none;
  std::string_view client_address;  // Text, without port.
  std::string_view request_line;    // As received: "GET /x HTTP/1.1"; may be empty.
  std::string_view host;
  std::string_view referer;
  std::string_view user_agent;
  std::string_view request_id;
  std::string_view route;  // Names; empty when none.
  std::string_view pool;
  std::string_view origin;  // "10.0.0.1:80" of the last attempt.
  std::string_view listener;
  std::string_view user;  // Of Basic authentication, as sent.
};

class AccessLogRing {
 public:
  explicit AccessLogRing(uint32_t bytes = 1 << 20);  // Power of two.

  // Any thread. While nobody wants records push() takes none, so that `access_log: off` costs a load.
  void turn(bool on) { is_on_.store(on, std::memory_order_relaxed); }

  // Worker thread. False: full, the record was dropped and counted.
  bool push(const AccessRecord& record);
  uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

  // Log thread. False: empty. The views point into `scratch`, valid until the next pop.
  struct Scratch {
    std::unique_ptr<char[]> bytes;
    uint32_t capacity = 0;
  };
  bool pop(AccessRecord& record, Scratch& scratch);

 private:
  void copy_in(uint64_t position, const void* from, uint32_t count);
  void copy_out(uint64_t position, void* to, uint32_t count) const;

  std::unique_ptr<char[]> bytes_;
  uint32_t mask_;
  std::atomic<bool> is_on_{true};
  alignas(64) std::atomic<uint64_t> head_{0};  // Written by the producer.
  uint64_t tail_seen_ = 0;  // Producer only: the last tail it read, so that a push rarely shares a line.
  std::atomic<uint64_t> dropped_{0};
  alignas(64) std::atomic<uint64_t> tail_{0};  // Written by the consumer.
};

}  // namespace sluice::dataplane
