// What is decided once at start: options, cores, memory.
#include <gtest/gtest.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <numeric>
#include <string>
#include <vector>

#include "dataplane/keeper/data_dir.h"
#include "dataplane/keeper/memory_plan.h"
#include "dataplane/keeper/options.h"
#include "dataplane/keeper/usable_cores.h"

namespace sluice::dataplane {
namespace {

std::expected<Options, std::string> parse(std::vector<const char*> arguments) {
  return parse_options(arguments);
}

class StartTest : public testing::Test {
 protected:
  void SetUp() override {
    char name[] = "/tmp/sluice-start-XXXXXX";
    ASSERT_NE(mkdtemp(name), nullptr);
    folder_ = name;
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }
  void put(const std::string& name, const std::string& text) {
    std::filesystem::create_directories(std::filesystem::path(folder_ + name).parent_path());
    std::ofstream(folder_ + name) << text;
  }
  std::string folder_;
};

TEST(Options, DefaultsFollowTheDataDirectory) {
  const auto options = parse({"--data-dir", "/var/lib/sluice"});
  ASSERT_TRUE(options.has_value()) << options.error();
  EXPECT_EQ(options->control_socket, "/var/lib/sluice/dataplane.sock");
  EXPECT_EQ(options->workers, 0u);
  EXPECT_EQ(options->wait_for_admin, 0_ms);
  EXPECT_EQ(options->stable_after, 300_s);
}

TEST(Options, EveryFlagIsTakenInBothSpellings) {
  const auto options = parse({"--data-dir=d", "--control-socket", "s", "--workers=3", "--wait-for-admin",
                              "250", "--stable-after=1000"});
  ASSERT_TRUE(options.has_value()) << options.error();
  EXPECT_EQ(options->control_socket, "s");
  EXPECT_EQ(options->workers, 3u);
  EXPECT_EQ(options->wait_for_admin, 250_ms);
  EXPECT_EQ(options->stable_after, 1_s);
}

TEST(Options, MistakesAreNamed) {
  EXPECT_NE(parse({}).error().find("--data-dir is missing"), std::string::npos);
  EXPECT_NE(parse({"--data-dir", "d", "--worker", "2"}).error().find("\"--worker\""), std::string::npos);
  EXPECT_NE(parse({"--data-dir", "d", "--workers", "two"}).error().find("\"two\""), std::string::npos);
  EXPECT_NE(parse({"--data-dir", "d", "--workers", "1000"}).error().find("256"), std::string::npos);
  EXPECT_NE(parse({"--data-dir"}).error().find("no value"), std::string::npos);
}

TEST_F(StartTest, TheSmallestQuotaUpTheTreeCounts) {
  put("/membership", "12:cpu:/old\n0::/system/sluice\n");
  put("/tree/cpu.max", "max 100000\n");
  put("/tree/system/cpu.max", "250000 100000\n");
  put("/tree/system/sluice/cpu.max", "max 100000\n");
  EXPECT_EQ(quota_cores(folder_ + "/membership", folder_ + "/tree"), 3u);
  put("/tree/system/sluice/cpu.max", "50000 100000\n");
  EXPECT_EQ(quota_cores(folder_ + "/membership", folder_ + "/tree"), 1u);
  put("/tree/system/memory.max", "1073741824\n");
  EXPECT_EQ(cgroup_memory_bytes(folder_ + "/membership", folder_ + "/tree"), 1ULL << 30);
}

TEST_F(StartTest, WithoutCgroupsThereIsNoLimit) {
  EXPECT_EQ(quota_cores(folder_ + "/none", folder_), UINT32_MAX);
  put("/membership", "0::/\n");
  EXPECT_EQ(quota_cores(folder_ + "/membership", folder_), UINT32_MAX);
  EXPECT_EQ(cgroup_memory_bytes(folder_ + "/membership", folder_), UINT64_MAX);
  EXPECT_GE(usable_core_count(), 1u);
  EXPECT_LE(usable_core_count(), allowed_cores().size());
}

TEST(MemoryPlan, ConnectionsComeFromTheDescriptorLimit) {
  const MemoryPlan plan = plan_memory(2, 20'000, 16ULL << 30);
  EXPECT_GE(plan.client_connections, 12'000u);
  EXPECT_LE(plan.client_connections + plan.origin_connections, 20'000u);
  EXPECT_EQ(plan.buffers.count[3], BufferPoolSizes().count[3]);
}

TEST(MemoryPlan, ASmallMachineGetsSmallerBufferPoolsAndAFewLentBuffers) {
  const MemoryPlan plan = plan_memory(4, 1024, 512ULL << 20);
  uint64_t buffer_bytes = 0;
  for (uint32_t i = 0; i < kSizeClassCount; ++i)
    buffer_bytes += uint64_t{plan.buffers.count[i]} * kSizeClassBytes[i];
  EXPECT_LE(buffer_bytes * 4, 256ULL << 20);
  EXPECT_LE(plan.ring.lent_buffers_max * 4, plan.buffers.count[3]);
  EXPECT_LE(plan.ring.lent_buffers_min, plan.ring.lent_buffers_max);
  EXPECT_GE(plan.ring.lent_buffers_min, 1u);
}

TEST(MemoryPlan, ThePrintedSumIsTheSumOfItsTerms) {
  const MemoryPlan plan = plan_memory(3, 20'000, 16ULL << 30);
  uint64_t sum = 0;
  for (const MemoryTerm& term : plan.terms) sum += term.count * term.bytes_each;
  EXPECT_EQ(plan.bytes_max(), 3 * sum);
  const std::string line = describe(plan);
  for (const MemoryTerm& term : plan.terms) EXPECT_NE(line.find(term.name), std::string::npos);
  EXPECT_NE(line.find(std::to_string(plan.bytes_max() >> 20) + " MiB"), std::string::npos) << line;
}

TEST_F(StartTest, TheSecondDataPlaneOnADirectoryLearnsWhoHasIt) {
  const std::string path = folder_ + "/data";
  auto first = lock_data_dir(path);
  ASSERT_TRUE(first.has_value()) << first.error();
  const auto second = lock_data_dir(path);
  ASSERT_FALSE(second.has_value());
  EXPECT_NE(second.error().find("pid " + std::to_string(getpid())), std::string::npos) << second.error();
  first->reset(-1);
  EXPECT_TRUE(lock_data_dir(path).has_value());
  EXPECT_EQ(std::filesystem::status(path).permissions(), std::filesystem::perms::owner_all);
  EXPECT_FALSE(lock_data_dir(folder_ + "/no/such").has_value());
}

}  // namespace
}  // namespace sluice::dataplane
