#include "dataplane/keeper/crash_guard.h"

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace sluice::dataplane {
namespace {

class CrashGuardTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/sluice-crash-guard-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  // Each open() is a new process; letting go of the last guard without clean_shutdown() was a crash.
  CrashGuard open() {
    auto opened = CrashGuard::open(folder_ + "/crash-guard");
    EXPECT_TRUE(opened.has_value());
    return std::move(*opened);
  }
  std::string folder_;
};

TEST_F(CrashGuardTest, TheSecondEarlyCrashOfOneGenerationNamesTheCulprit) {
  open().applying({1, 5});
  {
    CrashGuard second = open();
    EXPECT_EQ(second.crash_count(), 1u);
    EXPECT_EQ(second.culprit(), std::nullopt);
    second.applying({1, 5});
  }
  CrashGuard third = open();
  EXPECT_EQ(third.crash_count(), 2u);
  EXPECT_EQ(third.culprit(), (Generation{1, 5}));
}

TEST_F(CrashGuardTest, ARefusalLastsOverRestartsUntilAHigherGenerationIsApplied) {
  open().refuse({1, 5});
  {
    CrashGuard guard = open();
    EXPECT_TRUE(guard.refuses({1, 5}));
    EXPECT_FALSE(guard.refuses({1, 6}));
    guard.applying({1, 3});  // The fallback.
    guard.clean_shutdown();
  }
  CrashGuard guard = open();
  EXPECT_TRUE(guard.refuses({1, 5}));
  guard.applying({1, 6});
  EXPECT_FALSE(guard.refuses({1, 5}));
  EXPECT_EQ(guard.refused(), std::nullopt);
}

TEST_F(CrashGuardTest, ACrashAfterTheSuspectTimeIsNotTheSnapshotsFault) {
  {
    CrashGuard guard = open();
    guard.applying({1, 5});
    guard.survived();
  }
  open().applying({1, 5});
  CrashGuard guard = open();
  EXPECT_EQ(guard.crash_count(), 2u);
  EXPECT_EQ(guard.culprit(), std::nullopt);
}

TEST_F(CrashGuardTest, CrashesOfDifferentGenerationsAreNotAddedUp) {
  open().applying({1, 5});
  open().applying({1, 6});
  CrashGuard guard = open();
  EXPECT_EQ(guard.crash_count(), 2u);
  EXPECT_EQ(guard.culprit(), std::nullopt);
}

// A generation that crashes before it reaches the disk: every boot serves the older one for a moment, until
// admin offers the bad one again. Serving the older one must not clear the suspicion.
TEST_F(CrashGuardTest, ServingAnOlderSnapshotBetweenTheCrashesDoesNotClearTheSuspect) {
  {
    CrashGuard guard = open();
    guard.applying({1, 4});
    guard.applying({1, 5});
  }
  {
    CrashGuard guard = open();
    guard.applying({1, 4});
    guard.applying({1, 5});
  }
  EXPECT_EQ(open().culprit(), (Generation{1, 5}));
}

TEST_F(CrashGuardTest, ACleanShutdownStartsTheCountAgain) {
  open().applying({1, 5});
  {
    CrashGuard guard = open();
    guard.applying({1, 5});
    guard.clean_shutdown();
  }
  CrashGuard guard = open();
  EXPECT_EQ(guard.crash_count(), 0u);
  EXPECT_EQ(guard.culprit(), std::nullopt);
}

TEST_F(CrashGuardTest, ATornFileKnowsNothingAndRefusesNothing) {
  open().refuse({1, 5});
  std::filesystem::resize_file(folder_ + "/crash-guard", 40);
  EXPECT_FALSE(open().refuses({1, 5}));
  std::ofstream(folder_ + "/crash-guard") << std::string(200, 'x');
  CrashGuard guard = open();
  EXPECT_EQ(guard.crash_count(), 0u);
  guard.applying({1, 6});
}

TEST_F(CrashGuardTest, EndingBeforeAnythingWasAppliedIsNoCrash) {
  open();
  EXPECT_EQ(open().crash_count(), 0u);
}

}  // namespace
}  // namespace sluice::dataplane
