// One object of a Config replaced, added or removed, with the whole checked again (references, duplicate
// names and addresses: a few milliseconds at 100,000 routes). The given Config is never changed.
#pragma once

#include <expected>
#include <memory>
#include <string>

#include "admin/model/config.h"
#include "admin/model/config_error.h"

namespace sluice::admin {

// Everything that needs more than one object to see. Empty: good.
ConfigErrors check_config(const Config& config);

using Edited = std::expected<Config, ConfigErrors>;
// Replaces the object of that name in its place in the order, or appends it.
Edited put_listener(const Config& config, std::shared_ptr<const Listener> listener);
Edited put_peer(const Config& config, std::shared_ptr<const Peer> peer);
Edited put_pool(const Config& config, std::shared_ptr<const Pool> pool);
Edited put_route(const Config& config, std::shared_ptr<const Route> route);
// The error names who still refers to it, or says that there is none of that name.
Edited remove_listener(const Config& config, const std::string& name);
Edited remove_peer(const Config& config, const std::string& name);
Edited remove_pool(const Config& config, const std::string& name);
Edited remove_route(const Config& config, const std::string& name);

}  // namespace sluice::admin
