// What needs more than one object to see: duplicate names and addresses, references, tcp listeners and
// their routes. Runs over the whole Config after every load and edit (about 10 ms at 100,000 routes).
#pragma once

#include "admin/model/config.h"
#include "admin/model/error_sink.h"

namespace sluice::admin {

void check_into(const Config& config, ErrorSink& errors);

}  // namespace sluice::admin
