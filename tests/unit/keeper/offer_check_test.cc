#include "dataplane/keeper/offer_check.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <stdlib.h>

#include <string>

#include "tests/unit/decide/snapshot_builder.h"
#include "tests/unit/keeper/sealed.h"

namespace sluice::dataplane {
namespace {

using sluice::testing::kAllSeals;
using sluice::testing::memfd_with;
using sluice::testing::SnapshotBuilder;

std::vector<std::byte> snapshot_bytes(uint32_t listeners = 1, uint32_t routes = 1) {
  SnapshotBuilder builder;
  for (uint32_t i = 0; i < listeners; ++i) {
    builder.add_listener("web" + std::to_string(i), "127.0.0.1:" + std::to_string(8080 + i));
  }
  const uint32_t pool = builder.add_pool("pool", {{builder.add_peer("127.0.0.1:9001"), 1}});
  for (uint32_t i = 0; i < routes; ++i) {
    const std::string name = "route" + std::to_string(i);
    builder.add_rule(name + ".example.com", {.route = builder.add_route(name, pool)});
  }
  return builder.finish();
}

OfferMessage offer_of(std::span<const std::byte> bytes) {
  return {.generation = {1, 1}, .bytes = bytes.size(), .hash = content_hash(bytes)};
}

std::string code_of(const OfferMessage& offer, int memfd, const decide::SnapshotLimits& limits = {}) {
  const auto checked = check_snapshot_offer(offer, memfd, limits);
  return checked ? "" : checked.error().code;
}

TEST(OfferCheck, ASealedRightSnapshotPasses) {
  const std::vector<std::byte> bytes = snapshot_bytes();
  const Descriptor memfd = memfd_with(bytes);
  const auto checked = check_snapshot_offer(offer_of(bytes), memfd.get(), {});
  ASSERT_TRUE(checked.has_value()) << checked.error().message;
  EXPECT_EQ(checked->snapshot->listeners().size(), 1u);
}

TEST(OfferCheck, EveryMissingSealIsRefusedBeforeAnythingIsRead) {
  const std::vector<std::byte> bytes = snapshot_bytes();
  for (const int missing : {F_SEAL_SEAL, F_SEAL_SHRINK, F_SEAL_GROW, F_SEAL_WRITE, kAllSeals}) {
    const Descriptor memfd = memfd_with(bytes, kAllSeals & ~missing);
    EXPECT_EQ(code_of(offer_of(bytes), memfd.get()), "BAD_SEALS") << missing;
  }
}

TEST(OfferCheck, WhatIsNotAMemfdIsRefused) {
  const std::vector<std::byte> bytes = snapshot_bytes();
  EXPECT_EQ(code_of(offer_of(bytes), -1), "BAD_SEALS");
  const Descriptor null_device(open("/dev/null", O_RDONLY | O_CLOEXEC));
  EXPECT_EQ(code_of(offer_of(bytes), null_device.get()), "BAD_SEALS");
  char name[] = "/tmp/sluice-offer-XXXXXX";
  const Descriptor file(mkstemp(name));
  ASSERT_EQ(write(file.get(), bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  EXPECT_EQ(code_of(offer_of(bytes), file.get()), "BAD_SEALS");
  unlink(name);
}

TEST(OfferCheck, SizesThatDoNotMatchAreRefused) {
  const std::vector<std::byte> bytes = snapshot_bytes();
  const Descriptor memfd = memfd_with(bytes);
  OfferMessage offer = offer_of(bytes);
  offer.bytes += 1;
  EXPECT_EQ(code_of(offer, memfd.get()), "SIZE");
  const Descriptor empty = memfd_with({});
  EXPECT_EQ(code_of({.generation = {1, 1}}, empty.get()), "SIZE");
  EXPECT_EQ(code_of(offer_of(bytes), memfd.get(), {.bytes_max = bytes.size() - 1}), "SIZE");
}

TEST(OfferCheck, AnyFlippedBitIsRefusedByTheHash) {
  const std::vector<std::byte> bytes = snapshot_bytes();
  const OfferMessage offer = offer_of(bytes);
  for (std::size_t i = 0; i < bytes.size(); i += 7) {
    std::vector<std::byte> flipped = bytes;
    flipped[i] ^= std::byte{0x10};
    const Descriptor memfd = memfd_with(flipped);
    ASSERT_EQ(code_of(offer, memfd.get()), "HASH") << "byte " << i;
  }
}

// A sender that hashes what it broke: now the verifier has to hold.
TEST(OfferCheck, ACutSnapshotWithTheRightHashIsRefusedByTheVerifier) {
  const std::vector<std::byte> bytes = snapshot_bytes();
  for (std::size_t size = 1; size < bytes.size(); size += 3) {
    const std::span<const std::byte> cut = std::span(bytes).first(size);
    const Descriptor memfd = memfd_with(cut);
    ASSERT_NE(code_of(offer_of(cut), memfd.get()), "") << "cut to " << size;
  }
}

TEST(OfferCheck, FlippedBitsWithTheRightHashNeverCrash) {
  const std::vector<std::byte> bytes = snapshot_bytes();
  for (std::size_t i = 0; i < bytes.size() * 8; i += 5) {
    std::vector<std::byte> flipped = bytes;
    flipped[i / 8] ^= static_cast<std::byte>(1 << (i % 8));
    const Descriptor memfd = memfd_with(flipped);
    code_of(offer_of(flipped), memfd.get());
  }
}

TEST(OfferCheck, AnEmptySnapshotNeedsTheFlag) {
  const std::vector<std::byte> bytes = snapshot_bytes(0, 0);
  const Descriptor memfd = memfd_with(bytes);
  OfferMessage offer = offer_of(bytes);
  const auto checked = check_snapshot_offer(offer, memfd.get(), {});
  ASSERT_TRUE(checked.has_value()) << checked.error().message;
  const auto refused = check_not_shrunk(offer, *checked->snapshot, nullptr);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "EMPTY");
  offer.allow_empty = true;
  EXPECT_TRUE(check_not_shrunk(offer, *checked->snapshot, nullptr).has_value());
}

TEST(OfferCheck, ASnapshotThatLostNearlyAllItsRoutesNeedsTheFlag) {
  const std::vector<std::byte> many = snapshot_bytes(1, 200);
  const std::vector<std::byte> some = snapshot_bytes(1, 20);
  const std::vector<std::byte> few = snapshot_bytes(1, 19);
  const auto served = decide::Snapshot::load(many, {});
  const auto a_tenth = decide::Snapshot::load(some, {});
  const auto less = decide::Snapshot::load(few, {});
  ASSERT_TRUE(served && a_tenth && less);
  OfferMessage offer;
  EXPECT_TRUE(check_not_shrunk(offer, **a_tenth, served->get()).has_value());
  const auto refused = check_not_shrunk(offer, **less, served->get());
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().code, "EMPTY");
  EXPECT_NE(refused.error().message.find("19 of 200"), std::string::npos);
  offer.allow_empty = true;
  EXPECT_TRUE(check_not_shrunk(offer, **less, served->get()).has_value());
  // A small configuration may change as it likes.
  EXPECT_TRUE(check_not_shrunk({}, **less, a_tenth->get()).has_value());
}

TEST(OfferCheck, GarbageIsNoPlacement) {
  const std::vector<std::byte> bytes(64, std::byte{0x5a});
  const Descriptor memfd = memfd_with(bytes);
  OfferMessage offer = offer_of(bytes);
  offer.kind = OfferKind::placement;
  const auto checked = check_placement_offer(offer, memfd.get());
  ASSERT_FALSE(checked.has_value());
  EXPECT_EQ(checked.error().kind, OfferKind::placement);
  EXPECT_EQ(checked.error().code, "VERIFY");
}

}  // namespace
}  // namespace sluice::dataplane
