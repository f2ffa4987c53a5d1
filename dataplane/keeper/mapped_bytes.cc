#include "dataplane/keeper/mapped_bytes.h"

#include <cerrno>

namespace sluice::dataplane {

std::expected<MappedBytes, int> MappedBytes::map(int descriptor, std::size_t size) {
  // Populated at once: the hash and the verifier read every page anyway.
  void* start = mmap(nullptr, size, PROT_READ, MAP_SHARED | MAP_POPULATE, descriptor, 0);
  if (start == MAP_FAILED) return std::unexpected(errno);
  MappedBytes mapped;
  mapped.start_ = start;
  mapped.size_ = size;
  return mapped;
}

}  // namespace sluice::dataplane
