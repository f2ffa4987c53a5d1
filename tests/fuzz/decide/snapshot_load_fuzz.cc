// Whatever bytes load() takes can be read, matched and picked from without a fault, and every answer lies
// within the snapshot. Bytes come from the admin or from a disk: trusted to be wrong.
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <vector>

#include "dataplane/decide/pick.h"
#include "schemas/base/check.h"

#ifdef SLUICE_LIBFUZZER
#include "tests/fuzz/decide/in_place_mutator.h"

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  return sluice::testing::mutate_in_place(data, size, max_size, seed);
}
#endif

namespace sluice {
namespace {

using decide::kNone;
using decide::Snapshot;

// Small, so that one input costs well under a millisecond.
constexpr decide::SnapshotLimits kLimits{
    .bytes_max = 1 << 20, .routes_max = 1000, .regexes_max = 20, .maglev_tables_max = 1};
constexpr size_t kTriedMax = 64;

void match_one(const Snapshot& snapshot, std::string_view host, std::string_view path,
               std::string_view method) {
  decide::RouteQuery query;
  query.host = host;
  query.path = path;
  query.method = method;
  query.headers = &query;
  query.find_header = [](const void*, std::string_view name) {
    return name.size() % 2 == 0 ? name : std::string_view{};
  };
  const decide::RouteMatch found = snapshot.match(query);
  CHECK((found.route == kNone) == (found.rule == kNone));
  if (found.rule == kNone) return;
  CHECK(found.rule < snapshot.rules().size() && found.route < snapshot.routes().size());
  CHECK(snapshot.rules()[found.rule].route() == found.route);
  const wire::Route& route = snapshot.routes()[found.route];
  CHECK(snapshot.timeouts(snapshot.policy(route).timeouts()).connect() != 0);
  if (route.action() == wire::ActionKind::forward) CHECK(route.target() < snapshot.pools().size());
}

void match_all(const Snapshot& snapshot) {
  for (size_t h = 0; h < snapshot.hosts().size() && h < kTriedMax; ++h) {
    const wire::Host& host = snapshot.hosts()[h];
    std::string name(snapshot.text(host.name()));
    if (host.kind() == wire::HostKind::wildcard) name.insert(0, "Sub");
    match_one(snapshot, name, "*", "OPTIONS");
    for (uint32_t r = 0; r < host.rule_count() && r < kTriedMax; ++r) {
      const std::string path(snapshot.text(snapshot.rules()[host.first_rule() + r].path()));
      match_one(snapshot, name, path, "GET");
      match_one(snapshot, name + ".", path + "/x", "POST");
    }
  }
  match_one(snapshot, "", "/", "GET");
}

void pick_all(const Snapshot& snapshot) {
  Rng rng(1);
  // Percent depends on the peer, so that some members are out and some at half.
  const decide::MemberFacts facts{
      nullptr, [](void*, const wire::Peer& peer) -> uint32_t { return peer.address().port() % 3 * 50; },
      [](void*, const wire::Peer& peer) -> uint32_t { return peer.address().port() % 5; }};
  for (uint32_t pool = 0; pool < snapshot.pools().size() && pool < kTriedMax; ++pool) {
    decide::BalanceState state;
    const auto members = snapshot.members(snapshot.pools()[pool]);
    for (uint64_t key = 0; key < 4; ++key) {
      const uint32_t picked = decide::pick_member(snapshot, pool, state, facts, key << 60, rng);
      if (picked == kNone) continue;
      CHECK(picked < members.size() && members[picked].weight() != 0);
      CHECK(snapshot.has_peer(snapshot.peers()[members[picked].peer()].id()));
    }
  }
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  // Exactly that many bytes on the heap, so that a read behind them is seen; operator new aligns to 16.
  const std::vector<std::byte> bytes(reinterpret_cast<const std::byte*>(data),
                                     reinterpret_cast<const std::byte*>(data) + size);
  const auto snapshot = sluice::decide::Snapshot::load(bytes, sluice::kLimits);
  if (!snapshot) {
    CHECK(!snapshot.error().code.empty() && !snapshot.error().message.empty());
    return 0;
  }
  sluice::match_all(**snapshot);
  sluice::pick_all(**snapshot);
  return 0;
}
