#include "tools/cli/pid_file.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace sluice::cli {
namespace {

class PidFileTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/sluice-pid-XXXXXX";
    ASSERT_NE(mkdtemp(folder_.data()), nullptr);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  std::string folder_;
};

TEST_F(PidFileTest, TheHolderIsFoundWhileItLivesAndNotAfterwards) {
  {
    const auto held = PidFile::acquire(folder_);
    ASSERT_TRUE(held) << held.error();
    EXPECT_EQ(running_supervisor(folder_).value_or(-1), getpid());
  }
  EXPECT_FALSE(running_supervisor(folder_));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/sluice.pid"));
}

TEST_F(PidFileTest, ASecondHolderIsRefusedAndToldWhoHoldsIt) {
  const auto held = PidFile::acquire(folder_);
  ASSERT_TRUE(held);
  const auto second = PidFile::acquire(folder_);
  ASSERT_FALSE(second);
  EXPECT_NE(second.error().find("pid " + std::to_string(getpid())), std::string::npos) << second.error();
}

TEST_F(PidFileTest, AFileLeftBehindByACrashIsNotARunningProcess) {
  std::ofstream(folder_ + "/sluice.pid") << getpid() << "\n";
  EXPECT_FALSE(running_supervisor(folder_));
  EXPECT_TRUE(PidFile::acquire(folder_));
}

TEST_F(PidFileTest, TheDirectoryIsMadeForItsOwnerOnly) {
  const std::string inner = folder_ + "/a/b";
  ASSERT_TRUE(PidFile::acquire(inner));
  EXPECT_EQ(std::filesystem::status(inner).permissions(), std::filesystem::perms::owner_all);
}

TEST_F(PidFileTest, ADirectoryThatCannotBeMadeIsAnErrorThatNamesTheWayOut) {
  std::ofstream(folder_ + "/file") << "x";
  const auto held = PidFile::acquire(folder_ + "/file/data");
  ASSERT_FALSE(held);
  EXPECT_NE(held.error().find("--data-dir"), std::string::npos) << held.error();
}

}  // namespace
}  // namespace sluice::cli
