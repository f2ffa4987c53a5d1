// Host names of peers to IP addresses, before compile: the data plane never asks DNS.
#pragma once

#include <expected>
#include <functional>
#include <string>

#include "admin/model/config.h"
#include "admin/model/config_error.h"

namespace sluice::admin {

// One address of `host`, or a sentence why not. Must be stable for unchanged DNS answers (the smallest
// address of the preferred family), so that recompiling an unchanged revision gives equal bytes.
using Resolver = std::function<std::expected<IpAddress, std::string>(const std::string& host)>;

// Fills Endpoint.ip of every peer and unnamed-pool address that is a host name; each name is asked once.
// On errors `config` keeps what it had.
ConfigErrors resolve_addresses(Config& config, const Resolver& resolver);

}  // namespace sluice::admin
