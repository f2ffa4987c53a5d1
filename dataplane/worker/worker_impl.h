// The inside of a worker. worker.cc: life and tick; dispatch.cc: completions to owners; adopt.cc: new
// snapshots, listeners, phases.
#pragma once

#include <memory>
#include <vector>

#include "dataplane/stream/context.h"
#include "dataplane/worker/worker.h"

namespace sluice::dataplane {

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
  std::unique_ptr<StreamContext> context;

  Op wake_op;
  uint64_t snapshot_version = 0;
  uint64_t placement_version = 0;
  uint64_t settled_version = 0;
  uint64_t pinned_mask = 0;
};

}  // namespace sluice::dataplane
