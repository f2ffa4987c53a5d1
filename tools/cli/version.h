// `sluice -v` and `sluice -V`.
#pragma once

namespace sluice::cli {

int print_version();

// Also the compiler, the libraries of all three programs, and what this kernel's io_uring can do (the data
// plane knows: it is asked).
int print_long_version();

}  // namespace sluice::cli
