// Hashes that both processes must agree on, for ever: XXH3 with fixed seeds. Never change a seed; a new
// use gets a new one.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace sluice {

enum class HashUse : uint64_t {
  object_name = 1,     // ids of listeners, routes, pools
  peer_address = 2,    // ids of peers: "10.0.0.1:80"
  host_name = 3,       // route index
  path = 4,            // route index
  client_address = 5,  // ip_hash, maglev
  maglev_offset = 6,
  maglev_skip = 7,
  split_client = 8,  // split_by: client
  request_rate = 9,  // token buckets
};

uint64_t stable_hash(HashUse use, std::string_view text);
uint64_t stable_hash(HashUse use, uint64_t first, uint64_t second);

// Of a whole snapshot: equal generation and equal hash is the same snapshot. Integrity, not authenticity.
struct ContentHash {
  uint64_t low = 0;
  uint64_t high = 0;
  bool operator==(const ContentHash&) const = default;
};
ContentHash content_hash(std::span<const std::byte> bytes);

}  // namespace sluice
