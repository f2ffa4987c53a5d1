// What routing costs: loading a snapshot, looking up hosts and paths (uniformly random, which no cache helps,
// and hot), picking a member. Every figure of docs/routing.md comes from here.
#include <benchmark/benchmark.h>

#include <memory>
#include <numeric>
#include <vector>

#include "dataplane/decide/pick.h"
#include "dataplane/decide/snapshot.h"
#include "schemas/base/check.h"
#include "schemas/base/rng.h"
#include "schemas/stable_hash.h"
#include "tests/unit/decide/snapshot_builder.h"

namespace sluice {
namespace {

using decide::RouteQuery;
using decide::Snapshot;
using testing::SnapshotBuilder;

struct Loaded {
  std::vector<std::byte> bytes;
  std::unique_ptr<Snapshot> snapshot;
};

std::unique_ptr<Snapshot> load(const std::vector<std::byte>& bytes) {
  auto snapshot = Snapshot::load(bytes, {});
  CHECK(snapshot.has_value());
  return std::move(*snapshot);
}

Loaded loaded(SnapshotBuilder& builder) {
  Loaded result;
  result.bytes = builder.finish();
  result.snapshot = load(result.bytes);
  return result;
}

std::string host_name(uint32_t number) {
  return "host-" + std::to_string(number) + ".apps.example.com";
}

// Each host with its own route; with its own one-member pool, or all with one pool.
std::vector<std::byte> many_hosts(uint32_t count, bool own_pools) {
  SnapshotBuilder builder;
  builder.add_listener("web", "127.0.0.1:8080");
  uint32_t pool = builder.add_pool("", {{builder.add_peer("127.0.0.1:9001")}});
  for (uint32_t i = 0; i < count; ++i) {
    const std::string number = std::to_string(i);
    if (own_pools) {
      const std::string address = "10." + std::to_string(i >> 16) + "." + std::to_string((i >> 8) & 255) +
                                  "." + std::to_string(i & 255) + ":8080";
      pool = builder.add_pool("", {{builder.add_peer(address, address)}});
    }
    builder.add_rule(host_name(i), {.route = builder.add_route("route-" + number, pool)});
  }
  return builder.finish();
}

std::vector<std::string> random_hosts(uint32_t count, uint32_t of) {
  Rng rng(7);
  std::vector<std::string> hosts(count);
  for (std::string& host : hosts) host = host_name(static_cast<uint32_t>(rng.below(of)));
  return hosts;
}

const Loaded& million_hosts() {
  static const Loaded result = [] {
    Loaded made;
    made.bytes = many_hosts(1'000'000, false);
    made.snapshot = load(made.bytes);
    return made;
  }();
  return result;
}

void BM_Load(benchmark::State& state) {
  const std::vector<std::byte> bytes = many_hosts(static_cast<uint32_t>(state.range(0)), state.range(1) != 0);
  uint64_t index_bytes = 0;
  for (auto _ : state) {
    const std::unique_ptr<Snapshot> snapshot = load(bytes);
    index_bytes = snapshot->index_bytes();
    benchmark::DoNotOptimize(snapshot.get());
  }
  state.counters["snapshot_MB"] = static_cast<double>(bytes.size()) / 1e6;
  state.counters["index_MB"] = static_cast<double>(index_bytes) / 1e6;
}
BENCHMARK(BM_Load)
    ->ArgNames({"hosts", "own_pools"})
    ->Args({100'000, 1})
    ->Args({1'000'000, 0})
    ->Args({1'000'000, 1})
    ->Unit(benchmark::kMillisecond);

// Hosts are drawn beforehand, 64 Ki of them in order: their strings come through the prefetcher, the index
// and the snapshot stay cold when `distinct` is large.
void BM_MatchHostOfAMillion(benchmark::State& state) {
  const Loaded& world = million_hosts();
  const std::vector<std::string> hosts = random_hosts(1 << 20, static_cast<uint32_t>(state.range(0)));
  size_t at = 0;
  for (auto _ : state) {
    RouteQuery query;
    query.host = hosts[at++ & 0xfffff];
    query.path = "/index.html";
    query.method = "GET";
    benchmark::DoNotOptimize(world.snapshot->match(query));
  }
}
BENCHMARK(BM_MatchHostOfAMillion)->ArgName("distinct")->Arg(1'000'000)->Arg(1'000)->Arg(1);

// One load that depends on the one before, anywhere in 128 MiB of 4 KiB pages: the unit in which a cold
// look-up should be read, since a shared machine's memory may be three times slower from minute to minute.
void BM_OneCacheMiss(benchmark::State& state) {
  constexpr uint32_t kLines = (128u << 20) / 64;
  struct alignas(64) Line {
    uint32_t next;
  };
  std::vector<Line> lines(kLines);
  std::vector<uint32_t> order(kLines);
  std::iota(order.begin(), order.end(), 0u);
  Rng rng(3);
  for (uint32_t i = kLines - 1; i > 0; --i) std::swap(order[i], order[rng.below(i + 1)]);
  for (uint32_t i = 0; i < kLines; ++i) lines[order[i]].next = order[(i + 1) % kLines];
  uint32_t at = 0;
  for (auto _ : state) benchmark::DoNotOptimize(at = lines[at].next);
}
BENCHMARK(BM_OneCacheMiss);

void BM_MatchUnknownHost(benchmark::State& state) {
  const Loaded& world = million_hosts();
  RouteQuery query;
  query.host = "www.not-here.example.org";
  query.path = "/";
  for (auto _ : state) benchmark::DoNotOptimize(world.snapshot->match(query));
}
BENCHMARK(BM_MatchUnknownHost);

void BM_MatchPathOfOneHost(benchmark::State& state) {
  const auto count = static_cast<uint32_t>(state.range(0));
  SnapshotBuilder builder;
  const uint32_t pool = builder.add_pool("", {{builder.add_peer("127.0.0.1:9001")}});
  const uint32_t route = builder.add_route("r", pool);
  const auto path = [](uint32_t i) { return "/api/v1/tenant-" + std::to_string(i) + "/orders"; };
  for (uint32_t i = 0; i < count; ++i) builder.add_rule("app.example.com", {.path = path(i), .route = route});
  const Loaded world = loaded(builder);
  Rng rng(7);
  std::vector<std::string> paths(1 << 16);
  for (std::string& drawn : paths) drawn = path(static_cast<uint32_t>(rng.below(count))) + "/4711/lines";
  size_t at = 0;
  for (auto _ : state) {
    RouteQuery query;
    query.host = "app.example.com";
    query.path = paths[at++ & 0xffff];
    query.method = "GET";
    benchmark::DoNotOptimize(world.snapshot->match(query));
  }
  state.counters["index_bytes_per_rule"] = static_cast<double>(world.snapshot->index_bytes()) / count;
}
BENCHMARK(BM_MatchPathOfOneHost)->ArgName("paths")->Arg(8)->Arg(16)->Arg(17)->Arg(1'000)->Arg(100'000);

// 0, 1: nothing to do in 24 and 68 bytes; 2: escapes to spell; 3: dots to resolve, slashes to merge.
void BM_NormalPath(benchmark::State& state) {
  constexpr std::string_view kPaths[] = {
      "/api/v1/orders/4711/line", "/static/assets/images/2026/11/header-background-large-retina.webp",
      "/files/%c3%a4rger%20in%20k%c3%b6ln.txt", "/a/./b/../c//d/%2e%2e/index.html"};
  const std::string_view path = kPaths[state.range(0)];
  char out[128];
  for (auto _ : state) {
    benchmark::DoNotOptimize(path);
    benchmark::DoNotOptimize(decide::normal_path(path, {}, out));
  }
}
BENCHMARK(BM_NormalPath)->ArgName("path")->DenseRange(0, 3);

void BM_Pick(benchmark::State& state) {
  SnapshotBuilder builder;
  std::vector<testing::MemberSpec> members;
  for (uint32_t i = 0; i < state.range(1); ++i) {
    members.push_back({builder.add_peer("10.0.0.1:" + std::to_string(i + 1)), 1});
  }
  builder.add_pool("p", members, wire::PoolMode::load_balancing,
                   static_cast<wire::BalancePolicy>(state.range(0)));
  const Loaded world = loaded(builder);
  decide::BalanceState balance;
  Rng rng(1);
  const decide::MemberFacts facts{nullptr, [](void*, const wire::Peer&) -> uint32_t { return 100; },
                                  [](void*, const wire::Peer& peer) -> uint32_t { return peer.id() & 7; }};
  uint64_t key = 0;
  for (auto _ : state) {
    key = key * 0x9e3779b97f4a7c15ULL + 1;
    benchmark::DoNotOptimize(decide::pick_member(*world.snapshot, 0, balance, facts, key, rng));
  }
  state.SetLabel(wire::EnumNameBalancePolicy(static_cast<wire::BalancePolicy>(state.range(0))));
}
BENCHMARK(BM_Pick)->ArgNames({"policy", "members"})->ArgsProduct({{0, 1, 2, 3, 4}, {3, 64, 1000}});

}  // namespace
}  // namespace sluice
