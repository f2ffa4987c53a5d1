// What scripted clients ask and scripted origins answer, and the ledger of what really happened: the
// reference every checker compares with.
#pragma once

#include <cstdint>
#include <cstdio>
#include <deque>
#include <string>
#include <vector>

#include "schemas/base/units.h"
#include "tests/sim/message_reader.h"
#include "tests/sim/paced_writer.h"
#include "tests/sim/pattern.h"

namespace sluice::sim {

// What the origin does with a request. Everything but `normal` is allowed to cost the client its answer,
// and none may ever look like a complete and wrong one.
enum class OriginAct : uint8_t {
  normal,
  early_answer,  // The final answer before the request body was read.
  never_answers,
  closes_before,  // FIN instead of an answer.
  resets_before,
  closes_in_head,
  resets_in_head,
  closes_in_body,
  resets_in_body,
  garbage_head,
  garbage_chunk,
  extra_bytes,     // More bytes than the answer has.
  trickles_head,   // A byte at a time, slower than `response` allows.
  floods_interim,  // Forty 103 before the answer.
  closes_after_interim,
  act_count,
};

enum class ClientAct : uint8_t {
  normal,
  closes_early,  // Somewhere inside its own request or the answer.
  resets_early,
  never_finishes,  // Stops inside the request and waits.
  stops_reading,   // For a while, then goes on.
  sends_garbage,   // Something that is not HTTP, instead of the request.
  stops_for_ever,  // Reads nothing more until it is thrown out.
  act_count,
};

struct RequestPlan {
  uint32_t id = 0;
  std::string method = "GET";
  uint8_t minor_version = 1;
  bool wants_close = false;  // Connection: close
  bool expects_continue = false;
  bool wants_upgrade = false;
  Framing request_framing = Framing::none;
  uint64_t request_bytes = 0;
  uint32_t filler_bytes = 0;  // Of request header fields.
  ClientAct client_act = ClientAct::normal;
  uint64_t client_act_at = 0;  // After that many bytes sent and received together.
  Duration client_stop = 1_s;  // For stops_reading.

  std::string local_path;  // Answered by the proxy itself; empty: goes to an origin.
  uint16_t status = 200;
  Framing response_framing = Framing::length;
  uint64_t response_bytes = 0;
  uint32_t interim_count = 0;  // 103 before the final answer.
  bool origin_closes = false;  // Connection: close in the answer.
  bool accepts_upgrade = false;
  OriginAct origin_act = OriginAct::normal;
  bool act_only_first = false;  // Later attempts find the origin well.
  uint64_t origin_act_at = 0;   // Byte within head or body, as the act says.
  Duration answer_delay;
  Pace answer_pace;
  uint64_t tunnel_client_bytes = 0;  // After a 101.
  uint64_t tunnel_origin_bytes = 0;

  bool is_idempotent() const { return method != "POST" && method != "PATCH"; }
  std::string path() const { return local_path.empty() ? "/r/" + std::to_string(id) : local_path; }
  bool is_wholesome() const { return client_act == ClientAct::normal && origin_act == OriginAct::normal; }
  // What an origin sends on one connection, and what a proxy passes on of a flood.
  uint32_t interims_max() const {
    if (origin_act == OriginAct::floods_interim) return 16;
    return origin_act == OriginAct::closes_after_interim && interim_count == 0 ? 1 : interim_count;
  }
  bool has_response_body() const { return method != "HEAD" && status != 204 && status != 304; }
  Pattern request_pattern() const { return Pattern(uint64_t{id} * 2); }
  Pattern response_pattern() const { return Pattern(uint64_t{id} * 2 + 1); }
  Pattern tunnel_client_pattern() const { return Pattern((1ULL << 40) + id); }
  Pattern tunnel_origin_pattern() const { return Pattern((2ULL << 40) + id); }
};

// How it went.
struct RequestFacts {
  // At origins.
  uint32_t lines_seen = 0;      // Connections on which an origin saw its request line.
  uint32_t heads_seen = 0;      // Attempts whose head an origin read.
  bool body_complete = false;   // An origin read the whole body.
  bool answer_was_cut = false;  // An until_end answer ended before its last byte, with FIN.
  // At the client.
  bool was_sent = false;  // Its first byte left the client.
  bool sent_whole = false;
  bool was_answered = false;   // The final answer's head arrived.
  bool was_completed = false;  // And all of its body.
  bool by_proxy = false;       // The answer was the proxy's own.
  uint16_t status = 0;
  uint32_t continues_seen = 0;               // 100, relayed.
  uint32_t interims_seen = 0;                // 103, relayed.
  std::string logged_reason = "not logged";  // The proxy's view, from its access log.
  bool has_ended = false;                    // Answered, or the connection is gone.
};

class Ledger {
 public:
  RequestPlan& add() {
    RequestPlan& plan = plans_.emplace_back();
    plan.id = static_cast<uint32_t>(plans_.size());
    facts_.emplace_back();
    return plan;
  }
  bool knows(uint32_t id) const { return id >= 1 && id <= plans_.size(); }
  const RequestPlan& plan(uint32_t id) const { return plans_.at(id - 1); }
  RequestPlan& plan(uint32_t id) { return plans_.at(id - 1); }
  RequestFacts& facts(uint32_t id) { return facts_.at(id - 1); }
  uint32_t count() const { return static_cast<uint32_t>(plans_.size()); }
  // An origin sent an answer nobody had asked for. When it comes after its connection was taken for the
  // next request, no proxy can tell it from that request's answer.
  bool has_unasked_answers = false;

 private:
  std::deque<RequestPlan> plans_;
  std::deque<RequestFacts> facts_;
};

// A checker found a violation: prints the message and aborts; the run's report follows from the handler.
[[noreturn, gnu::format(printf, 1, 2)]] void fail(const char* format, ...);

}  // namespace sluice::sim
