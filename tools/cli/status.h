// `sluice status`: asks the admin process and prints what it says, for people or (--json) as it came.
#pragma once

#include "tools/cli/options.h"

namespace sluice::cli {

int print_status(const Options& options);

}  // namespace sluice::cli
