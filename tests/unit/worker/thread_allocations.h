// How often the calling thread called operator new, in test programs that link thread_allocations.cc.
#pragma once

#include <cstdint>

namespace sluice::testing {

uint64_t allocations_of_this_thread();

}  // namespace sluice::testing
