// The edges that admin/model itself may not know: files, the environment, DNS. For main programs; tests
// of the model bring their own functions. Library admin_system_sources.
#pragma once

#include <expected>
#include <string>

#include "admin/model/load.h"
#include "admin/model/resolve.h"

namespace sluice::admin {

// Reads at most options.bytes_max and refuses what is not a regular file or pipe, or is larger.
std::expected<std::string, ConfigErrors> read_config_file(const std::string& path, uint64_t bytes_max);

// file_name = path, environment = getenv, include = glob relative to the including file.
LoadOptions system_load_options(const std::string& path);

// read_config_file + load_config with system_load_options. "-" is standard input.
std::expected<Config, ConfigErrors> load_config_file(const std::string& path);

// getaddrinfo; IPv4 is preferred, then the numerically smallest address. Blocks (DNS timeouts).
Resolver system_resolver();

}  // namespace sluice::admin
