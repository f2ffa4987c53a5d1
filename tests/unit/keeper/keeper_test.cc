#include "dataplane/keeper/keeper.h"

#include <dirent.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "tests/unit/keeper/keeper_harness.h"

namespace sluice::dataplane {
namespace {

using sluice::testing::apply;
using sluice::testing::can_connect;
using sluice::testing::FakeWorkers;
using sluice::testing::free_port;
using sluice::testing::kAllSeals;
using sluice::testing::KeeperHarness;
using sluice::testing::rejection;
using sluice::testing::snapshot_on;
using sluice::testing::TestAdmin;
using sluice::testing::TestFolder;

std::size_t count_entries(const char* folder) {
  std::size_t count = 0;
  DIR* listing = opendir(folder);
  while (readdir(listing) != nullptr) ++count;
  closedir(listing);
  return count;
}

std::size_t count_lines(const char* path) {
  std::ifstream file(path);
  std::size_t count = 0;
  for (std::string line; std::getline(file, line);) ++count;
  return count;
}

TEST(Keeper, SaysHelloWithAStatsPageThatCanBeRead) {
  const TestFolder folder;
  KeeperHarness harness(folder.path);
  TestAdmin admin(harness.socket_path);
  EXPECT_EQ(admin.hello.boot_id, 7u);
  EXPECT_EQ(admin.hello.pid, getpid());
  EXPECT_EQ(admin.hello.workers, sluice::testing::kHarnessWorkers);
  EXPECT_EQ(admin.hello.applied, Generation{});
  EXPECT_FALSE(admin.hello.version.empty());
  const auto bytes = static_cast<std::size_t>(stats_page_bytes(admin.hello.workers));
  void* start = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, admin.stats.get(), 0);
  ASSERT_NE(start, MAP_FAILED);
  EXPECT_EQ(static_cast<const StatsPage*>(start)->magic.load(), kStatsMagic);
  munmap(start, bytes);
}

TEST(Keeper, AnOfferIsVerifiedAppliedAndServed) {
  const TestFolder folder;
  KeeperHarness harness(folder.path);
  TestAdmin admin(harness.socket_path);
  const uint16_t port = free_port();
  const AppliedMessage applied = apply(admin, snapshot_on(port), 1);
  EXPECT_EQ(applied.listeners_opened, 1u);
  EXPECT_EQ(harness.served(), 1u);
  EXPECT_TRUE(can_connect(port));

  const Published* published = harness.shelf.snapshot.load();
  EXPECT_EQ(published->listener_stats_slots, (std::vector<uint16_t>{1}));
  ASSERT_EQ(published->sockets.size(), 1u);
  EXPECT_EQ(published->sockets[0].size(), sluice::testing::kHarnessWorkers);
  const std::vector<int> sockets = published->sockets[0];

  EXPECT_EQ(apply(admin, snapshot_on(port, 2), 2).listeners_opened, 0u);
  EXPECT_EQ(harness.shelf.snapshot.load()->sockets[0], sockets) << "a listener that stays keeps its sockets";
  EXPECT_EQ(admin.next<StatusMessage>().applied, (Generation{1, 2}));
}

TEST(Keeper, EveryKindOfBadOfferIsRejectedAndChangesNothing) {
  const TestFolder folder;
  KeeperHarness harness(folder.path);
  TestAdmin admin(harness.socket_path);
  const uint16_t port = free_port();
  const std::vector<std::byte> good = snapshot_on(port, 200);
  apply(admin, good, 5);
  const Published* before = harness.shelf.snapshot.load();

  admin.offer(good, {.generation = {1, 6}}, 0);
  EXPECT_EQ(rejection(admin), "BAD_SEALS");
  admin.send(encode_offer({.generation = {1, 6}, .bytes = good.size(), .hash = content_hash(good)}));
  EXPECT_EQ(rejection(admin), "BAD_SEALS");  // No memfd at all.
  admin.offer(good, {.generation = {1, 6}, .bytes = good.size() + 1});
  EXPECT_EQ(rejection(admin), "SIZE");
  std::vector<std::byte> flipped = good;
  flipped[100] ^= std::byte{1};
  admin.offer(flipped, {.generation = {1, 6}, .hash = content_hash(good)});
  EXPECT_EQ(rejection(admin), "HASH");
  admin.offer(std::span(good).first(good.size() / 2), {.generation = {1, 6}});
  EXPECT_EQ(rejection(admin), "VERIFY");
  admin.offer(snapshot_on(port, 3), {.generation = {1, 6}});
  admin.next<VerifiedMessage>();  // The content is right; to serve it would be wrong.
  EXPECT_EQ(rejection(admin), "EMPTY");
  admin.offer(snapshot_on(port, 199), {.generation = {1, 4}});
  EXPECT_EQ(rejection(admin), "STALE_GENERATION");
  admin.offer(snapshot_on(port, 199), {.generation = {1, 5}});
  EXPECT_EQ(rejection(admin), "STALE_GENERATION");
  admin.offer(good, {.kind = OfferKind::placement, .generation = {1, 6}});
  EXPECT_EQ(rejection(admin), "VERIFY");
  admin.offer(snapshot_on(port, 200, "/no/such/folder/log"), {.generation = {1, 6}});
  EXPECT_EQ(admin.next<VerifiedMessage>().generation, (Generation{1, 6}));
  const auto bad_log = admin.next<RejectedMessage>();
  EXPECT_EQ(bad_log.code, "BAD_VALUE");
  EXPECT_EQ(bad_log.path, "access_log.path");

  EXPECT_EQ(harness.shelf.snapshot.load(), before);
  EXPECT_TRUE(can_connect(port));
  apply(admin, snapshot_on(port, 201), 6);
}

TEST(Keeper, APortThatIsTakenRejectsTheWholeSnapshot) {
  const TestFolder folder;
  KeeperHarness harness(folder.path);
  TestAdmin admin(harness.socket_path);
  const uint16_t port = free_port();
  apply(admin, snapshot_on(port), 1);

  const TestFolder other_folder;
  KeeperHarness other(other_folder.path);
  TestAdmin other_admin(other.socket_path);
  other_admin.offer(snapshot_on(port), {.generation = {1, 1}});
  other_admin.next<VerifiedMessage>();
  const auto rejected = other_admin.next<RejectedMessage>();
  EXPECT_EQ(rejected.code, "BIND_FAILED");
  EXPECT_EQ(rejected.path, "listeners[web].address");
  EXPECT_NE(rejected.message.find("127.0.0.1:" + std::to_string(port)), std::string::npos)
      << rejected.message;
  EXPECT_EQ(other.served(), 0u);
}

TEST(Keeper, TheSameSnapshotAgainIsAcknowledgedAgain) {
  const TestFolder folder;
  KeeperHarness harness(folder.path);
  TestAdmin admin(harness.socket_path);
  const std::vector<std::byte> bytes = snapshot_on(free_port());
  apply(admin, bytes, 1);
  const Published* before = harness.shelf.snapshot.load();
  admin.offer(bytes, {.generation = {1, 1}});
  EXPECT_EQ(admin.next<AppliedMessage>().generation, (Generation{1, 1}));
  EXPECT_EQ(harness.shelf.snapshot.load(), before);
}

TEST(Keeper, ACheckAnswersAndChangesNothing) {
  const TestFolder folder;
  KeeperHarness harness(folder.path);
  TestAdmin admin(harness.socket_path);
  const uint16_t port = free_port();
  const uint16_t other_port = free_port();
  apply(admin, snapshot_on(port), 1);
  const Published* before = harness.shelf.snapshot.load();
  const std::string log = folder.path + "/access.log";
  admin.offer(snapshot_on(other_port, 1, log), {.mode = OfferMode::check});
  EXPECT_EQ(admin.next<VerifiedMessage>().mode, OfferMode::check);
  admin.offer(snapshot_on(other_port, 1, folder.path), {.mode = OfferMode::check});
  EXPECT_EQ(rejection(admin), "BAD_VALUE");
  EXPECT_FALSE(can_connect(other_port));
  EXPECT_FALSE(std::filesystem::exists(log));
  EXPECT_EQ(harness.shelf.snapshot.load(), before);
}

TEST(Keeper, APlacementHasItsOwnOrder) {
  const TestFolder folder;
  KeeperHarness harness(folder.path);
  TestAdmin admin(harness.socket_path);
  flatbuffers::FlatBufferBuilder builder;
  const std::vector<wire::PeerPlacement> peers = {{77, 0, 100, wire::PeerUse::down}};
  builder.Finish(wire::CreatePlacement(builder, 1, 3, builder.CreateVectorOfStructs(peers)), "SLPL");
  const auto bytes = std::as_bytes(std::span(builder.GetBufferPointer(), builder.GetSize()));
  const OfferMessage offer{.kind = OfferKind::placement, .generation = {1, 9}};
  admin.offer(bytes, offer);
  EXPECT_EQ(admin.next<VerifiedMessage>().kind, OfferKind::placement);
  EXPECT_EQ(admin.next<AppliedMessage>().kind, OfferKind::placement);
  const PublishedPlacement* published = harness.shelf.placement.load();
  ASSERT_NE(published, nullptr);
  EXPECT_EQ(published->placement->find(77)->use(), wire::PeerUse::down);
  admin.offer(bytes, offer);  // Again: acknowledged again.
  EXPECT_EQ(admin.next<AppliedMessage>().generation, (Generation{1, 9}));
  admin.offer(bytes, {.kind = OfferKind::placement, .generation = {1, 8}});
  EXPECT_EQ(rejection(admin), "STALE_GENERATION");
  EXPECT_EQ(harness.shelf.placement.load(), published);
}

TEST(Keeper, ANewerAdminReplacesTheOlder) {
  const TestFolder folder;
  KeeperHarness harness(folder.path);
  TestAdmin older(harness.socket_path);
  TestAdmin newer(harness.socket_path);
  EXPECT_TRUE(older.is_closed());
  apply(newer, snapshot_on(free_port()), 1);
}

TEST(Keeper, GarbageEndsTheConnectionAndNothingElse) {
  const TestFolder folder;
  KeeperHarness harness(folder.path);
  {
    TestAdmin admin(harness.socket_path);
    const std::vector<std::byte> garbage(300, std::byte{0xee});
    admin.send(garbage);
    EXPECT_TRUE(admin.is_closed());
  }
  TestAdmin admin(harness.socket_path);
  apply(admin, snapshot_on(free_port()), 1);
}

TEST(Keeper, WithSixtyFourPinnedSnapshotsTheNextOfferIsBusyUntilOneIsFree) {
  const TestFolder folder;
  KeeperHarness harness(folder.path, FakeWorkers::Pins::everything);
  TestAdmin admin(harness.socket_path);
  const uint16_t port = free_port();
  for (uint64_t number = 1; number <= 64; ++number) apply(admin, snapshot_on(port), number);
  admin.offer(snapshot_on(port), {.generation = {1, 65}});
  admin.next<VerifiedMessage>();
  EXPECT_EQ(rejection(admin), "BUSY");
  EXPECT_EQ(harness.served(), 64u);
  EXPECT_EQ(admin.next<StatusMessage>().pinned_generations.size(), 63u);
  harness.workers().release_pins();
  while (!admin.next<StatusMessage>().pinned_generations.empty()) {
  }
  apply(admin, snapshot_on(port), 65);
}

TEST(Keeper, AStormOfReloadsLeavesNoDescriptorAndNoMapping) {
  const TestFolder folder;
  KeeperHarness harness(folder.path, FakeWorkers::Pins::random);
  TestAdmin admin(harness.socket_path);
  const uint16_t port = free_port();
  const uint16_t other_port = free_port();
  std::size_t descriptors = 0;
  std::size_t mappings = 0;
  for (uint64_t number = 1; number <= 400; ++number) {
    apply(admin, snapshot_on(number % 2 == 0 ? port : other_port, 50), number);
    if (number != 100 && number != 400) continue;
    harness.workers().release_pins();
    while (!admin.next<StatusMessage>().pinned_generations.empty()) {
    }
    if (number == 100) {
      descriptors = count_entries("/proc/self/fd");
      mappings = count_lines("/proc/self/maps");
    }
  }
  EXPECT_LE(count_entries("/proc/self/fd"), descriptors + 4);
  EXPECT_LE(count_lines("/proc/self/maps"), mappings + 40);
}

TEST(Keeper, DrainsAtTermAndStopsAtTheSecondInt) {
  const TestFolder folder;
  KeeperHarness harness(folder.path, FakeWorkers::Pins::everything);
  TestAdmin admin(harness.socket_path);
  const uint16_t port = free_port();
  apply(admin, snapshot_on(port), 1);
  harness.signal(SIGTERM);
  while (!admin.next<StatusMessage>().draining) {
  }
  EXPECT_EQ(harness.shelf.phase.load(), Phase::draining);
  EXPECT_FALSE(can_connect(port)) << "new clients are refused at once";
  admin.offer(snapshot_on(port), {.generation = {1, 2}});
  EXPECT_EQ(rejection(admin), "BUSY");
  harness.signal(SIGTERM);  // A second TERM changes nothing.
  harness.signal(SIGINT);
  while (harness.shelf.phase.load() != Phase::stopping) std::this_thread::yield();
  harness.workers().release_pins();
  EXPECT_EQ(harness.wait(), 0);
}

TEST(Keeper, TheDrainTimeEndsADrainThatNobodyFinishes) {
  const TestFolder folder;
  KeeperHarness harness(folder.path, FakeWorkers::Pins::everything);
  TestAdmin admin(harness.socket_path);
  sluice::testing::SnapshotBuilder builder;
  builder.limits = sluice::testing::limits_with_drain(50);
  builder.add_listener("web", "127.0.0.1:" + std::to_string(free_port()));
  apply(admin, builder.finish(), 1);
  harness.signal(SIGQUIT);
  while (harness.shelf.phase.load() != Phase::stopping) std::this_thread::yield();
  harness.workers().release_pins();
  EXPECT_EQ(harness.wait(), 0);
}

// The folder and the socket are for us alone already; this is the second lock on the same door.
TEST(Keeper, AnotherUserIsNotLetIn) {
  if (geteuid() != 0) GTEST_SKIP() << "only root can become somebody else";
  const TestFolder folder;
  KeeperHarness harness(folder.path);
  ASSERT_EQ(chmod(folder.path.c_str(), 0777), 0);
  ASSERT_EQ(chmod(harness.socket_path.c_str(), 0777), 0);
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  harness.socket_path.copy(address.sun_path, sizeof(address.sun_path) - 1);
  const pid_t child = fork();
  if (child == 0) {
    char byte = 0;
    const int other = socket(AF_UNIX, SOCK_SEQPACKET, 0);
    if (setuid(65534) != 0) _exit(10);
    if (connect(other, reinterpret_cast<sockaddr*>(&address), sizeof(address)) != 0) _exit(11);
    _exit(recv(other, &byte, 1, 0) == 0 ? 0 : 12);  // Closed, without a word.
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(WEXITSTATUS(status), 0);
  TestAdmin admin(harness.socket_path);
  EXPECT_EQ(admin.hello.boot_id, 7u);
}

TEST(Keeper, ASocketFileNobodyAnswersOnIsReplacedAndALiveOneIsNot) {
  const TestFolder folder;
  const std::string path = folder.path + "/s";
  {
    const Descriptor dead(socket(AF_UNIX, SOCK_SEQPACKET, 0));
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    path.copy(address.sun_path, sizeof(address.sun_path) - 1);
    ASSERT_EQ(bind(dead.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  auto first = ControlLink::listen(path);
  ASSERT_TRUE(first.has_value()) << first.error();
  const auto second = ControlLink::listen(path);
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().find("another data plane answers"), std::string::npos);
  const auto too_long = ControlLink::listen(folder.path + "/" + std::string(120, 'x'));
  ASSERT_FALSE(too_long.has_value());
  EXPECT_NE(too_long.error().find("--control-socket"), std::string::npos);
}

}  // namespace
}  // namespace sluice::dataplane
