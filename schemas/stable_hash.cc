#include "schemas/stable_hash.h"

#include <xxhash.h>

namespace sluice {

uint64_t stable_hash(HashUse use, std::string_view text) {
  return XXH3_64bits_withSeed(text.data(), text.size(), static_cast<uint64_t>(use));
}

uint64_t stable_hash(HashUse use, uint64_t first, uint64_t second) {
  const uint64_t words[2] = {first, second};
  return XXH3_64bits_withSeed(words, sizeof(words), static_cast<uint64_t>(use));
}

ContentHash content_hash(std::span<const std::byte> bytes) {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.low64, hash.high64};
}

}  // namespace sluice
