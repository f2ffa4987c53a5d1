// The numbers of the paper and of a second implementation (OpenSSL 3.0's SIPHASH), key 00 01 … 0f, message
// 00 01 … n-1.
#include "schemas/base/sip_hash.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice {
namespace {

constexpr SipKey kKey{0x0706050403020100, 0x0f0e0d0c0b0a0908};

std::string counting(size_t length) {
  std::string text;
  for (size_t i = 0; i < length; ++i) text += static_cast<char>(i);
  return text;
}

TEST(SipHash, IsThePapersFunction) {
  EXPECT_EQ(sip_hash(kKey, bytes_of("")), 0x726fdb47dd0e0e31u);
  EXPECT_EQ(sip_hash(kKey, bytes_of(counting(1))), 0x74f839c593dc67fdu);
  EXPECT_EQ(sip_hash(kKey, bytes_of(counting(15))), 0xa129ca6149be45e5u);
  EXPECT_EQ(sip_hash(kKey, bytes_of(counting(63))), 0x958a324ceb064572u);
}

TEST(SipHash, TheLongVariantIsTheReferences) {
  EXPECT_EQ(sip_hash_128(kKey, bytes_of("")), (SipTag{0xe6a825ba047f81a3, 0x930255c71472f66d}));
  EXPECT_EQ(sip_hash_128(kKey, bytes_of(counting(1))), (SipTag{0x44af996bd8c187da, 0x45fc229b11597634}));
  EXPECT_EQ(sip_hash_128(kKey, bytes_of(counting(15))), (SipTag{0x11a8b03399e99354, 0xd9c3cf970fec087e}));
  EXPECT_EQ(sip_hash_128(kKey, bytes_of(counting(63))), (SipTag{0x4a83502f77d15051, 0x7cbd3f979a063e50}));
}

TEST(SipHash, EveryBitOfKeyAndMessageCounts) {
  std::string message = counting(20);
  const SipTag tag = sip_hash_128(kKey, bytes_of(message));
  for (size_t bit = 0; bit < 8 * message.size(); ++bit) {
    message[bit / 8] = static_cast<char>(message[bit / 8] ^ (1 << bit % 8));
    EXPECT_FALSE(equal_in_constant_time(sip_hash_128(kKey, bytes_of(message)), tag));
    message[bit / 8] = static_cast<char>(message[bit / 8] ^ (1 << bit % 8));
  }
  for (int bit = 0; bit < 64; ++bit) {
    const uint64_t flip = 1ULL << bit;
    EXPECT_NE(sip_hash_128({kKey.low ^ flip, kKey.high}, bytes_of(message)), tag);
    EXPECT_NE(sip_hash_128({kKey.low, kKey.high ^ flip}, bytes_of(message)), tag);
  }
  EXPECT_TRUE(equal_in_constant_time(sip_hash_128(kKey, bytes_of(message)), tag));
}

}  // namespace
}  // namespace sluice
