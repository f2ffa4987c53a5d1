#include "dataplane/decide/placement.h"

#include <algorithm>
#include <string>

namespace sluice::decide {
namespace {

constexpr uint32_t kSchemaVersion = 1;
constexpr uint64_t kBytesMax = 256ULL << 20;  // Eleven million peers.

SnapshotError bad(std::string code, std::string path, std::string message) {
  return {std::move(code), std::move(path), std::move(message)};
}

std::string place(uint32_t index, std::string_view field) {
  return "peers[" + std::to_string(index) + "]" + std::string(field);
}

std::optional<SnapshotError> check_entry(const wire::PeerPlacement& entry, uint32_t index) {
  if (static_cast<uint8_t>(entry.use()) > static_cast<uint8_t>(wire::PeerUse::MAX)) {
    return bad("BAD_VALUE", place(index, ".use"), "is not a known use; send usable, draining or down");
  }
  if (entry.peer() == 0) return bad("BAD_VALUE", place(index, ".peer"), "is zero; send the peer's id");
  if (entry.stand_in() == entry.peer()) {
    return bad("BAD_VALUE", place(index, ".stand_in"), "is the peer itself; name another one or none");
  }
  return std::nullopt;
}

}  // namespace

std::unique_ptr<Placement> Placement::empty() {
  return std::unique_ptr<Placement>(new Placement);
}

std::expected<std::unique_ptr<Placement>, SnapshotError> Placement::load(std::span<const std::byte> bytes) {
  if (bytes.size() > kBytesMax) {
    return std::unexpected(bad("LIMIT", "", "the placement is larger than 256 MiB; list changed peers only"));
  }
  const auto* data = reinterpret_cast<const uint8_t*>(bytes.data());
  if (bytes.size() <= 2 * sizeof(flatbuffers::uoffset_t) || reinterpret_cast<uintptr_t>(data) % 8 != 0 ||
      !flatbuffers::BufferHasIdentifier(data, wire::PlacementIdentifier())) {
    return std::unexpected(bad("VERIFY", "", "is not a placement: too short, misaligned or without SLPL"));
  }
  flatbuffers::Verifier::Options options;
  options.max_depth = 1;
  options.max_tables = 1;
  flatbuffers::Verifier verifier(data, bytes.size(), options);
  if (!wire::VerifyPlacementBuffer(verifier)) {
    return std::unexpected(
        bad("VERIFY", "", "the FlatBuffers structure is damaged; send the placement again"));
  }
  const wire::Placement& root = *wire::GetPlacement(data);
  if (root.schema_version() == 0)
    return std::unexpected(bad("BAD_VALUE", "schema_version", "must be 1 or more"));
  if (root.schema_version() > kSchemaVersion) {
    return std::unexpected(bad("SCHEMA_TOO_NEW", "schema_version",
                               "is newer than this data plane reads; upgrade the data plane first"));
  }
  std::unique_ptr<Placement> placement = empty();
  placement->epoch_ = root.epoch();
  if (root.peers() == nullptr || root.peers()->size() == 0) return placement;
  const auto* entries = reinterpret_cast<const wire::PeerPlacement*>(root.peers()->Data());
  if (reinterpret_cast<uintptr_t>(entries) % alignof(wire::PeerPlacement) != 0) {
    return std::unexpected(bad("VERIFY", "peers", "the vector is not aligned; send the placement again"));
  }
  const uint32_t count = root.peers()->size();
  for (uint32_t i = 0; i < count; ++i) {
    if (std::optional<SnapshotError> problem = check_entry(entries[i], i))
      return std::unexpected(std::move(*problem));
    if (i > 0 && entries[i - 1].peer() >= entries[i].peer()) {
      return std::unexpected(
          bad("BAD_VALUE", place(i, ".peer"), "is not above the one before; sort by peer, each once"));
    }
  }
  placement->peers_ = std::make_unique<wire::PeerPlacement[]>(count);
  std::copy(entries, entries + count, placement->peers_.get());
  placement->count_ = count;
  return placement;
}

const wire::PeerPlacement* Placement::find(uint64_t peer_id) const {
  const wire::PeerPlacement* end = peers_.get() + count_;
  const auto before = [](const wire::PeerPlacement& entry, uint64_t wanted) { return entry.peer() < wanted; };
  const wire::PeerPlacement* found =
      std::lower_bound<const wire::PeerPlacement*>(peers_.get(), end, peer_id, before);
  return found != end && found->peer() == peer_id ? found : nullptr;
}

}  // namespace sluice::decide
