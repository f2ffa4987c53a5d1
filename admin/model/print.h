// The canonical text of a Config: every value written out, stable order. load_config() of it gives an
// equal Config (included files are merged, ${NAME} is already replaced, `$` is written `$$`).
#pragma once

#include <string>

#include "admin/model/config.h"

namespace sluice::admin {

std::string to_yaml(const Config& config);
std::string to_json(const Config& config);
std::string to_json(const Listener& listener);
std::string to_json(const Peer& peer);
std::string to_json(const Pool& pool);
std::string to_json(const Route& route);

}  // namespace sluice::admin
