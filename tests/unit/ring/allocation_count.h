// How often this test program called operator new, for tests that a steady state allocates nothing.
#pragma once

#include <cstdint>

namespace sluice::dataplane {

uint64_t allocation_count();

}  // namespace sluice::dataplane
