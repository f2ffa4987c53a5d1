// liburing and what kernels newer than its header know. Debian 12 ships 2.3, whose copy of the kernel's
// header stops at Linux 6.1; each value below is the kernel's, with the release that brought it.
#pragma once

#include <liburing.h>

#ifndef IORING_SETUP_NO_SQARRAY
#define IORING_SETUP_NO_SQARRAY (1U << 16)  // 6.6
#endif
#ifndef IORING_FEAT_RECVSEND_BUNDLE
#define IORING_FEAT_RECVSEND_BUNDLE (1U << 14)  // 6.10
#endif
#ifndef IORING_FEAT_MIN_TIMEOUT
#define IORING_FEAT_MIN_TIMEOUT (1U << 15)  // 6.12
#endif
#ifndef IORING_FEAT_NO_IOWAIT
#define IORING_FEAT_NO_IOWAIT (1U << 17)  // 6.15
#endif
#ifndef IORING_ENTER_NO_IOWAIT
#define IORING_ENTER_NO_IOWAIT (1U << 7)  // 6.15
#endif
#ifndef IORING_SEND_VECTORIZED
#define IORING_SEND_VECTORIZED (1U << 5)  // 6.17
#endif

namespace sluice::dataplane {

// io_uring_queue_init_params() before 2.5 fills the index array that NO_SQARRAY leaves out, at offset 0:
// over the ring's head.
#if defined(IO_URING_VERSION_MAJOR) && \
    (IO_URING_VERSION_MAJOR > 2 || (IO_URING_VERSION_MAJOR == 2 && IO_URING_VERSION_MINOR >= 5))
inline constexpr bool kBindingKnowsNoSqArray = true;
#else
inline constexpr bool kBindingKnowsNoSqArray = false;
#endif

// The byte budget of a multishot receive (6.17). The field is called optlen since 6.7 and lies where
// file_index has always been.
inline void set_receive_budget(io_uring_sqe& entry, uint32_t budget) {
  entry.file_index = budget;
}

}  // namespace sluice::dataplane
