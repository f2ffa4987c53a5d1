// Asks for an object some steps before a loop over all of them comes to it. 100,000 routes lie all over the
// heap, and following the pointers one by one waits for memory at each.
#pragma once

#include <cstddef>
#include <memory>
#include <vector>

namespace sluice::admin {

template <typename Object>
void prefetch_ahead(const std::vector<std::shared_ptr<const Object>>& objects, size_t current) {
  constexpr size_t kSteps = 12;
  constexpr size_t kLineBytes = 64;
  if (current + kSteps >= objects.size()) return;
  const auto* bytes = reinterpret_cast<const char*>(objects[current + kSteps].get());
  for (size_t offset = 0; offset < sizeof(Object); offset += kLineBytes) __builtin_prefetch(bytes + offset);
}

}  // namespace sluice::admin
