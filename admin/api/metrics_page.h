// GET /metrics.
#pragma once

#include <string>

#include "admin/api/gateway_facts.h"

namespace sluice::admin {

std::string metrics_page(const GatewayFacts& facts);

}  // namespace sluice::admin
