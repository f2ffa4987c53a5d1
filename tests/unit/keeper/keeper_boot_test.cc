// What a restarted data plane serves: the disk, the first offer, or the snapshot before a crash loop.
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "dataplane/keeper/clock.h"
#include "dataplane/keeper/keeper.h"
#include "tests/unit/keeper/keeper_harness.h"

namespace sluice::dataplane {
namespace {

using sluice::testing::apply;
using sluice::testing::can_connect;
using sluice::testing::FakeWorkers;
using sluice::testing::free_port;
using sluice::testing::KeeperHarness;
using sluice::testing::rejection;
using sluice::testing::snapshot_on;
using sluice::testing::TestAdmin;
using sluice::testing::TestFolder;

TEST(KeeperBoot, ARestartServesTheLastGoodSnapshotWithoutAnyAdmin) {
  const TestFolder folder;
  const uint16_t port = free_port();
  const std::vector<std::byte> bytes = snapshot_on(port, 3);
  {
    KeeperHarness harness(folder.path);
    TestAdmin admin(harness.socket_path);
    apply(admin, bytes, 4);
    EXPECT_EQ(harness.stop(), 0);
  }
  const Instant started = monotonic_now();
  KeeperHarness harness(folder.path);
  harness.wait_until_served(4);
  EXPECT_TRUE(can_connect(port));
  EXPECT_LT((monotonic_now() - started).in_milliseconds(), 200);
  TestAdmin admin(harness.socket_path);
  EXPECT_EQ(admin.hello.applied, (Generation{1, 4}));
  EXPECT_EQ(admin.hello.applied_hash, content_hash(bytes));
  EXPECT_EQ(admin.hello.applied_revision, 104u);
  admin.offer(snapshot_on(port), {.generation = {1, 3}});
  EXPECT_EQ(rejection(admin), "STALE_GENERATION");
  apply(admin, snapshot_on(port), 5);
}

TEST(KeeperBoot, WaitingForAdminTheFirstOfferComesBeforeTheDisk) {
  const TestFolder folder;
  const uint16_t old_port = free_port();
  const uint16_t port = free_port();
  {
    KeeperHarness harness(folder.path);
    TestAdmin admin(harness.socket_path);
    apply(admin, snapshot_on(old_port), 1);
  }
  KeeperHarness harness(folder.path, FakeWorkers::Pins::none, {.wait_for_admin = 60_s});
  TestAdmin admin(harness.socket_path);
  EXPECT_EQ(admin.hello.applied, Generation{});
  apply(admin, snapshot_on(port), 2);
  EXPECT_FALSE(can_connect(old_port));
  EXPECT_EQ(harness.served(), 2u);
}

TEST(KeeperBoot, WaitingForAdminEndsWithTheTimeOrWithARefusedOffer) {
  const TestFolder folder;
  const uint16_t port = free_port();
  {
    KeeperHarness harness(folder.path);
    TestAdmin admin(harness.socket_path);
    apply(admin, snapshot_on(port), 1);
  }
  {
    KeeperHarness harness(folder.path, FakeWorkers::Pins::none, {.wait_for_admin = 30_ms});
    harness.wait_until_served(1);
  }
  KeeperHarness harness(folder.path, FakeWorkers::Pins::none, {.wait_for_admin = 60_s});
  TestAdmin admin(harness.socket_path);
  admin.offer(snapshot_on(port), {.generation = {1, 2}}, 0);
  EXPECT_EQ(rejection(admin), "BAD_SEALS");
  harness.wait_until_served(1);
}

TEST(KeeperBoot, WhatSurvivedItsBakeTimeIsStable) {
  const TestFolder folder;
  const uint16_t port = free_port();
  {
    KeeperHarness harness(folder.path, FakeWorkers::Pins::none, {.stable_after = Duration{0}});
    TestAdmin admin(harness.socket_path);
    apply(admin, snapshot_on(port), 1);
    EXPECT_EQ(admin.next<StableMessage>().generation, (Generation{1, 1}));
    EXPECT_EQ(admin.next<StatusMessage>().stable, (Generation{1, 1}));
  }
  KeeperHarness harness(folder.path);
  TestAdmin admin(harness.socket_path);
  EXPECT_EQ(admin.hello.stable, (Generation{1, 1}));
}

// Generation 2 kills the data plane twice within a minute of its apply: the third start serves 1, refuses 2,
// and says so.
TEST(KeeperBoot, ACrashLoopEndsAtThePreviousStableSnapshot) {
  const TestFolder folder;
  const uint16_t port = free_port();
  {
    KeeperHarness harness(folder.path, FakeWorkers::Pins::none, {.stable_after = Duration{0}});
    TestAdmin admin(harness.socket_path);
    apply(admin, snapshot_on(port, 1), 1);
    admin.next<StableMessage>();
    harness.stop();
  }
  {
    KeeperHarness harness(folder.path);
    TestAdmin admin(harness.socket_path);
    apply(admin, snapshot_on(port, 2), 2);
    harness.stop();
  }
  for (int crash = 0; crash < 2; ++crash) {
    auto guard = CrashGuard::open(folder.path + "/snapshots/crash-guard");
    guard->applying({1, 2});  // And dies.
  }
  {
    KeeperHarness harness(folder.path);
    harness.wait_until_served(1);
    TestAdmin admin(harness.socket_path);
    EXPECT_EQ(admin.hello.applied, (Generation{1, 1}));
    EXPECT_EQ(admin.hello.refused, (std::vector<Generation>{{1, 2}}));
    EXPECT_EQ(admin.hello.crash_count, 2u);
    admin.offer(snapshot_on(port, 2), {.generation = {1, 2}});
    EXPECT_EQ(rejection(admin), "CRASHED_BEFORE");
    EXPECT_EQ(harness.served(), 1u);
    harness.stop();
  }
  // A clean restart forgets the crashes, not the refusal; a higher generation ends it.
  KeeperHarness harness(folder.path);
  harness.wait_until_served(1);
  TestAdmin admin(harness.socket_path);
  EXPECT_EQ(admin.hello.refused, (std::vector<Generation>{{1, 2}}));
  EXPECT_EQ(admin.hello.crash_count, 0u);
  apply(admin, snapshot_on(port, 3), 3);
  TestAdmin again(harness.socket_path);
  EXPECT_TRUE(again.hello.refused.empty());
}

TEST(KeeperBoot, CrashesWithoutAnythingStableGoOnServingWhatThereIs) {
  const TestFolder folder;
  const uint16_t port = free_port();
  {
    KeeperHarness harness(folder.path);
    TestAdmin admin(harness.socket_path);
    apply(admin, snapshot_on(port), 1);
    harness.stop();
  }
  for (int crash = 0; crash < 3; ++crash)
    CrashGuard::open(folder.path + "/snapshots/crash-guard")->applying({1, 1});
  KeeperHarness harness(folder.path);
  harness.wait_until_served(1);
}

TEST(KeeperBoot, AtBootAPortThatIsTakenIsTriedAgain) {
  const TestFolder folder;
  const TestFolder other_folder;
  const uint16_t port = free_port();
  {
    KeeperHarness harness(folder.path);
    TestAdmin admin(harness.socket_path);
    apply(admin, snapshot_on(port), 1);
    harness.stop();
  }
  auto other = std::make_unique<KeeperHarness>(other_folder.path);
  TestAdmin other_admin(other->socket_path);
  apply(other_admin, snapshot_on(port), 1);
  KeeperHarness harness(folder.path);
  TestAdmin admin(harness.socket_path);
  EXPECT_EQ(admin.next<StatusMessage>().applied, Generation{});  // A second passed, and it still runs.
  other.reset();
  harness.wait_until_served(1);
}

}  // namespace
}  // namespace sluice::dataplane
