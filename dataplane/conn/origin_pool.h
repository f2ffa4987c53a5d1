// Origin connections of one worker, grouped by endpoint (the stable id of an address, so that a reload
// neither resets nor copies anything).
//
// 1. A pooled connection has no stream and one pending receive: the origin's goodbye wakes us.
// 2. Connections of an endpoint that the current snapshot does not name are never parked here.
// 3. Most recently used first, so that a quiet night closes the tail and keeps the warm head.
// One thread: its worker's.
#pragma once

#include <memory>
#include <unordered_map>

#include "dataplane/conn/origin_conn.h"
#include "dataplane/mem/slab.h"
#include "schemas/base/rng.h"

namespace sluice::dataplane {

// How long a member that refused a connect is passed over while others are usable: doubles from the first
// to the second value with every failure in a row.
inline constexpr Duration kRefusedMin = Duration::milliseconds(500);
inline constexpr Duration kRefusedMax = Duration::seconds(10);

// One origin address as this worker knows it.
struct Endpoint {
  uint64_t peer_id = 0;
  sockaddr_storage address{};
  char address_text[56] = {};  // "10.0.0.1:80" or "[::1]:80"
  IntrusiveList<OriginConn, &OriginConn::idle_hook> idle;
  uint32_t idle_count = 0;
  uint32_t open_count = 0;  // Every connection that exists.
  uint32_t in_flight = 0;   // Streams using it now.
  uint32_t failures_in_a_row = 0;
  Instant refused_until;  // Passed over until then, while others are usable.
};

class OriginPool {
 public:
  OriginPool(Slab<OriginConn>& slab, Rng& rng) : slab_(slab), rng_(rng) {}
  ~OriginPool();  // Requires: every connection is home.

  Endpoint& endpoint(uint64_t peer_id, const sockaddr_storage& address);
  const Endpoint* find(uint64_t peer_id) const;

  // The warmest idle connection that is younger than `idle_age_max`, now in use; null when there is none.
  OriginConn* take_idle(ConnContext& context, Endpoint& endpoint, Duration idle_age_max);
  // A new connection with its connect started; the errno when it could not even start (`error`).
  OriginConn* connect(ConnContext& context, Endpoint& endpoint, int32_t& error);
  // Back to the pool. Requires: clean (nothing in the inbox, nothing queued).
  void park(ConnContext& context, OriginConn& conn, Duration idle_timeout);
  // Takes it out of the idle list, if it is there, and closes it.
  void discard(ConnContext& context, OriginConn& conn, Farewell how);
  // reap(): the slot is free again.
  void recycle(OriginConn& conn);

  void connect_failed(ConnContext& context, Endpoint& endpoint);
  void connect_succeeded(Endpoint& endpoint);

  // After a new snapshot: closes idle connections of endpoints it does not name and forgets those nobody
  // uses. `is_named(peer_id)`.
  template <typename Predicate>
  void sweep(ConnContext& context, Predicate&& is_named) {
    for (auto entry = endpoints_.begin(); entry != endpoints_.end();) {
      Endpoint& endpoint = *entry->second;
      if (is_named(endpoint.peer_id)) {
        ++entry;
        continue;
      }
      while (OriginConn* conn = endpoint.idle.front()) discard(context, *conn, Farewell::close);
      entry =
          endpoint.open_count == 0 && endpoint.in_flight == 0 ? endpoints_.erase(entry) : std::next(entry);
    }
  }
  void close_all_idle(ConnContext& context);
  // Up to `count` idle ones, of each endpoint those unused for longest.
  void close_oldest_idle(ConnContext& context, uint32_t count);
  uint32_t idle_count() const { return idle_count_; }

  // Bytes behind a whole answer, or on an idle connection: an answer to nothing. Its connection is closed
  // before it can become the answer to somebody's request.
  void count_unasked() { ++unasked_count_; }
  uint64_t unasked_count() const { return unasked_count_; }

 private:
  Slab<OriginConn>& slab_;
  Rng& rng_;
  std::unordered_map<uint64_t, std::unique_ptr<Endpoint>> endpoints_;
  uint32_t idle_count_ = 0;
  uint64_t unasked_count_ = 0;
};

}  // namespace sluice::dataplane
