#include "schemas/base/log.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <thread>
#include <vector>

namespace sluice {
namespace {

// Lines go to a pipe, as large as the kernel makes it; the tests write less.
class LogTest : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(pipe(ends_), 0);
    set_log_descriptor(ends_[1]);
  }
  void TearDown() override {
    set_log_descriptor(STDERR_FILENO);
    set_log_level(LogLevel::info);
    close(ends_[0]);
  }
  std::vector<std::string> lines() {
    close(ends_[1]);
    std::vector<std::string> found(1);
    char bytes[4096];
    for (ssize_t count; (count = read(ends_[0], bytes, sizeof(bytes))) > 0;) {
      for (const char character : std::string(bytes, static_cast<std::size_t>(count))) {
        if (character == '\n') {
          found.emplace_back();
        } else {
          found.back().push_back(character);
        }
      }
    }
    EXPECT_EQ(found.back(), "") << "the last line has no end";
    found.pop_back();
    return found;
  }
  int ends_[2];
};

TEST_F(LogTest, ALineHasTimeLevelAndText) {
  log_line(LogLevel::warning, "port %d is %s", 80, "taken");
  const std::vector<std::string> all = lines();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].substr(10, 1), "T");
  EXPECT_EQ(all[0].substr(23), "Z warning: port 80 is taken");
}

TEST_F(LogTest, LinesBelowTheLevelAreDropped) {
  log_line(LogLevel::debug, "quiet");
  set_log_level(LogLevel::error);
  log_line(LogLevel::warning, "quiet, too");
  log_line(LogLevel::error, "loud");
  EXPECT_EQ(lines().size(), 1u);
}

TEST_F(LogTest, TextFromAPeerCannotStartALineOfItsOwn) {
  log_line(LogLevel::info, "name %s", "x\n2026-01-01 error: forged\x1b[31m");
  const std::vector<std::string> all = lines();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_NE(all[0].find("name x?2026-01-01 error: forged?[31m"), std::string::npos);
}

TEST_F(LogTest, ALongLineIsCutAndEnds) {
  log_line(LogLevel::info, "%s", std::string(5000, 'x').c_str());
  const std::vector<std::string> all = lines();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].size(), 2047u);
}

TEST_F(LogTest, ALimitedSiteWritesItsShareAndCountsTheRest) {
  LogLimit limit(3);
  uint64_t suppressed = 0;
  uint32_t written = 0;
  // However the seconds fall, 1,000 calls are at least 994 too many and every one is accounted for.
  for (int i = 0; i < 1000; ++i) {
    uint64_t now = 0;
    if (!limit.allows(now)) continue;
    ++written;
    suppressed += now;
  }
  EXPECT_GE(written, 3u);
  EXPECT_LE(written + suppressed, 1000u);
  for (int i = 0; i < 1000; ++i) log_limited(limit, LogLevel::info, "again");
  EXPECT_LE(lines().size(), 6u);
}

TEST_F(LogTest, ThreadsDoNotMixTheirLines) {
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([i] {
      for (int line = 0; line < 50; ++line)
        log_line(LogLevel::info, "%s", std::string(100, static_cast<char>('a' + i)).c_str());
    });
  }
  for (std::thread& thread : threads) thread.join();
  const std::vector<std::string> all = lines();
  EXPECT_EQ(all.size(), 200u);
  for (const std::string& line : all) {
    const std::string text = line.substr(line.size() - 100);
    EXPECT_EQ(text, std::string(100, text[0]));
  }
}

}  // namespace
}  // namespace sluice
