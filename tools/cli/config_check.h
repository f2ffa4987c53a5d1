// Everything that can be known about a configuration file without starting anything: it parses, it is
// consistent, it compiles, and the data plane's own loader accepts the result.
#pragma once

#include <expected>
#include <string>

#include "admin/model/config.h"
#include "admin/model/config_error.h"

namespace sluice::cli {

// Resolves host names of peers (DNS), as the admin process will.
std::expected<admin::Config, admin::ConfigErrors> check_config_file(const std::string& path);

// `sluice validate`: the exit code. Errors go to stderr as `file:line:column: what; what to do`, or to
// stdout as {"valid": false, "errors": [...]}.
int validate(const std::string& path, bool json);

// A listener address or the admin's that somebody else holds. Empty: all are free. For a start, never for a
// reload, where the running gateway holds them itself.
admin::ConfigErrors find_addresses_in_use(const admin::Config& config);

}  // namespace sluice::cli
