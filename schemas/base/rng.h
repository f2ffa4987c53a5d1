// The only randomness outside TLS: seeded, so that a simulation replays from its seed. splitmix64
// (Steele, Lea, Flood 2014): one multiply-xorshift chain, 64 bits of state, passes BigCrush.
#pragma once

#include <cstdint>

namespace sluice {

class Rng {
 public:
  explicit Rng(uint64_t seed) : state_(seed) {}

  uint64_t next() {
    uint64_t mixed = (state_ += 0x9e3779b97f4a7c15ULL);
    mixed = (mixed ^ (mixed >> 30)) * 0xbf58476d1ce4e5b9ULL;
    mixed = (mixed ^ (mixed >> 27)) * 0x94d049bb133111ebULL;
    return mixed ^ (mixed >> 31);
  }
  // Uniform in [0, bound). Requires: bound > 0. The bias of the multiply-shift is below 2^-32 for
  // bounds up to 2^32, which no caller can notice.
  uint64_t below(uint64_t bound) {
    return static_cast<uint64_t>((static_cast<unsigned __int128>(next()) * bound) >> 64);
  }
  // True `numerator` times out of `denominator`.
  bool chance(uint64_t numerator, uint64_t denominator) { return below(denominator) < numerator; }

 private:
  uint64_t state_;
};

}  // namespace sluice
