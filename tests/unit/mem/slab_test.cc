// Slots live for ever, lives do not: a handle of an earlier life finds nothing.
#include "dataplane/mem/slab.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace sluice::dataplane {
namespace {

struct Thing {
  uint32_t slot = 0;
  uint32_t generation = 0;
  int payload = 7;
};

TEST(Slab, FindsAnObjectOnlyInItsOwnLife) {
  Slab<Thing> slab(4);
  Thing* thing = slab.take();
  const uint32_t slot = thing->slot;
  const auto generation = static_cast<uint16_t>(thing->generation);
  EXPECT_EQ(slab.find(slot, generation), thing);
  slab.give_back(*thing);
  EXPECT_EQ(slab.find(slot, generation), nullptr);
  EXPECT_EQ(slab.take(), thing);  // The same place, another life.
  EXPECT_EQ(slab.find(slot, generation), nullptr);
  EXPECT_EQ(slab.find(slot, static_cast<uint16_t>(generation + 1)), thing);
}

TEST(Slab, RefusesBeyondItsCapacityAndRecycles) {
  Slab<Thing> slab(3);
  std::vector<Thing*> things{slab.take(), slab.take(), slab.take()};
  EXPECT_EQ(slab.take(), nullptr);
  EXPECT_EQ(slab.in_use(), 3u);
  slab.give_back(*things[1]);
  EXPECT_EQ(slab.take(), things[1]);
  EXPECT_EQ(slab.constructed(), 3u);
}

TEST(Slab, UnconstructedSlotsAreNotFound) {
  Slab<Thing> slab(4);
  EXPECT_EQ(slab.find(0, 0), nullptr);
  EXPECT_EQ(slab.find(UINT32_MAX, 0), nullptr);
}

}  // namespace
}  // namespace sluice::dataplane
