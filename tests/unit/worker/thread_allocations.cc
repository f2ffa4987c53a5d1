#include "tests/unit/worker/thread_allocations.h"

#include <cstdlib>
#include <new>

namespace {
thread_local uint64_t count = 0;
}

namespace sluice::testing {
uint64_t allocations_of_this_thread() {
  return count;
}
}  // namespace sluice::testing

void* operator new(std::size_t bytes) {
  ++count;
  if (void* memory = std::malloc(bytes)) return memory;
  std::abort();
}
// std::stable_sort and friends ask this way; without it their memory would come from one allocator and go
// back to another.
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept {
  ++count;
  return std::malloc(bytes);
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}
