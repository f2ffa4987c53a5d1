#include "admin/store/data_dir_lock.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/unit/admin_store/temporary_directory.h"

namespace sluice::admin {
namespace {

TEST(DataDirLock, ASecondProcessIsRefusedWithThePidOfTheHolder) {
  const TemporaryDirectory directory;
  const auto lock = DataDirLock::acquire(directory.path());
  ASSERT_TRUE(lock.has_value()) << lock.error();
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto second = DataDirLock::acquire(directory.path());
    const bool named = !second && second.error().find(std::to_string(getppid())) != std::string::npos;
    _exit(named ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(DataDirLock, AKilledHolderLeavesTheDirectoryFree) {
  const TemporaryDirectory directory;
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  const pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const auto lock = DataDirLock::acquire(directory.path());
    const char answer = lock ? 'y' : 'n';
    if (write(ends[1], &answer, 1) != 1) _exit(1);
    pause();
    _exit(0);
  }
  char answer = 0;
  ASSERT_EQ(read(ends[0], &answer, 1), 1);
  ASSERT_EQ(answer, 'y');
  EXPECT_FALSE(DataDirLock::acquire(directory.path()).has_value());
  kill(child, SIGKILL);
  waitpid(child, nullptr, 0);
  close(ends[0]);
  close(ends[1]);
  EXPECT_TRUE(DataDirLock::acquire(directory.path()).has_value());
}

TEST(DataDirLock, AMissingDirectoryIsMadePrivate) {
  const TemporaryDirectory directory;
  const auto lock = DataDirLock::acquire(directory / "a/b");
  ASSERT_TRUE(lock.has_value()) << lock.error();
  struct stat status{};
  ASSERT_EQ(stat((directory / "a/b").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0700u);
}

TEST(DataDirLock, APathThatCannotBeMadeIsNamed) {
  const auto lock = DataDirLock::acquire("/proc/sluice-data");
  ASSERT_FALSE(lock.has_value());
  EXPECT_NE(lock.error().find("/proc/sluice-data"), std::string::npos);
}

}  // namespace
}  // namespace sluice::admin
