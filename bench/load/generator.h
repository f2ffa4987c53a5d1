// One thread of load: its ring, its connections, its share of the rate. Start reading at run().
//
// 1. A connection carries one request at a time.
// 2. Every request that was due ends in exactly one outcome, also when the run ends before it was sent.
// 3. Only requests due after the warm-up are counted; the ledger has all of them.
#pragma once

#include <atomic>
#include <deque>
#include <expected>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "bench/load/connection.h"
#include "bench/load/options.h"
#include "bench/load/result.h"
#include "bench/load/schedule.h"

namespace sluice::load {

// Written by the generator's thread, read by whoever prints progress.
struct Progress {
  std::atomic<uint64_t> answered = 0;
  std::atomic<uint64_t> failed = 0;
  std::atomic<uint32_t> in_flight = 0;
};

class Generator {
 public:
  // `number` of `options.threads`: takes that share of connections and rate. Runs on the thread that calls
  // run(); the ring is made there.
  Generator(const Options& options, uint32_t number, uint64_t run_id, Progress& progress);
  ~Generator();

  // The error says what the kernel refused.
  std::expected<Result, std::string> run();

 private:
  void tick(Instant deadline);
  Instant next_deadline() const;
  void start_due_requests();
  void start_request(Connection& connection, Instant due);
  void expire_requests();
  void finish_run();

  void open(Connection& connection);
  void begin_close(Connection& connection);
  void settle_close(Connection& connection);
  void after_close(Connection& connection);
  void list_free(Connection& connection);
  void send_request(Connection& connection);
  void submit_send(Connection& connection);
  void build_head(Connection& connection);

  void dispatch(const dataplane::Completion& completion);
  void on_connect(Connection& connection, int32_t result);
  void on_send(Connection& connection, int32_t result);
  void on_receive(Connection& connection, const dataplane::Completion& completion);
  void take_bytes(Connection& connection, std::string_view bytes);
  void on_end_of_input(Connection& connection, bool is_reset);

  void end_request(Connection& connection, Outcome outcome);
  void count(const Request& request, Outcome outcome, const Connection* connection);
  uint16_t name_index(std::string_view name);
  bool is_over() const { return ring_->now() >= end_; }

  const Options& options_;
  uint64_t next_id_;
  Progress& progress_;
  uint32_t connection_count_;
  double rate_;
  std::string head_before_id_[2];  // [1]: of the POSTs of a mix.
  std::string head_after_id_[2];
  std::string body_;

  dataplane::BufferPool buffers_;
  std::unique_ptr<dataplane::Ring> ring_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<uint32_t> free_;                       // Slots, the last used on top.
  uint32_t unused_ = 0;                              // Slots from here up were not used yet (ramp).
  std::deque<std::pair<Instant, uint32_t>> pauses_;  // Closed loop, after a failed connect.
  struct Sent {
    Instant deadline;
    uint32_t slot;
    uint64_t id;
    uint8_t attempts;
  };
  std::deque<Sent> sent_;  // In the order of their deadlines.
  Instant start_, measured_from_, end_;
  std::unique_ptr<Schedule> schedule_;
  uint64_t started_ = 0;
  uint32_t in_flight_ = 0;
  double post_credit_ = 0;
  std::unordered_map<std::string, uint16_t> name_indices_;
  Result result_;
};

}  // namespace sluice::load
