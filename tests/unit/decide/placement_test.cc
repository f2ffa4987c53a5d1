#include "dataplane/decide/placement.h"

#include <gtest/gtest.h>

#include <cstring>
#include <vector>

namespace sluice {
namespace {

using decide::Placement;
using wire::PeerPlacement;
using wire::PeerUse;

std::vector<std::byte> bytes_of(const std::vector<PeerPlacement>& peers, uint32_t schema_version = 1) {
  flatbuffers::FlatBufferBuilder fbb;
  const auto vector = fbb.CreateVectorOfStructs(peers);
  fbb.Finish(wire::CreatePlacement(fbb, schema_version, 7, vector), wire::PlacementIdentifier());
  std::vector<std::byte> bytes(fbb.GetSize());
  std::memcpy(bytes.data(), fbb.GetBufferPointer(), bytes.size());
  return bytes;
}

std::pair<std::string, std::string> refusal(const std::vector<std::byte>& bytes) {
  const auto loaded = Placement::load(bytes);
  return loaded ? std::pair<std::string, std::string>("ACCEPTED", "")
                : std::pair(loaded.error().code, loaded.error().path);
}

using Refusal = std::pair<std::string, std::string>;

TEST(Placement, FindsListedPeersAndKeepsItsOwnCopy) {
  std::vector<std::byte> bytes =
      bytes_of({PeerPlacement(3, 0, 50, PeerUse::usable), PeerPlacement(9, 3, 100, PeerUse::down),
                PeerPlacement(UINT64_MAX, 0, 0, PeerUse::draining)});
  const auto placement = Placement::load(bytes);
  ASSERT_TRUE(placement) << placement.error().message;
  std::fill(bytes.begin(), bytes.end(), std::byte{0xff});
  EXPECT_EQ((*placement)->epoch(), 7u);
  ASSERT_NE((*placement)->find(9), nullptr);
  EXPECT_EQ((*placement)->find(9)->stand_in(), 3u);
  EXPECT_EQ((*placement)->find(9)->use(), PeerUse::down);
  EXPECT_EQ((*placement)->find(3)->weight_percent(), 50);
  EXPECT_EQ((*placement)->find(UINT64_MAX)->use(), PeerUse::draining);
  EXPECT_EQ((*placement)->find(4), nullptr);
  EXPECT_EQ((*placement)->find(0), nullptr);
}

TEST(Placement, AnEmptyOneKnowsNobody) {
  EXPECT_EQ(Placement::empty()->find(1), nullptr);
  const std::vector<std::byte> bytes = bytes_of({});
  const auto loaded = Placement::load(bytes);
  ASSERT_TRUE(loaded) << loaded.error().message;
  EXPECT_EQ((*loaded)->find(1), nullptr);
}

TEST(Placement, RefusesWhatIsNotSortedKnownOrSane) {
  const PeerPlacement one(1, 0, 100, PeerUse::down);
  const PeerPlacement two(2, 0, 100, PeerUse::down);
  EXPECT_EQ(refusal(bytes_of({two, one})), (Refusal{"BAD_VALUE", "peers[1].peer"}));
  EXPECT_EQ(refusal(bytes_of({one, one})), (Refusal{"BAD_VALUE", "peers[1].peer"}));
  EXPECT_EQ(refusal(bytes_of({PeerPlacement(0, 1, 100, PeerUse::down)})),
            (Refusal{"BAD_VALUE", "peers[0].peer"}));
  EXPECT_EQ(refusal(bytes_of({one, PeerPlacement(2, 2, 100, PeerUse::down)})),
            (Refusal{"BAD_VALUE", "peers[1].stand_in"}));
  EXPECT_EQ(refusal(bytes_of({PeerPlacement(1, 0, 100, static_cast<PeerUse>(3))})),
            (Refusal{"BAD_VALUE", "peers[0].use"}));
  EXPECT_EQ(refusal(bytes_of({one}, 2)), (Refusal{"SCHEMA_TOO_NEW", "schema_version"}));
  EXPECT_EQ(refusal(bytes_of({one}, 0)), (Refusal{"BAD_VALUE", "schema_version"}));
}

TEST(Placement, RefusesEveryTruncation) {
  const std::vector<std::byte> bytes = bytes_of({PeerPlacement(1, 0, 100, PeerUse::down)});
  for (size_t length = 0; length < bytes.size(); ++length) {
    const std::vector<std::byte> cut(bytes.begin(), bytes.begin() + static_cast<ptrdiff_t>(length));
    ASSERT_EQ(refusal(cut).first, "VERIFY") << length;
  }
}

}  // namespace
}  // namespace sluice
