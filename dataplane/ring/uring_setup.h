// Opening an io_uring: the flags, what the kernel can do, and for every way it can be refused one line
// that says why and what to do.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "dataplane/ring/ring.h"
#include "dataplane/ring/uring_constants.h"

namespace sluice::dataplane {

// What decides why io_uring_setup() was refused. Read from the system when it happens.
struct SetupCircumstances {
  int disabled_sysctl = 0;  // kernel.io_uring_disabled: 0 for all, 1 for a group, 2 for nobody.
  int seccomp_mode = 0;     // "Seccomp:" of /proc/self/status; 2 is a filter.
  std::string kernel_release;
};
SetupCircumstances read_setup_circumstances();
std::string explain_setup_error(int error, const SetupCircumstances& circumstances);

struct OpenedUring {
  RingCaps caps;               // What it can do, less what the mask hides.
  bool is_registered = false;  // enter_ring_fd is an index, for IORING_ENTER_REGISTERED_RING.
};
// Initialises `uring` for the calling thread (SINGLE_ISSUER). The caller ends it with
// io_uring_queue_exit(). On error there is nothing to end.
std::expected<OpenedUring, std::string> open_uring(const RingOptions& options, io_uring& uring);

}  // namespace sluice::dataplane
