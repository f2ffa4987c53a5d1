// A Config to the bytes the data plane serves (schemas/snapshot.fbs). Pure and deterministic: the same
// Config and revision give the same bytes, whatever the machine, order of calls or time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <expected>
#include <vector>

#include "admin/model/config.h"
#include "admin/model/config_error.h"

namespace sluice::admin {

// Requires a checked Config (load_config or edit.h). Errors: a peer's host name was not resolved
// (resolve_addresses comes first), or a limit of the snapshot format.
std::expected<std::vector<std::byte>, ConfigErrors> compile(const Config& config, uint64_t revision);

}  // namespace sluice::admin
