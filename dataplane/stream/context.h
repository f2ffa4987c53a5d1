// What a stream works with: the connections' context plus the snapshot, the pools, the books. One per
// worker, owned by it.
#pragma once

#include <memory>
#include <unordered_map>

#include "dataplane/conn/origin_pool.h"
#include "dataplane/conn/rate_table.h"
#include "dataplane/decide/pick.h"
#include "dataplane/http/h1_parse.h"
#include "dataplane/http/h1_write.h"
#include "dataplane/mem/slab.h"
#include "dataplane/stream/identity.h"
#include "dataplane/stream/stream.h"
#include "dataplane/worker/access_log_ring.h"
#include "dataplane/worker/password_queue.h"
#include "dataplane/worker/published.h"
#include "schemas/base/rng.h"
#include "schemas/stats_page.h"

namespace sluice::dataplane {

// Which published snapshots this worker's streams still use. Plain counters, one thread; the mask goes to
// the Shelf once per tick.
class PinTable {
 public:
  void pin(const Published& published) {
    if (counts_[published.pin_slot]++ == 0) mask_ |= 1ULL << published.pin_slot;
  }
  void unpin(const Published& published) {
    CHECK(counts_[published.pin_slot] > 0);
    if (--counts_[published.pin_slot] == 0) mask_ &= ~(1ULL << published.pin_slot);
  }
  uint64_t mask() const { return mask_; }
  uint64_t total() const {
    uint64_t sum = 0;
    for (uint32_t count : counts_) sum += count;
    return sum;
  }

 private:
  uint32_t counts_[64] = {};
  uint64_t mask_ = 0;
};

// Retries after bytes were sent, as a share of requests: each request earns `percent` hundredths of a token,
// each retry costs one. The float keeps a lone failure retryable on a quiet gateway.
class RetryBudget {
 public:
  void earn(uint32_t percent) {
    hundredths_ += percent;
    if (hundredths_ > kCeiling) hundredths_ = kCeiling;
  }
  bool spend() {
    if (hundredths_ < 100) return false;
    hundredths_ -= 100;
    return true;
  }

 private:
  static constexpr uint64_t kCeiling = 100 * 100;
  uint64_t hundredths_ = 10 * 100;
};

class AuthCache;

struct StreamContext : ConnContext {
  Slab<ClientConn>& clients;
  Slab<Stream>& streams;
  OriginPool& pool;
  Rng& rng;
  RateTable& rates;  // Shared by all workers.
  WorkerStats& stats;
  AccessLogRing* access_log;  // Null: off.
  RequestHead& request_head;  // Scratch: valid within one decision.
  ResponseHead& response_head;
  std::span<char> scratch;  // For heads being built; 128 KiB.
  PinTable pins{};
  RetryBudget retry_budget{};
  std::unordered_map<uint64_t, decide::BalanceState> balance{};  // By pool id.
  decide::BalanceState no_balance{};                             // For pools that take no turns.
  std::unordered_map<uint64_t, decide::BalanceState> splits{};   // By route id.
  PasswordQueue* passwords = nullptr;                            // Null: nobody checks any.
  AuthCache* auth_cache = nullptr;
  SipKey auth_secret{};                  // Of the process.
  const Published* published = nullptr;  // Adopted this tick; null before the first.
  const decide::Placement* placement = nullptr;
  Phase phase = Phase::serving;
  Identity identity{};                                             // Scratch, like request_head.
  IntrusiveList<ClientConn, &ClientConn::waiting_hook> waiting{};  // Without a stream, longest first.
  bool descriptors_short = false;  // A connection to an origin found none; worker/pressure.cc looks.
};

// ---- session.cc
// Decides everything that can be decided for this client now. May put it on the way to closing.
void advance_session(StreamContext& context, ClientConn& client);
// A connection on a tcp listener: the stream begins with the connection.
void begin_tunnel(StreamContext& context, ClientConn& client);

// Every function below returns true when it changed something that makes another look worthwhile.

// ---- admit.cc
bool admit_next_request(StreamContext& context, ClientConn& client);
// ---- identity.cc
// Who asks: the stream's client becomes whom a trusted proxy names, context.identity what it says.
void identify_client(StreamContext& context, Stream& stream, const RequestHead& head);
// Has the request been through this gateway too often?
bool is_loop(const StreamContext& context, const ClientConn& client, const RequestHead& head);
// The fields towards the origin that say so. Requires: the snapshot is pinned, the client identified.
void describe_client(StreamContext& context, Stream& stream, ForwardRequest& forward);
std::string_view via_pseudonym(const Stream& stream);  // For the answer; empty: none.
// ---- proxy_header.cc
// Waits for the PROXY header. True: it came and is believed, the connection may go on.
bool take_proxy_header(StreamContext& context, ClientConn& client);
// Begins a new connection to an origin with one, where the pool says so. False: out of memory.
bool announce_client(StreamContext& context, Stream& stream);
// ---- route.cc
void route_request(StreamContext& context, Stream& stream, const RequestHead& head);
void pin_snapshot(StreamContext& context, Stream& stream);
void unpin_snapshot(StreamContext& context, Stream& stream);
void use_pool(StreamContext& context, Stream& stream, uint32_t pool);
// ---- guard.cc: false when the stream was answered (or, on a tcp listener, ended) instead.
bool listener_admits(StreamContext& context, Stream& stream);
bool route_admits(StreamContext& context, Stream& stream, const wire::RouteFeatures* features);
// ---- basic_auth.cc
class HeaderEdits;
// Before the head is built: the user for the log, and what the origin must not see.
void note_user(StreamContext& context, Stream& stream, const RequestHead& head, HeaderEdits& edits);
// After it: true: go on; false: answered, or waiting in state authorizing.
bool authorize(StreamContext& context, Stream& stream, const RequestHead& head);
bool authorizing_step(StreamContext& context, Stream& stream);
void collect_verdicts(StreamContext& context);  // Requires: context.passwords.
// ---- error_pages.cc
const wire::Response* find_error_page(const StreamContext& context, const Stream& stream, uint16_t status);
// ---- split.cc
// use_pool() of what the route means; `head` is null on a tcp listener.
void choose_pool(StreamContext& context, Stream& stream, const RequestHead* head);
// ---- route.cc
// A name for the access log, which outlives the snapshot's pin; dropped when it does not fit.
void keep_name(StreamContext& context, Stream& stream, KeptText& name, std::string_view text);
std::string_view kept(const StreamContext& context, const Stream& stream, KeptText text);
// ---- rates.cc. False: answered with 429.
bool within_address_rate(StreamContext& context, Stream& stream);
bool within_route_rate(StreamContext& context, Stream& stream, const wire::Policy& policy);
// ---- connect.cc
void start_attempt(StreamContext& context, Stream& stream);
bool connecting_step(StreamContext& context, Stream& stream);
enum class OriginFate : uint8_t {
  reuse,  // Back to the pool, if it is clean and still wanted.
  close,  // It may still be delivering our last bytes.
  reset,  // Whatever is in flight is of no use to anybody.
};
void release_origin(StreamContext& context, Stream& stream, OriginFate fate);
// ---- deadlines.cc
void take_patience(Stream& stream, const wire::Policy& policy, const wire::Timeouts& timeouts);
void watch_client(StreamContext& context, Stream& stream);  // Sets its timer to the nearest deadline.
void watch_origin(StreamContext& context, Stream& stream);
// The client's timer fired. True: a deadline has passed and the stream took the turn that follows from it.
bool end_if_overdue(StreamContext& context, Stream& stream);
// ---- forward.cc
bool forward_step(StreamContext& context, Stream& stream);   // Request body, client → origin.
void offer_request(StreamContext& context, Stream& stream);  // Head (and replay) onto the connection.
void forget_replay(StreamContext& context, Stream& stream);  // The request cannot be repeated any more.
// ---- respond.cc
bool respond_step(StreamContext& context, Stream& stream);  // Response, origin → client.
// The rest of the answer will never come: ends the stream so that what was sent cannot look complete.
void truncate_response(StreamContext& context, Stream& stream, Reason reason);
const wire::Policy& policy_of(const Stream& stream);
// Queues a rewritten head in front of whatever body follows it in the same buffer. When there is room, the
// head is placed right before the body, so that both leave as one range. False: out of memory.
bool queue_response_head(StreamContext& context, Stream& stream, const ResponseHead& head,
                         const ForwardResponse& forward);
// The origin's answer is none: its connection goes, the client hears why.
void fail_response(StreamContext& context, Stream& stream, Reason reason);
// ---- interim.cc
bool forward_interim(StreamContext& context, Stream& stream, const ResponseHead& head);
bool begin_upgrade(StreamContext& context, Stream& stream, const ResponseHead& head);
// ---- retry.cc
// The attempt failed before any response byte: another try, or the answer that says why not.
void attempt_failed(StreamContext& context, Stream& stream, Reason reason);
// ---- local_reply.cc
void answer_locally(StreamContext& context, Stream& stream, uint16_t status, std::string_view content_type,
                    std::string_view body, std::string_view location, uint32_t retry_after_seconds,
                    Reason reason);
// `retry_after_seconds` 0: what the reason means (overload passes).
void answer_error(StreamContext& context, Stream& stream, Reason reason, uint32_t retry_after_seconds = 0);
void answer_pool_outage(StreamContext& context, Stream& stream);
// ---- finish.cc
Stream* begin_stream(StreamContext& context, ClientConn& client);
bool finishing_step(StreamContext& context, Stream& stream);
// Ends the stream at once and closes the client: nothing more can be delivered.
void abort_stream(StreamContext& context, Stream& stream, Reason reason, Farewell farewell);

}  // namespace sluice::dataplane
