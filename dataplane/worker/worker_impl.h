// The inside of a worker. worker.cc: life and tick; dispatch.cc: completions to owners; adopt.cc: new
// snapshots, listeners, phases.
#pragma once

#include <memory>
#include <vector>

#include "dataplane/conn/memory_level.h"
#include "dataplane/stream/auth_cache.h"
#include "dataplane/stream/context.h"
#include "dataplane/worker/worker.h"

namespace sluice::dataplane {

// Connections admitted above the limit while the ones they replace are still closing: a burst within one tick
// must not turn a good client away. Fewer than the descriptors that the plan keeps for the process itself.
inline constexpr uint32_t kReplacedAtOnceMax = 192;
// Buffers whose pages go back to the system in one tick: some 0.2 ms.
inline constexpr uint32_t kTrimmedAtOnce = 128;

struct Worker::Impl {
  explicit Impl(const WorkerOptions& options);
  ~Impl();

  // ---- worker.cc
  bool run_tick();
  void decide_ready();
  void wake_starved();
  void reap();
  void publish_books();
  bool is_drained() const;

  // ---- dispatch.cc
  void dispatch(const Completion& completion);
  void on_listener(const Completion& completion);
  void on_accept(Listener& listener, int descriptor);
  bool count_address(const IpAddress& address, uint64_t& key);
  ProxyHeaderState proxy_header_of(const Listener& listener, const IpAddress& peer) const;
  void refuse_connection(int descriptor, Reason reason);
  void on_conn(Conn& conn, const Completion& completion);
  void on_connect(OriginConn& origin, const Completion& completion);
  void settle_stale(const Completion& completion);
  void on_timer(TimerNode& node);
  Conn* find_conn(const OpToken& token);

  // ---- adopt.cc
  void look_at_shelf();
  void adopt(const Published& published);
  void adopt_listener(const Published& published, uint32_t index, int descriptor);
  void settle_listeners();
  void begin_draining();
  void stop_everything();
  uint32_t client_connections_max() const;

  // ---- pressure.cc
  void relieve_pressure();
  void look_again(Instant when);
  void relieve_memory();
  void relieve_crowd();
  void enter_memory_level(MemoryLevel level);
  void forget_replays();
  void reset_slow_readers();
  ClientConn* oldest_waiting();
  bool shed_oldest_waiting(Duration waited_least);
  bool take_connection_place();
  void descriptors_ran_out();
  uint64_t memory_limit_bytes() const;
  uint32_t memory_used_permille() const;

  WorkerOptions options;
  BufferPool buffers;
  SegmentPool segments;
  std::unique_ptr<Ring> ring;
  std::unique_ptr<TimerWheel> wheel;
  Slab<Listener> listeners;
  Slab<ClientConn> clients;
  Slab<OriginConn> origins;
  Slab<Stream> streams;
  Rng rng;
  std::unique_ptr<OriginPool> pool;
  std::unique_ptr<RequestHead> request_head;
  std::unique_ptr<ResponseHead> response_head;
  std::vector<char> scratch;
  std::unique_ptr<AuthCache> auth_cache;
  std::unique_ptr<StreamContext> context;

  Op wake_op;
  MemoryLevel memory_level = MemoryLevel::normal;
  Instant memory_level_since;
  Instant next_shedding;
  uint32_t making_room = 0;  // Connections closed for others and not yet gone.
  TimerNode pressure_timer;  // Looks again although nothing happened.
  TimerNode trim_timer;
  uint64_t snapshot_version = 0;
  uint64_t placement_version = 0;
  uint64_t settled_version = 0;
  uint64_t pinned_mask = 0;
};

}  // namespace sluice::dataplane
