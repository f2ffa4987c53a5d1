// The data directory as this process's own: created with mode 0700, locked for the process's life.
#pragma once

#include <expected>
#include <string>

#include "dataplane/keeper/descriptor.h"

namespace sluice::dataplane {

// The lock is DIR/dataplane.lock and holds our pid. The error names the process that has it.
std::expected<Descriptor, std::string> lock_data_dir(const std::string& path);

}  // namespace sluice::dataplane
