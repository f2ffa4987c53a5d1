// `sluice -s reload|quit|stop|reopen` and `sluice reload`: finds the running supervisor by its data
// directory and signals it. A reload is refused here when the file is bad, so that the answer is on the
// terminal of whoever edited it, and the outcome is waited for.
#pragma once

#include "tools/cli/options.h"

namespace sluice::cli {

int send_signal(const Options& options);

}  // namespace sluice::cli
