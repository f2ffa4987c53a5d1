// Makes bytes of unknown origin safe to read as a Snapshot: size, identifier, schema version, FlatBuffers
// structure and alignment. Says nothing about what the values mean; see checks.h.
#pragma once

#include <cstddef>
#include <expected>
#include <span>

#include "dataplane/decide/arrays.h"

namespace sluice::decide {

inline constexpr uint32_t kSchemaVersion = 1;

std::expected<Arrays, SnapshotError> verify(std::span<const std::byte> bytes, const SnapshotLimits& limits);

}  // namespace sluice::decide
