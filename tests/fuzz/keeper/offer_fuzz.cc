// A sequence of offers from a hostile sender: every byte of the memfd, its seals, and what the offer says
// about it. Whatever comes, nothing crashes, a rejection leaves the served snapshot as it was, and
// generations only grow.
//
// Input: offers of  flags, incarnation, number, length (2 bytes), content.
//   flags  0..3 leave out a seal · 4 lie about the size · 5 lie about the hash · 6 a placement
//          7 content is a list of patches (offset, 2 bytes; xor value) to a snapshot that is right
#include <fcntl.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "dataplane/keeper/offer_check.h"
#include "dataplane/keeper/shelf_publisher.h"
#include "schemas/base/check.h"
#include "tests/unit/decide/snapshot_builder.h"
#include "tests/unit/keeper/sealed.h"

namespace sluice::dataplane {
namespace {

std::vector<std::byte> right_snapshot() {
  testing::SnapshotBuilder builder;
  builder.add_listener("web", "127.0.0.1:8080");
  builder.add_listener("six", "[::1]:8443");
  const uint32_t one = builder.add_peer("127.0.0.1:9001", "one");
  const uint32_t two = builder.add_peer("[::1]:9002", "two");
  const uint32_t outage = builder.add_response({.status = 503, .body = "back soon"});
  const uint32_t pool = builder.add_pool("pool", {{one, 1}, {two, 3}}, wire::PoolMode::failover,
                                         wire::BalancePolicy::round_robin, outage);
  const uint32_t condition = builder.add_condition({.methods = {"GET"}, .headers = {{.name = "x-a"}}});
  builder.add_rule("app.example.com",
                   {.path = "/a", .route = builder.add_route("app", pool), .condition = condition});
  builder.add_rule("*.example.com",
                   {.route = builder.add_redirect_route("move", {.location = "https://{host}{path}"})});
  builder.add_rule(
      "", {.path = "/x", .kind = wire::PathKind::exact, .route = builder.add_response_route("no", {})});
  builder.access_log = {.format = wire::LogFormat::custom, .path = "/dev/null", .template_text = "$status"};
  return builder.finish();
}

std::vector<std::byte> right_placement() {
  flatbuffers::FlatBufferBuilder builder;
  const std::vector<wire::PeerPlacement> peers = {{1, 2, 100, wire::PeerUse::down},
                                                  {2, 0, 50, wire::PeerUse::draining}};
  builder.Finish(wire::CreatePlacement(builder, 1, 3, builder.CreateVectorOfStructs(peers)), "SLPL");
  const auto bytes = std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize()));
  return {bytes.begin(), bytes.end()};
}

std::vector<std::byte> content_of(std::span<const uint8_t> input, uint8_t flags) {
  const auto raw = std::as_bytes(input);
  if ((flags & 0x80) == 0) return {raw.begin(), raw.end()};
  static const std::vector<std::byte> snapshot = right_snapshot();
  static const std::vector<std::byte> placement = right_placement();
  std::vector<std::byte> bytes = (flags & 0x40) != 0 ? placement : snapshot;
  for (; input.size() >= 3; input = input.subspan(3)) {
    bytes[(input[0] | input[1] << 8) % bytes.size()] ^= static_cast<std::byte>(input[2]);
  }
  return bytes;
}

// What workers do with a snapshot that passed: everything in it must be safe to read.
void use(const decide::Snapshot& snapshot) {
  uint64_t read = 0;
  for (const char* host : {"app.example.com", "b.example.com", "other", ""}) {
    for (const char* path : {"/a/b", "/x", "/", "*"}) {
      const decide::RouteMatch match = snapshot.match({.host = host, .path = path, .method = "GET"});
      if (match.route == decide::kNone) continue;
      CHECK(match.route < snapshot.routes().size());
      const wire::Route& route = snapshot.routes()[match.route];
      read += snapshot.text(route.name()).size() + snapshot.policy(route).retry_attempts();
    }
  }
  for (const wire::Listener& listener : snapshot.listeners()) read += snapshot.text(listener.name()).size();
  for (const wire::Pool& pool : snapshot.pools()) read += snapshot.members(pool).size();
  CHECK(read < UINT64_MAX);
}

// One worker, in this thread.
void adopt(Shelf& shelf) {
  const Published* published = shelf.snapshot.load(std::memory_order_acquire);
  if (published == nullptr) return;
  use(*published->snapshot);
  shelf.workers[0].snapshot_seen.store(published->version, std::memory_order_release);
}

void offer_snapshot(const OfferMessage& offer, int memfd, bool is_sealed_and_true, ShelfPublisher& publisher,
                    Shelf& shelf) {
  const Published* before = shelf.snapshot.load();
  const Generation generation_before = publisher.applied();
  auto checked = check_snapshot_offer(offer, memfd, {.bytes_max = 1 << 20});
  const bool fits = checked && check_not_shrunk(offer, *checked->snapshot, nullptr) &&
                    publisher.order_of(offer.generation, offer.hash) == OfferOrder::newer;
  CHECK(is_sealed_and_true || !checked);
  if (!fits) {
    CHECK(checked || !checked.error().code.empty());
    CHECK(shelf.snapshot.load() == before && publisher.applied() == generation_before);
    return;
  }
  publisher.publish({.generation = offer.generation,
                     .hash = offer.hash,
                     .bytes = std::move(checked->bytes),
                     .snapshot = std::move(checked->snapshot)});
  CHECK(publisher.applied() > generation_before);
  adopt(shelf);
  publisher.free_retired();
  CHECK(!publisher.has_retired());
}

}  // namespace
}  // namespace sluice::dataplane

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, std::size_t size) {
  using namespace sluice;
  using namespace sluice::dataplane;
  constexpr int kSeals[] = {F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE};
  static Shelf shelf;  // Half a megabyte: not once per input.
  shelf.workers[0].snapshot_seen.store(0);
  ShelfPublisher publisher(shelf, 1, {.wake = [](void*, uint32_t) {}, .context = nullptr});
  std::span<const uint8_t> input(data, size);
  while (input.size() >= 5) {
    const uint8_t flags = input[0];
    OfferMessage offer{.generation = {input[1], input[2]}};
    const std::size_t length = std::min<std::size_t>(input[3] | input[4] << 8, input.size() - 5);
    const std::vector<std::byte> content = content_of(input.subspan(5, length), flags);
    input = input.subspan(5 + length);

    int seals = 0;
    for (int i = 0; i < 4; ++i) seals |= (flags >> i & 1) != 0 ? 0 : kSeals[i];
    const Descriptor memfd = sluice::testing::memfd_with(content, seals);
    CHECK(memfd.is_open());
    offer.bytes = content.size() + (flags >> 4 & 1);
    offer.hash = content_hash(content);
    offer.hash.low ^= flags >> 5 & 1;
    const bool is_sealed_and_true = (flags & 0x3f) == 0 && !content.empty();
    if ((flags & 0x40) == 0) {
      offer_snapshot(offer, memfd.get(), is_sealed_and_true, publisher, shelf);
      continue;
    }
    offer.kind = OfferKind::placement;
    const auto placement = check_placement_offer(offer, memfd.get());
    CHECK(is_sealed_and_true || !placement);
    if (placement) (*placement)->find(2);
  }
  return 0;
}
