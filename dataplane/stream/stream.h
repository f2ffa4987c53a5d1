// One request and its answer. Start reading here.
//
//   state       waits for                     moved on by                 can fail with
//   authorizing a password to be checked       verdict of the checker         401
//   connecting  the origin to accept          connect completion          next member, then 502/504/503
//   exchanging  request body from the client, receives and sends on       retry (retry.cc), 408/413/400,
//               response head from the origin  both connections            502/504
//   responding  response body                 origin receives, client     truncation: reset or close, never
//               (request body may still run)   sends                       a complete-looking answer
//   relaying    bytes either way (upgrade,    both                        reset passed on
//               tcp listener)
//   finishing   the client to take the rest   client sends                client gone
//
// advance_session() (session.cc) is the only entry; the files beside it run in the order of a request:
// admit, route, connect, forward, respond, retry, local_reply, finish.
#pragma once

#include <cstdint>
#include <string_view>

#include "dataplane/conn/client_conn.h"
#include "dataplane/conn/origin_conn.h"
#include "dataplane/decide/sticky.h"
#include "dataplane/http/h1_chunked.h"
#include "dataplane/http/head.h"
#include "dataplane/worker/published.h"
#include "schemas/ip_address.h"
#include "schemas/reason.h"

namespace sluice::dataplane {

enum class StreamState : uint8_t {
  vacant,
  authorizing,
  connecting,
  exchanging,
  responding,
  relaying,
  finishing
};

// How the response body leaves, compared with how it came.
enum class BodyShape : uint8_t {
  as_is,         // Same framing on both sides.
  add_chunks,    // Close-delimited origin, HTTP/1.1 client: chunked keeps the connection and marks the end.
  strip_chunks,  // Chunked origin, HTTP/1.0 client: raw bytes until close.
};

enum class AuthVerdict : uint8_t { awaited, good, bad };

// A string kept for the access log or a later attempt: a range of the stream's head buffer.
struct KeptText {
  uint32_t offset = 0;
  uint32_t length = 0;
};

inline constexpr uint32_t kTriedMax = 8;  // Members one stream may try.
inline constexpr uint32_t kReplayBytesMax = 64 * 1024;
inline constexpr uint32_t kInterimMax = 16;              // 1xx answers before the final one ...
inline constexpr uint32_t kInterimBytesMax = 64 * 1024;  // ... and their heads together.

struct Stream {
  uint32_t slot = 0;
  uint32_t generation = 0;
  StreamState state = StreamState::vacant;

  ClientConn* client = nullptr;
  OriginConn* origin = nullptr;

  // ---- who asks: the connection's peer, or whom a trusted proxy named. Logs, hashing, limits, access
  // rules and the head towards the origin all use this one.
  IpAddress client_address;
  std::string_view client_text;            // The same without port; lives as long as the stream.
  char forwarded_text[kIpTextBytes] = {};  // What client_text points to when a trusted proxy named it.
  bool adds_via = false;                   // To the answer.

  // ---- configuration, from the one snapshot the stream lives with
  const Published* published = nullptr;  // Pinned until no retry is possible any more.
  uint32_t pool = decide::kNone;
  uint32_t route = decide::kNone;
  wire::Timeouts timeouts{};
  Duration client_write;               // How long the client may take nothing of what is queued.
  Duration request_total;              // Zero: no limit.
  uint32_t body_bytes_per_second = 0;  // Zero: no limit.
  Duration body_grace;
  uint64_t body_bytes_max = UINT64_MAX;
  uint32_t retries_left = 0;
  uint16_t listener_stats_slot = 0;
  uint16_t pool_stats_slot = 0;

  AuthVerdict auth = AuthVerdict::awaited;  // State authorizing only.
  std::string_view challenge;               // Realm of the 401 being written; of the pinned snapshot.

  // ---- attempts
  uint32_t member = decide::kNone;  // Of the pool, that the last attempt went to.
  decide::Sticky::Found sticky;     // What the request's cookie says.
  uint32_t attempts = 0;
  uint64_t tried[kTriedMax] = {};
  uint32_t tried_count = 0;
  uint64_t client_hash = 0;
  bool fresh_connection_only = false;  // A retry never takes a pooled connection.
  bool origin_is_private = false;      // It was opened with a PROXY header for this client: never pooled.
  Reason failure = Reason::none;       // Why the last attempt failed.

  // ---- request
  Method method = Method::other;
  uint8_t client_minor_version = 1;
  bool keep_alive = true;  // Client side, after this answer.
  bool expects_continue = false;
  bool wants_upgrade = false;
  bool is_tunnel = false;          // tcp listener: no HTTP at all.
  bool request_complete = false;   // All of it moved towards the origin.
  bool replay_is_possible = true;  // What was moved is still kept in `replay`.
  BodyFraming request_framing = BodyFraming::none;
  uint64_t request_remaining = 0;
  uint64_t request_body_bytes = 0;
  ChunkDecoder request_chunks;
  // The time the client was waited for, for body_rate: runs while nothing but the client holds the body up.
  Instant body_clock_started = Instant::never();
  Duration body_time_taken;
  uint64_t body_received_before = 0;
  ByteChain replay;                  // Body already moved, for a repeat (idempotent methods only).
  BufferId head_buffer = kNoBuffer;  // Kept texts, then the head as sent to origins.
  uint32_t head_offset = 0;
  uint32_t head_length = 0;
  KeptText request_line, host, referer, user_agent, request_id, upgrade, route_name, pool_name, user;

  // ---- response
  uint16_t status = 0;            // Final status sent to the client, 0 = none yet.
  bool response_started = false;  // A final head was queued to the client.
  bool response_complete = false;
  bool origin_reusable = false;
  BodyShape shape = BodyShape::as_is;
  BodyFraming response_framing = BodyFraming::none;
  uint8_t interim_count = 0;
  bool interim_relayed = false;  // One other than 100: a repeat could tell the client something else.
  uint32_t interim_bytes = 0;
  uint32_t continued_by = 0;  // The attempt whose 100 was relayed, 0: none.
  uint64_t response_remaining = 0;
  uint64_t response_head_bytes = 0;  // Of bytes queued to the client: heads and framing, not body.
  uint64_t client_bytes_before = 0;  // client.bytes_sent + queued when the stream began.
  ChunkDecoder response_chunks;
  uint32_t origin_head_scanned = 0;

  // ---- accounting
  Reason reason = Reason::none;
  Instant started;  // First byte of the request.
  Instant offered_at;
  Instant origin_owes_since{};   // The head, or what is left of it.
  bool request_is_sent = false;  // To the last byte, at the last look.
  Duration origin_time;
  int64_t wall_clock_nanoseconds = 0;
  uint64_t client_received_before = 0;
  char origin_text[56] = {};  // Address of the last attempt.
};

}  // namespace sluice::dataplane
