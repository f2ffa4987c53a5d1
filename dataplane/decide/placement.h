// The placement as a worker reads it: which peers may take traffic right now. See schemas/placement.fbs.
#pragma once

#include <cstddef>
#include <expected>
#include <memory>
#include <span>

#include "dataplane/decide/snapshot.h"
#include "schemas/placement_generated.h"

namespace sluice::decide {

class Placement {
 public:
  // Verifies and checks (sorted, no duplicates, known enums). Copies what it needs; `bytes` may go.
  static std::expected<std::unique_ptr<Placement>, SnapshotError> load(std::span<const std::byte> bytes);
  static std::unique_ptr<Placement> empty();

  // Null: usable at full weight.
  const wire::PeerPlacement* find(uint64_t peer_id) const;
  uint64_t epoch() const { return epoch_; }

 private:
  Placement() = default;
  uint64_t epoch_ = 0;
  std::unique_ptr<wire::PeerPlacement[]> peers_;
  uint32_t count_ = 0;
};

}  // namespace sluice::decide
