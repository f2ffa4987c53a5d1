// A FlatBuffer is offsets: a byte put in or taken out breaks everything behind it and the verifier says no,
// which it says well after a minute. Half of the mutations therefore overwrite one aligned number in place.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <iterator>

#include "schemas/base/rng.h"

extern "C" size_t LLVMFuzzerMutate(uint8_t* data, size_t size, size_t max_size);

namespace sluice::testing {

inline size_t mutate_in_place(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  Rng rng(seed);
  if (size < 8 || rng.chance(1, 2)) return LLVMFuzzerMutate(data, size, max_size);
  static constexpr uint32_t kNumbers[] = {0,  1,  2,   3,      4,      7,          8,
                                          16, 17, 255, 65'535, 65'536, 0x7fffffff, UINT32_MAX};
  for (uint64_t changes = 1 + rng.below(3); changes > 0; --changes) {
    const size_t width = size_t{1} << rng.below(3);
    const size_t at = rng.below(size / width) * width;
    uint32_t number = 0;
    std::memcpy(&number, data + at, width);
    number = rng.chance(1, 2) ? kNumbers[rng.below(std::size(kNumbers))]
                              : number + static_cast<uint32_t>(rng.below(9)) - 4;
    std::memcpy(data + at, &number, width);
  }
  return size;
}

}  // namespace sluice::testing
