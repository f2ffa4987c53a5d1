#include "dataplane/keeper/access_log_writer.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

namespace sluice::dataplane {
namespace {

std::string read_file(const std::string& path) {
  std::ifstream file(path);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

class AccessLogWriterTest : public testing::Test {
 protected:
  void SetUp() override {
    signal(SIGPIPE, SIG_IGN);
    char name[] = "/tmp/sluice-access-log-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  void push(AccessLogRing& ring, uint64_t number) {
    AccessRecord record;
    record.body_bytes_sent = number;
    ring.push(record);
  }
  AccessLogFormat numbers() { return *AccessLogFormat::compile(wire::LogFormat::custom, "$body_bytes_sent"); }
  template <typename Condition>
  void wait_until(Condition condition) {
    while (!condition()) std::this_thread::yield();  // The test runner's time limit is the deadline.
  }
  std::string folder_;
};

TEST_F(AccessLogWriterTest, RecordsOfAllWorkersReachTheFileBeforeStopReturns) {
  AccessLogRing first;
  AccessLogRing second;
  AccessLogWriter writer({&first, &second});
  writer.configure(numbers(), *AccessLogSink::open(folder_ + "/log"));
  for (uint64_t i = 0; i < 1000; ++i) push(i % 2 == 0 ? first : second, i);
  writer.stop(10_s);
  const std::string text = read_file(folder_ + "/log");
  EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 1000);
  EXPECT_EQ(writer.lines_written(), 1000u);
  EXPECT_EQ(writer.lines_lost(), 0u);
}

TEST_F(AccessLogWriterTest, AfterRotationAndReopenLinesGoToTheNewFile) {
  AccessLogRing ring;
  AccessLogWriter writer({&ring});
  const std::string path = folder_ + "/log";
  writer.configure(numbers(), *AccessLogSink::open(path));
  push(ring, 1);
  wait_until([&] { return writer.lines_written() == 1; });
  std::filesystem::rename(path, path + ".1");
  writer.reopen();
  wait_until([&] { return std::filesystem::exists(path); });
  push(ring, 2);
  writer.stop(10_s);
  EXPECT_EQ(read_file(path + ".1"), "1\n");
  EXPECT_EQ(read_file(path), "2\n");
}

TEST_F(AccessLogWriterTest, WhatWasPushedBeforeAChangeGoesToTheOldFile) {
  AccessLogRing ring;
  AccessLogWriter writer({&ring});
  writer.configure(numbers(), *AccessLogSink::open(folder_ + "/old"));
  push(ring, 1);
  wait_until([&] { return writer.lines_written() == 1; });
  push(ring, 2);
  writer.configure(numbers(), *AccessLogSink::open(folder_ + "/new"));
  wait_until([&] { return writer.lines_written() == 2; });
  push(ring, 3);
  writer.configure(AccessLogFormat(), std::nullopt);
  wait_until([&] { return writer.lines_written() == 3; });
  push(ring, 4);  // Off: nobody wants it.
  writer.stop(10_s);
  EXPECT_EQ(read_file(folder_ + "/old"), "1\n2\n");
  EXPECT_EQ(read_file(folder_ + "/new"), "3\n");
  EXPECT_EQ(writer.lines_lost(), 0u);
}

TEST_F(AccessLogWriterTest, WhenTheFileCannotBeReopenedTheOldOneStaysInUse) {
  AccessLogRing ring;
  AccessLogWriter writer({&ring});
  std::filesystem::create_directory(folder_ + "/logs");
  const std::string path = folder_ + "/logs/log";
  writer.configure(numbers(), *AccessLogSink::open(path));
  std::filesystem::rename(folder_ + "/logs", folder_ + "/moved");
  writer.reopen();
  push(ring, 7);
  writer.stop(10_s);
  EXPECT_EQ(read_file(folder_ + "/moved/log"), "7\n");
}

TEST_F(AccessLogWriterTest, AStalledPipeMakesTheRingDropAndNobodyWaits) {
  const std::string path = folder_ + "/fifo";
  ASSERT_EQ(mkfifo(path.c_str(), 0600), 0);
  const int reader = open(path.c_str(), O_RDONLY | O_NONBLOCK);
  ASSERT_GE(reader, 0);
  AccessLogRing ring(1 << 16);
  auto writer = std::make_unique<AccessLogWriter>(std::vector<AccessLogRing*>{&ring});
  const std::string filler(1000, 'f');
  writer->configure(*AccessLogFormat::compile(wire::LogFormat::custom, "$http_user_agent"),
                    *AccessLogSink::open(path));
  uint64_t pushed = 0;
  // Pipe (64 KiB), pending text (256 KiB) and ring (64 KiB) fill up; then records are dropped.
  wait_until([&] {
    AccessRecord record;
    record.user_agent = filler;
    ring.push(record);
    ++pushed;
    return ring.dropped() > 100;
  });
  // The reader comes back: what was not dropped arrives, in whole lines.
  std::string text;
  std::thread drain([&] {
    fcntl(reader, F_SETFL, 0);
    char bytes[65536];
    for (ssize_t count; (count = read(reader, bytes, sizeof(bytes))) > 0;) {
      text.append(bytes, static_cast<std::size_t>(count));
    }
  });
  writer->stop(10_s);
  EXPECT_EQ(writer->lines_lost(), 0u);
  EXPECT_EQ(writer->lines_written() + ring.dropped(), pushed);
  const uint64_t lines = writer->lines_written();
  writer.reset();  // Closes the pipe: the reader sees the end.
  drain.join();
  close(reader);
  EXPECT_EQ(text.size(), lines * (filler.size() + 1));
  EXPECT_EQ(static_cast<uint64_t>(std::count(text.begin(), text.end(), '\n')), lines);
}

TEST_F(AccessLogWriterTest, StopGivesUpOnASinkThatNeverTakesAnything) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  AccessLogRing ring;
  AccessLogWriter writer({&ring});
  const std::string path = "/proc/self/fd/" + std::to_string(ends[1]);
  writer.configure(*AccessLogFormat::compile(wire::LogFormat::custom, "$http_user_agent"),
                   *AccessLogSink::open(path));
  const std::string filler(1000, 'f');
  for (int i = 0; i < 200; ++i) {
    AccessRecord record;
    record.user_agent = filler;
    ring.push(record);
  }
  writer.stop(20_ms);  // Returns: 65 lines fit the pipe, the rest cannot leave.
  EXPECT_LT(writer.lines_written(), 200u);
  close(ends[0]);
  close(ends[1]);
}

TEST_F(AccessLogWriterTest, LinesForASinkThatBrokeAreCounted) {
  int ends[2];
  ASSERT_EQ(pipe(ends), 0);
  AccessLogRing ring;
  AccessLogWriter writer({&ring});
  writer.configure(numbers(), *AccessLogSink::open("/proc/self/fd/" + std::to_string(ends[1])));
  close(ends[0]);
  push(ring, 1);
  writer.stop(10_s);
  EXPECT_EQ(writer.lines_lost(), 1u);
  EXPECT_EQ(writer.lines_written(), 0u);
  close(ends[1]);
}

TEST_F(AccessLogWriterTest, TurnedOffItDiscardsWithoutCounting) {
  AccessLogRing ring;
  AccessLogWriter writer({&ring});
  push(ring, 1);
  writer.stop(10_s);
  EXPECT_EQ(writer.lines_lost(), 0u);
  AccessRecord record;
  AccessLogRing::Scratch scratch;
  EXPECT_FALSE(ring.pop(record, scratch));
}

TEST(AccessLogSink, CheckFindsWhatOpenWouldFindAndCreatesNothing) {
  char name[] = "/tmp/sluice-access-log-XXXXXX";
  ASSERT_NE(mkdtemp(name), nullptr);
  const std::string folder = name;
  EXPECT_TRUE(AccessLogSink::check(folder + "/log").has_value());
  EXPECT_FALSE(std::filesystem::exists(folder + "/log"));
  const auto missing = AccessLogSink::check(folder + "/none/log");
  ASSERT_FALSE(missing.has_value());
  EXPECT_NE(missing.error().find("No such file or directory"), std::string::npos);
  EXPECT_FALSE(AccessLogSink::check(folder).has_value());
  EXPECT_FALSE(AccessLogSink::open(folder).has_value());
  std::filesystem::remove_all(folder);
}

}  // namespace
}  // namespace sluice::dataplane
