#include "dataplane/keeper/last_good.h"

#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

namespace sluice::dataplane {
namespace {

std::vector<std::byte> content(uint64_t number) {
  std::vector<std::byte> bytes(5000 + number);
  for (std::size_t i = 0; i < bytes.size(); ++i) bytes[i] = static_cast<std::byte>(i * 7 + number);
  return bytes;
}

StoredGeneration stored(uint64_t number) {
  const std::vector<std::byte> bytes = content(number);
  return {
      .generation = {1, number}, .hash = content_hash(bytes), .bytes = bytes.size(), .revision = number + 10};
}

class LastGoodTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/dev/shm/sluice-last-good-XXXXXX";  // Memory: the many fsyncs cost nothing.
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  LastGood open(StepWatcher watcher = {}) {
    auto opened = LastGood::open(folder_, watcher);
    EXPECT_TRUE(opened.has_value()) << opened.error();
    return std::move(*opened);
  }
  std::size_t snapshot_files() {
    std::size_t count = 0;
    for (const auto& entry : std::filesystem::directory_iterator(folder_)) {
      count += entry.path().extension() == ".fb";
    }
    return count;
  }
  static void store(LastGood& last_good, uint64_t number) {
    const auto done = last_good.store_applied(stored(number), content(number));
    ASSERT_TRUE(done.has_value()) << done.error();
  }
  std::string folder_;
};

TEST_F(LastGoodTest, WhatWasStoredIsFoundByTheNextProcess) {
  {
    LastGood last_good = open();
    EXPECT_FALSE(last_good.pointer().applied.is_set());
    store(last_good, 1);
    ASSERT_TRUE(last_good.mark_stable({1, 1}).has_value());
    store(last_good, 2);
  }
  const LastGood last_good = open();
  EXPECT_EQ(last_good.pointer().applied, stored(2));
  EXPECT_EQ(last_good.pointer().stable, stored(1));
  const auto mapped = last_good.map(last_good.pointer().applied);
  ASSERT_TRUE(mapped.has_value()) << mapped.error();
  EXPECT_TRUE(std::ranges::equal(mapped->bytes(), content(2)));
}

TEST_F(LastGoodTest, FiveAreKeptAndTheStableOneHoweverOldItIs) {
  LastGood last_good = open();
  store(last_good, 1);
  ASSERT_TRUE(last_good.mark_stable({1, 1}).has_value());
  for (uint64_t number = 2; number <= 30; ++number) store(last_good, number);
  EXPECT_EQ(snapshot_files(), 6u);
  EXPECT_TRUE(last_good.map(stored(1)).has_value());
  for (uint64_t number = 26; number <= 30; ++number) EXPECT_TRUE(last_good.map(stored(number)).has_value());
}

TEST_F(LastGoodTest, AnAppliedSnapshotBelowTheNewestFilesIsNotCleanedUp) {
  // The crash guard fell back to 1 while 2..7 are still on disk; then 8 is stored.
  LastGood last_good = open();
  for (uint64_t number = 1; number <= 4; ++number) store(last_good, number);
  ASSERT_TRUE(last_good.point_applied_at(stored(1)).has_value());
  for (uint64_t number = 5; number <= 8; ++number) {
    ASSERT_TRUE(last_good.point_applied_at(stored(1)).has_value());
    store(last_good, number);
    ASSERT_TRUE(last_good.map(last_good.pointer().applied).has_value());
    ASSERT_TRUE(last_good.map(last_good.previous().applied).has_value());
  }
}

TEST_F(LastGoodTest, ADamagedFileIsNoticedAndThePreviousOneIsKnown) {
  {
    LastGood last_good = open();
    store(last_good, 1);
    store(last_good, 2);
  }
  std::fstream file(folder_ + "/gen-1-2.fb", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(2500);
  file.put('!');
  file.close();
  const LastGood last_good = open();
  const auto mapped = last_good.map(last_good.pointer().applied);
  ASSERT_FALSE(mapped.has_value());
  EXPECT_NE(mapped.error().find("gen-1-2.fb is damaged"), std::string::npos);
  EXPECT_TRUE(last_good.map(last_good.previous().applied).has_value());
}

TEST_F(LastGoodTest, AnyTornPointerCopyLeavesTheOtherOne) {
  {
    LastGood last_good = open();
    store(last_good, 1);
    store(last_good, 2);
  }
  for (const char* name : {"pointer-a", "pointer-b"}) {
    for (const uintmax_t size : {0, 1, 50, 119}) {
      const std::string path = folder_ + "/" + name;
      std::filesystem::copy_file(path, path + ".copy");
      std::filesystem::resize_file(path, size);
      const LastGood last_good = open();
      ASSERT_TRUE(last_good.pointer().applied.is_set()) << name << " cut to " << size;
      EXPECT_TRUE(last_good.map(last_good.pointer().applied).has_value());
      std::filesystem::rename(path + ".copy", path);
    }
  }
}

TEST_F(LastGoodTest, AFullDiskIsAnErrorAndLeavesTheOldPointer) {
  LastGood last_good = open();
  store(last_good, 1);
  // A folder where the file should be: the rename fails, as it would with any error of the disk.
  std::filesystem::create_directory(folder_ + "/gen-1-2.fb");
  const auto failed = last_good.store_applied(stored(2), content(2));
  ASSERT_FALSE(failed.has_value());
  EXPECT_NE(failed.error().find("gen-1-2.fb"), std::string::npos);
  EXPECT_EQ(open().pointer().applied, stored(1));
}

// Every step in the order that makes it durable: content before name, name before pointer.
TEST_F(LastGoodTest, NothingIsNamedBeforeItIsSynced) {
  std::vector<std::string> steps;
  const StepWatcher watcher{.before =
                                [](void* context, std::string_view step, std::string_view name) {
                                  static_cast<std::vector<std::string>*>(context)->push_back(
                                      std::string(step) + " " + std::string(name));
                                },
                            .context = &steps};
  LastGood last_good = open(watcher);
  store(last_good, 1);
  EXPECT_EQ(steps,
            (std::vector<std::string>{"create gen-1-1.fb.tmp", "write gen-1-1.fb.tmp", "sync gen-1-1.fb.tmp",
                                      "rename gen-1-1.fb", "sync folder ", "create pointer-a",
                                      "write pointer-a", "sync pointer-a", "sync folder "}));
}

// ---- S8: a process that ends before any step -------------------------------------------------------------

struct CrashPoint {
  int steps_left;
  std::string folder;
  bool tears_pointer;  // The pointer write before which it ends has got through by half.
};

void crash_when_due(void* context, std::string_view step, std::string_view name) {
  auto& point = *static_cast<CrashPoint*>(context);
  if (point.steps_left-- > 0) return;
  if (point.tears_pointer && step == "write" && name.starts_with("pointer")) {
    std::fstream file(point.folder + "/" + std::string(name),
                      std::ios::in | std::ios::out | std::ios::binary);
    const std::string half(60, '\x5a');
    file.write(half.data(), static_cast<std::streamsize>(half.size()));
    file.close();
  }
  _exit(77);
}

// The child does what a data plane does in its life: apply, promote, apply often enough that files are
// cleaned up.
int life(const std::string& folder, CrashPoint& point) {
  auto last_good = LastGood::open(folder, {.before = &crash_when_due, .context = &point});
  if (!last_good) return 1;
  for (uint64_t number = 3; number <= 9; ++number) {
    if (!last_good->store_applied(stored(number), content(number))) return 2;
    if (number == 4 && !last_good->mark_stable({1, 4})) return 3;
  }
  return 0;
}

TEST_F(LastGoodTest, AtEveryCrashPointTheAppliedAndTheStableFileExist) {
  for (const bool tears_pointer : {false, true}) {
    int crashes = 0;
    for (int step = 0;; ++step) {
      std::filesystem::remove_all(folder_);
      std::filesystem::create_directory(folder_);
      {
        LastGood before = open();
        store(before, 1);
        ASSERT_TRUE(before.mark_stable({1, 1}).has_value());
        store(before, 2);
      }
      CrashPoint point{step, folder_, tears_pointer};
      const pid_t child = fork();
      if (child == 0) _exit(life(folder_, point));
      int status = 0;
      ASSERT_EQ(waitpid(child, &status, 0), child);
      ASSERT_TRUE(WIFEXITED(status));

      LastGood after = open();
      ASSERT_TRUE(after.pointer().applied.is_set()) << "step " << step;
      ASSERT_GE(after.pointer().applied.generation.number, 2u) << "step " << step;
      ASSERT_TRUE(after.map(after.pointer().applied).has_value()) << "step " << step;
      ASSERT_TRUE(after.pointer().stable.is_set()) << "step " << step;
      ASSERT_TRUE(after.map(after.pointer().stable).has_value()) << "step " << step;
      // And the next life goes on from there.
      store(after, 20);
      ASSERT_EQ(open().pointer().applied, stored(20));

      if (WEXITSTATUS(status) == 0) break;
      ASSERT_EQ(WEXITSTATUS(status), 77);
      ++crashes;
    }
    EXPECT_GT(crashes, 50);
  }
}

}  // namespace
}  // namespace sluice::dataplane
