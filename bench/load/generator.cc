#include "bench/load/generator.h"

#include <unistd.h>

#include <algorithm>
#include <bit>

#include "schemas/base/check.h"

namespace sluice::load {

using dataplane::BufferPoolSizes;
using dataplane::Completion;
using dataplane::OpKind;
using dataplane::Ring;
using dataplane::RingOptions;

namespace {

uint32_t share_of(uint32_t total, uint32_t parts, uint32_t number) {
  return total / parts + (number < total % parts ? 1 : 0);
}

RingOptions ring_options(uint32_t connections) {
  RingOptions options;
  options.submission_entries = 4096;
  options.completion_entries = std::bit_ceil(std::clamp(connections * 2, 16384u, 65536u));
  return options;
}

BufferPoolSizes buffer_sizes() {
  BufferPoolSizes sizes;
  for (uint32_t& count : sizes.count) count = 64;
  sizes.count[dataplane::kSizeClassCount - 1] = 4096;
  return sizes;
}

}  // namespace

Generator::Generator(const Options& options, uint32_t number, uint64_t run_id, Progress& progress)
    : options_(options),
      next_id_(run_id << 48 | static_cast<uint64_t>(number) << 40),
      progress_(progress),
      connection_count_(share_of(options.connections, options.threads, number)),
      rate_(options.rate * connection_count_ / options.connections),
      body_(options.body_bytes, 'x'),
      buffers_(buffer_sizes()) {
  for (const bool is_post : {false, true}) {
    const std::string method = is_post ? "POST" : options.method;
    std::string& after = head_after_id_[is_post];
    head_before_id_[is_post] =
        method + " " + options.target + " HTTP/1.1\r\nHost: " + options.host + "\r\nX-Request-ID: ";
    after = "\r\n";
    for (const std::string& header : options.headers) after += header + "\r\n";
    if (options.new_connections) after += "Connection: close\r\n";
    if (method == "POST" || method == "PUT" || method == "PATCH")
      after += "Content-Length: " + std::to_string(body_.size()) + "\r\n";
    after += "\r\n";
  }
  name_indices_.emplace("", 0);
}

Generator::~Generator() {
  ring_.reset();  // Waits until the kernel holds nothing; then the ops may end.
  for (const std::unique_ptr<Connection>& connection : connections_) {
    for (dataplane::Op* op :
         {&connection->connect_op, &connection->receive_op, &connection->send_op, &connection->cancel_op}) {
      if (op->is_busy()) op->finish();
    }
    if (connection->descriptor >= 0) ::close(connection->descriptor);
  }
}

std::expected<Result, std::string> Generator::run() {
  auto ring = Ring::open(ring_options(connection_count_), buffers_);
  if (!ring) return std::unexpected(ring.error());
  ring_ = std::move(*ring);
  std::string answered_by = options_.answered_by;
  std::transform(answered_by.begin(), answered_by.end(), answered_by.begin(),
                 [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; });
  for (uint32_t slot = 0; slot < connection_count_; ++slot) {
    connections_.push_back(std::make_unique<Connection>());
    connections_.back()->slot = slot;
    connections_.back()->reader.set_answered_by_field(answered_by);
  }
  start_ = ring_->read_clock();
  measured_from_ = start_ + options_.warm_up;
  end_ = start_ + options_.length;
  schedule_ = std::make_unique<Schedule>(start_, rate_, options_.ramp);
  tick(start_);
  while (!is_over()) tick(next_deadline());
  finish_run();
  result_.seconds = static_cast<double>((end_ - measured_from_).nanoseconds) / 1e9;
  return std::move(result_);
}

void Generator::tick(Instant deadline) {
  for (const Completion& completion : ring_->submit_and_wait(deadline)) dispatch(completion);
  expire_requests();
  if (!is_over()) start_due_requests();
  progress_.in_flight.store(in_flight_, std::memory_order_relaxed);
}

Instant Generator::next_deadline() const {
  Instant next = end_;
  const bool has_room = !free_.empty() || unused_ < connection_count_;
  if (schedule_->is_open() && has_room) next = std::min(next, schedule_->due(started_));
  if (!pauses_.empty()) next = std::min(next, pauses_.front().first);
  if (!sent_.empty()) next = std::min(next, sent_.front().deadline);
  const bool is_ramping = unused_ < connection_count_ && options_.ramp.nanoseconds > 0;
  if (is_ramping && !schedule_->is_open()) next = std::min(next, ring_->now() + 1_ms);
  return next;
}

void Generator::start_due_requests() {
  const Instant now = ring_->now();
  for (; !pauses_.empty() && pauses_.front().first <= now; pauses_.pop_front())
    list_free(*connections_[pauses_.front().second]);
  const uint32_t allowed =
      schedule_->is_open() ? connection_count_ : schedule_->connections_at(now, connection_count_);
  for (;;) {
    if (schedule_->is_open() && schedule_->due(started_) > now) return;
    uint32_t slot = 0;
    if (!free_.empty()) {
      slot = free_.back();
      free_.pop_back();
      connections_[slot]->is_listed = false;
      if (!connections_[slot]->is_free()) continue;  // Closing: listed again when it is closed.
    } else if (unused_ < allowed) {
      slot = unused_++;
    } else {
      return;
    }
    start_request(*connections_[slot], schedule_->is_open() ? schedule_->due(started_) : now);
  }
}

void Generator::start_request(Connection& connection, Instant due) {
  CHECK(connection.is_free());
  ++started_;
  ++in_flight_;
  post_credit_ += options_.post_percent / 100;
  const bool is_post = post_credit_ >= 1;
  if (is_post) post_credit_ -= 1;
  connection.request = {.id = next_id_++, .due = due, .is_post = is_post};
  connection.has_request = true;
  if (connection.state == Connection::State::open) {
    send_request(connection);
  } else {
    open(connection);
  }
}

void Generator::list_free(Connection& connection) {
  if (connection.is_listed) return;
  connection.is_listed = true;
  free_.push_back(connection.slot);
}

void Generator::expire_requests() {
  const Instant now = ring_->now();
  for (; !sent_.empty(); sent_.pop_front()) {
    const Sent oldest = sent_.front();
    Connection& connection = *connections_[oldest.slot];
    const bool is_still_there = connection.has_request && connection.request.id == oldest.id &&
                                connection.request.attempts == oldest.attempts;
    if (!is_still_there) continue;
    if (oldest.deadline > now) return;
    end_request(connection, Outcome::timed_out);
    begin_close(connection);
  }
}

// What is under way may still be answered; what was due and found no connection is counted as not sent.
void Generator::finish_run() {
  while (in_flight_ > 0) {
    tick(sent_.empty() ? ring_->now() + options_.timeout : sent_.front().deadline);
    if (ring_->now() >= end_ + options_.timeout) break;
  }
  for (const auto& connection : connections_) {
    if (connection->has_request) end_request(*connection, Outcome::timed_out);
  }
  if (!schedule_->is_open()) return;
  for (; schedule_->due(started_) < end_; ++started_) {
    Request request{.id = next_id_++, .due = schedule_->due(started_), .sent = end_};
    count(request, Outcome::not_sent, nullptr);
  }
}

void Generator::end_request(Connection& connection, Outcome outcome) {
  CHECK(connection.has_request);
  count(connection.request, outcome, &connection);
  connection.has_request = false;
  --in_flight_;
}

void Generator::count(const Request& request, Outcome outcome, const Connection* connection) {
  const Instant now = ring_->now();
  const bool is_answered = outcome == Outcome::answered;
  (is_answered ? progress_.answered : progress_.failed).fetch_add(1, std::memory_order_relaxed);
  const std::string_view who = is_answered ? connection->reader.answered_by() : std::string_view();
  if (!options_.ledger_path.empty()) {
    result_.ledger.push_back({.id = request.id,
                              .due_nanoseconds = (request.due - start_).nanoseconds,
                              .sent_nanoseconds = (request.sent - start_).nanoseconds,
                              .done_nanoseconds = (now - start_).nanoseconds,
                              .connection = connection == nullptr ? UINT32_MAX : connection->slot,
                              .status = is_answered ? connection->reader.status() : uint16_t{0},
                              .answered_by = name_index(who),
                              .outcome = outcome,
                              .attempts = request.attempts,
                              .is_post = request.is_post || options_.method == "POST"});
  }
  if (request.due < measured_from_) return;
  ++result_.outcomes[static_cast<uint32_t>(outcome)];
  if (!is_answered) return;
  result_.latency.record(now - request.due);
  ++result_.statuses[connection->reader.status()];
  result_.body_bytes += connection->reader.body_bytes();
  if (!who.empty()) ++result_.answered_by[std::string(who)];
}

uint16_t Generator::name_index(std::string_view name) {
  if (name.empty()) return 0;
  const auto [known, is_new] =
      name_indices_.emplace(std::string(name), static_cast<uint16_t>(result_.names.size()));
  if (is_new) result_.names.emplace_back(name);
  return known->second;
}

}  // namespace sluice::load
