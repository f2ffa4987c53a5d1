#include "schemas/base/sip_hash.h"

#include <bit>
#include <cstring>

namespace sluice {
namespace {

static_assert(std::endian::native == std::endian::little);

class State {
 public:
  // The long variant differs from the start, so that no 64-bit tag is half of a 128-bit one.
  State(const SipKey& key, bool is_long)
      : v0_(key.low ^ 0x736f6d6570736575),
        v1_(key.high ^ 0x646f72616e646f6d ^ (is_long ? 0xee : 0)),
        v2_(key.low ^ 0x6c7967656e657261),
        v3_(key.high ^ 0x7465646279746573) {}

  void absorb(std::span<const std::byte> message) {
    const size_t whole = message.size() / 8 * 8;
    for (size_t i = 0; i < whole; i += 8) {
      uint64_t word;
      std::memcpy(&word, message.data() + i, 8);
      add(word);
    }
    uint64_t last = static_cast<uint64_t>(message.size()) << 56;
    for (size_t i = whole; i < message.size(); ++i) {
      last |= static_cast<uint64_t>(message[i]) << (8 * (i - whole));
    }
    add(last);
  }

  uint64_t finish(uint64_t marker) {
    v2_ ^= marker;
    return squeeze();
  }
  uint64_t finish_second() {
    v1_ ^= 0xdd;
    return squeeze();
  }

 private:
  void add(uint64_t word) {
    v3_ ^= word;
    round();
    round();
    v0_ ^= word;
  }
  uint64_t squeeze() {
    for (int i = 0; i < 4; ++i) round();
    return v0_ ^ v1_ ^ v2_ ^ v3_;
  }
  void round() {
    v0_ += v1_;
    v1_ = std::rotl(v1_, 13) ^ v0_;
    v0_ = std::rotl(v0_, 32);
    v2_ += v3_;
    v3_ = std::rotl(v3_, 16) ^ v2_;
    v0_ += v3_;
    v3_ = std::rotl(v3_, 21) ^ v0_;
    v2_ += v1_;
    v1_ = std::rotl(v1_, 17) ^ v2_;
    v2_ = std::rotl(v2_, 32);
  }

  uint64_t v0_, v1_, v2_, v3_;
};

}  // namespace

uint64_t sip_hash(const SipKey& key, std::span<const std::byte> message) {
  State state(key, false);
  state.absorb(message);
  return state.finish(0xff);
}

SipTag sip_hash_128(const SipKey& key, std::span<const std::byte> message) {
  State state(key, true);
  state.absorb(message);
  const uint64_t low = state.finish(0xee);
  return {low, state.finish_second()};
}

}  // namespace sluice
