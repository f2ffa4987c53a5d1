#include "tests/sim/sim_world.h"

#include <algorithm>
#include <cstdlib>

#include "schemas/base/check.h"

namespace sluice::sim {
namespace {

// A run of a few seconds takes some ten thousand ticks; a worker that spins takes all it gets.
constexpr uint64_t kTicksMax = 20'000'000;
constexpr uint32_t kPinSlots = 64;
constexpr uint16_t kStatsSlots[] = {1, 2, 3};

}  // namespace

SimWorld::SimWorld(const WorldOptions& options)
    : kernel_(options.seed, options.faults),
      options_(options),
      shelf_(std::make_unique<Shelf>()),
      // Zero pages: only what is counted is touched.
      stats_(static_cast<WorkerStats*>(std::aligned_alloc(alignof(WorkerStats), sizeof(WorkerStats)))),
      access_log_(std::make_unique<AccessLogRing>(1 << 16)) {
  CHECK(stats_ != nullptr);
  new (stats_) WorkerStats();
  abort_on_soft_failure(true);
  http_listener_ = kernel_.listen_descriptor(ipv4_address(kProxyOctet, kHttpPort));
  tcp_listener_ = kernel_.listen_descriptor(ipv4_address(kProxyOctet, kTcpPort));
}

SimWorld::~SimWorld() {
  worker_.reset();
  std::free(stats_);
}

// ---- who is there

SimOrigin& SimWorld::add_origin(uint8_t last_octet, const OriginOptions& options) {
  origins_.push_back(
      std::make_unique<SimOrigin>(kernel_, ledger_, ipv4_address(last_octet, kWebOriginPort), options));
  return *origins_.back();
}

TunnelOrigin& SimWorld::add_tunnel_origin(uint8_t last_octet, bool expects_preamble) {
  tunnel_origins_.push_back(std::make_unique<TunnelOrigin>(
      kernel_, tunnel_plans_, ipv4_address(last_octet, kTcpPort), expects_preamble));
  return *tunnel_origins_.back();
}

SimClient& SimWorld::add_client(std::vector<uint32_t> requests, const ClientOptions& options,
                                Duration start_after) {
  clients_.push_back(std::make_unique<SimClient>(kernel_, ledger_, ipv4_address(kProxyOctet, kHttpPort),
                                                 std::move(requests), options));
  clients_.back()->start(kernel_.now() + start_after);
  return *clients_.back();
}

TunnelPlan& SimWorld::add_tunnel_plan() {
  TunnelPlan& plan = tunnel_plans_.emplace_back();
  plan.id = static_cast<uint32_t>(tunnel_plans_.size());
  return plan;
}

TunnelClient& SimWorld::add_tunnel_client(TunnelPlan& plan, Duration start_after) {
  tunnel_clients_.push_back(
      std::make_unique<TunnelClient>(kernel_, plan, ipv4_address(kProxyOctet, kTcpPort)));
  tunnel_clients_.back()->start(kernel_.now() + start_after);
  return *tunnel_clients_.back();
}

// ---- the keeper's part

void SimWorld::publish(const SnapshotSpec& spec) {
  auto edition = std::make_unique<Edition>();
  edition->built = build_snapshot(spec);
  Published& published = edition->published;
  published.version = ++versions_;
  published.pin_slot = static_cast<uint8_t>(versions_ % kPinSlots);
  published.generation = versions_;
  published.listener_stats_slots.assign(kStatsSlots, kStatsSlots + (spec.has_tcp_listener ? 2 : 1));
  published.sockets = {{http_listener_}};
  if (spec.has_tcp_listener) published.sockets.push_back({tcp_listener_});
  published.snapshot = std::move(edition->built.snapshot);
  // One for each pool, as the keeper gives them; those of split routes share the last.
  for (size_t pool = 0; pool < published.snapshot->pools().size(); ++pool)
    published.pool_stats_slots.push_back(kStatsSlots[std::min<size_t>(pool, 2)]);
  editions_.push_back(std::move(edition));
  // The slot's earlier user must be gone: a keeper waits, a run publishes less than 64 that stay in use.
  drop_unused_snapshots();
  CHECK(editions_.size() < kPinSlots);
  kernel_.note("keeper publishes: version", static_cast<int64_t>(versions_));
  shelf_->snapshot.store(&editions_.back()->published, std::memory_order_release);
  if (worker_ != nullptr) worker_->wake();
}

void SimWorld::drop_unused_snapshots() {
  if (worker_ == nullptr) return;
  const Published* current = shelf_->snapshot.load(std::memory_order_relaxed);
  std::erase_if(editions_, [&](const std::unique_ptr<Edition>& edition) {
    const Published& old = edition->published;
    return current != nullptr && old.version < current->version && shelf_->may_free(old, old.version + 1, 1);
  });
}

uint64_t SimWorld::snapshots_in_use() {
  drop_unused_snapshots();
  return editions_.size();
}

void SimWorld::place(const std::vector<PeerUseSpec>& peers) {
  auto placed = std::make_unique<PublishedPlacement>();
  placed->version = placements_.size() + 1;
  placed->generation = placed->version;
  placed->placement = build_placement(placed->version, peers);
  placements_.push_back(std::move(placed));
  kernel_.note("keeper places: version", static_cast<int64_t>(placements_.size()));
  shelf_->placement.store(placements_.back().get(), std::memory_order_release);
  if (worker_ != nullptr) worker_->wake();
}

void SimWorld::set_phase(Phase phase) {
  kernel_.note("keeper sets phase", static_cast<int64_t>(phase));
  shelf_->phase.store(phase, std::memory_order_release);
  worker_->wake();
}

void SimWorld::start() {
  WorkerOptions options;
  options.shelf = shelf_.get();
  options.stats = stats_;
  options.access_log = access_log_.get();
  options.ring.lent_buffers_min = options_.lent_buffers_min;
  options.ring.lent_buffers_max = options_.lent_buffers_max;
  options.buffers = options_.buffers;
  options.client_connections_max = options_.client_connections_max;
  options.origin_connections_max = options_.origin_connections_max;
  options.streams_max = options_.streams_max;
  options.seed = options_.seed;
  auto created = Worker::create(options);
  if (!created) fail("worker: %s", created.error().c_str());
  worker_ = std::move(*created);
}

// ---- running

bool SimWorld::tick() {
  if (has_returned_) return false;
  has_returned_ = !worker_->run_tick();
  check_tick();
  return !has_returned_;
}

void SimWorld::check_tick() {
  worker_->check_invariants();
  const uint64_t generation = stats_->snapshot_generation.get();
  if (generation < last_generation_)
    fail("S6: the worker went back to generation %llu", static_cast<unsigned long long>(generation));
  last_generation_ = generation;
  if (stats_->stale_completions.get() != 0) fail("D3: a completion found its owner gone");
  held_bytes_max_ = std::max(held_bytes_max_, stats_->buffers_held_bytes.get());
  drain_access_log();
  if (++ticks_ > kTicksMax) fail("the worker spins: %llu ticks", static_cast<unsigned long long>(ticks_));
  // Looking at everybody is worth it now and then, and whenever nothing happened for long.
  if (ticks_ % 64 == 0 || kernel_.now() > last_tick_ + 10_s) check_progress();
  last_tick_ = kernel_.now();
}

void SimWorld::drain_access_log() {
  dataplane::AccessRecord record;
  while (access_log_->pop(record, scratch_)) {
    ++access_records_;
    const std::size_t start = record.request_line.find("/r/");
    if (start == std::string_view::npos) continue;
    const auto id =
        static_cast<uint32_t>(std::atoi(std::string(record.request_line.substr(start + 3, 9)).c_str()));
    if (ledger_.knows(id)) ledger_.facts(id).logged_reason = describe(record.reason).token;
  }
}

void SimWorld::check_progress() {
  const Instant now = kernel_.now();
  for (const std::unique_ptr<SimClient>& client : clients_) {
    if (client->is_done() || now < client->progress_at() + kHangLimit) continue;
    fail("hang: %s", client->describe().c_str());
  }
  for (const std::unique_ptr<TunnelClient>& client : tunnel_clients_) {
    if (client->is_done() || now < client->progress_at() + kHangLimit) continue;
    fail("hang: a tunnel client received %llu bytes; %llu bytes of buffers are held",
         static_cast<unsigned long long>(client->received()),
         static_cast<unsigned long long>(stats_->buffers_held_bytes.get()));
  }
}

bool SimWorld::clients_are_done() const {
  for (const std::unique_ptr<SimClient>& client : clients_) {
    if (!client->is_done()) return false;
  }
  for (const std::unique_ptr<TunnelClient>& client : tunnel_clients_) {
    if (!client->is_done()) return false;
  }
  return true;
}

void SimWorld::run_clients() {
  while (!clients_are_done()) {
    if (!tick()) fail("the worker returned while clients were waiting");
    if (kernel_.ring()->is_idle() && !clients_are_done()) {
      fail("hang: nothing will ever happen again\n%s", describe_waiting().c_str());
    }
  }
}

void SimWorld::abandon_clients() {
  for (const std::unique_ptr<SimClient>& client : clients_) client->abandon();
  for (const std::unique_ptr<TunnelClient>& client : tunnel_clients_) client->abandon();
}

bool SimWorld::run_for(Duration time) {
  const Instant end = kernel_.now() + time;
  bool is_over = false;
  kernel_.call_at(end, [this, &is_over] {
    is_over = true;
    if (worker_ != nullptr) worker_->wake();  // Or the wait would go on to the next thing that happens.
  });
  while (!is_over) {
    if (!tick()) return false;
  }
  return true;
}

void SimWorld::drain(Duration limit) {
  set_phase(Phase::draining);
  const Instant deadline = kernel_.now() + limit;
  kernel_.call_at(deadline, [this] {
    if (!has_returned_) set_phase(Phase::stopping);
  });
  kernel_.call_at(deadline + kHangLimit, [this] {
    if (!has_returned_) fail("the worker does not stop");
  });
  while (tick()) {
  }
}

void SimWorld::finish() {
  // Clients are content once they have sent everything; a tunnel of 128 KiB through a window of 2 KiB on a
  // long path still takes half a minute to its origin, and a calm run wants it to arrive.
  if (!has_returned_) drain(60_s);
  check_end();
}

void SimWorld::check_end() {
  if (kernel_.open_descriptors() != 0) fail("%u descriptors were left open", kernel_.open_descriptors());
  if (kernel_.ring()->ops_in_flight() > 1) fail("D3: %u ops were left", kernel_.ring()->ops_in_flight());
  const WorkerStats& stats = *stats_;
  const uint64_t held = stats.buffers_held_bytes.get();
  if (held != 0) fail("D4: %llu bytes of buffers are still held", static_cast<unsigned long long>(held));
  if (stats.streams_open.get() + stats.client_connections.get() + stats.origin_connections.get() != 0) {
    fail("streams or connections are left");
  }
  for (uint32_t i = 0; i < 4; ++i) {
    if (stats.listeners[i].connections_open.get() != 0) fail("stats: connections_open of %u is not zero", i);
    if (stats.listeners[i].requests_in_flight.get() != 0)
      fail("stats: requests_in_flight of %u is not zero", i);
    if (stats.pools[i].in_flight.get() != 0) fail("stats: in_flight of pool %u is not zero", i);
  }
  if (shelf_->client_connections.load() != 0) fail("the shelf still counts connections");
  if (shelf_->workers[0].pinned.load() != 0) fail("a snapshot is still pinned");
  if (!shelf_->workers[0].drained.load()) fail("the worker returned without saying that it is drained");
  worker_.reset();
  // What is still travelling arrives: scripts see the ends of their connections.
  const Instant end = kernel_.now() + kHangLimit;
  while (kernel_.next_event() < end) {
    kernel_.advance_to(kernel_.next_event());
    kernel_.run_due();
  }
}

std::string SimWorld::describe_waiting() const {
  std::string text;
  for (const std::unique_ptr<SimClient>& client : clients_) {
    if (!client->is_done()) text += "  " + client->describe() + "\n";
  }
  for (const std::unique_ptr<TunnelClient>& client : tunnel_clients_) {
    if (!client->is_done()) text += "  tunnel client, received " + std::to_string(client->received()) + "\n";
  }
  return text;
}

}  // namespace sluice::sim
