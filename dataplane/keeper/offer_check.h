// From an offer's descriptor to an object that may be published, or the reason why not. Trusts nothing: the
// sender may be a buggy or hostile process of our own user.
//
// The order matters. Seals first: only a memfd that nobody can change or shrink any more may be mapped, or
// what was checked is not what is used (TOCTOU) and a truncation is a SIGBUS in a worker. Then size, content
// hash, the FlatBuffers verifier and the semantic checks of dataplane/decide. Changes nothing.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>

#include "dataplane/decide/placement.h"
#include "dataplane/decide/snapshot.h"
#include "dataplane/keeper/mapped_bytes.h"
#include "schemas/control_frame.h"

namespace sluice::dataplane {

struct CheckedSnapshot {
  MappedBytes bytes;
  std::unique_ptr<decide::Snapshot> snapshot;  // Destroyed before the bytes it reads.
};

RejectedMessage reject(const OfferMessage& offer, std::string code, std::string path, std::string message);

// `descriptor` -1: none came. It stays open.
std::expected<MappedBytes, RejectedMessage> map_offer(const OfferMessage& offer, int descriptor,
                                                      uint64_t bytes_max);
std::expected<CheckedSnapshot, RejectedMessage> check_snapshot_offer(const OfferMessage& offer,
                                                                     int descriptor,
                                                                     const decide::SnapshotLimits& limits);
std::expected<std::unique_ptr<decide::Placement>, RejectedMessage> check_placement_offer(
    const OfferMessage& offer, int descriptor);

// S16: nothing to listen on, or nearly all routes gone, is more often a broken generator than a wish; it
// needs allow_empty. `served` is null before the first apply.
std::expected<void, RejectedMessage> check_not_shrunk(const OfferMessage& offer,
                                                      const decide::Snapshot& offered,
                                                      const decide::Snapshot* served);

}  // namespace sluice::dataplane
