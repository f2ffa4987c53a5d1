// `sluice run` and `sluice proxy`: check first, then supervise.
#pragma once

#include "tools/cli/options.h"

namespace sluice::cli {

int run(const Options& options);

// Writes a configuration for --from and --to into a temporary data directory, runs it, removes it.
int run_proxy(const Options& options);

// The folder of this program, where its siblings sluice-dataplane and sluice-admin are.
std::string binary_folder();

}  // namespace sluice::cli
