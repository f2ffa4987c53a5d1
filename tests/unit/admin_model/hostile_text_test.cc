// Texts made to cost more than their size: each must be refused, or taken, in time that grows with its
// length. The bounds are CPU time and a hundred times what an optimised build needs.
#include <ctime>

#include "admin/model/edit.h"
#include "tests/unit/admin_model/loading.h"

namespace sluice::admin {
namespace {

using testing::basis;
using testing::must_load;
using testing::must_refuse;

constexpr double kSecondsMax = 5;

class HostileText : public ::testing::Test {
 protected:
  static double seconds() {
    timespec now{};
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) / 1e9;
  }
  void TearDown() override { EXPECT_LT(seconds() - start_, kSecondsMax); }
  double start_ = seconds();
};

std::string repeat(int count, const std::function<std::string(int)>& piece) {
  std::string text;
  for (int i = 0; i < count; ++i) text += piece(i);
  return text;
}

TEST_F(HostileText, ManyUnknownKeys) {
  const ConfigErrors errors =
      must_refuse(repeat(200'000, [](int i) { return "key" + std::to_string(i) + ": 1\n"; }));
  EXPECT_EQ(errors.size(), 51U);
  EXPECT_EQ(errors.back().message, "199951 more errors are not shown");
}

// Removing a pool that all routes use: every route is an error, and each would search for a similar name.
TEST_F(HostileText, ManyDanglingReferences) {
  std::string text =
      basis() +
      repeat(2'000, [](int i) { return "  - {name: pool-" + std::to_string(i) + ", members: [app-1]}\n"; }) +
      "routes:\n" +
      repeat(50'000, [](int i) { return "  - {name: r" + std::to_string(i) + ", pool: app}\n"; });
  const Config config = must_load(text);
  const Edited refused = remove_pool(config, "app");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().size(), 51U);
  EXPECT_EQ(refused.error().back().message, "49950 more errors are not shown");
}

TEST_F(HostileText, ManyHeaderFields) {
  const std::string headers = repeat(100'000, [](int i) { return "X-" + std::to_string(i) + ": a, "; });
  const ConfigErrors errors =
      must_refuse(testing::with_route("{name: r, pool: app, match: {headers: {" + headers + "}}}"));
  ASSERT_EQ(errors.size(), 1U);
  EXPECT_EQ(errors[0].message, "100000 entries");
}

TEST_F(HostileText, ManyMembersOfOnePool) {
  const Config config =
      must_load("listeners: [{name: web, address: \":80\"}]\npeers:\n" +
                repeat(20'000,
                       [](int i) {
                         return "  - {name: p" + std::to_string(i) + ", address: \"10.0." +
                                std::to_string(i / 250) + "." + std::to_string(i % 250 + 1) + ":1\"}\n";
                       }) +
                "pools:\n  - {name: all, members: [" +
                repeat(20'000, [](int i) { return "p" + std::to_string(i) + ", "; }) + "]}\n");
  EXPECT_EQ(config.pools[0]->members.size(), 20'000U);
}

// Compiling a regular expression costs far more than its text: equal ones are compiled once.
TEST_F(HostileText, ManyEqualRegularExpressions) {
  must_load(basis() + "routes:\n" + repeat(20'000, [](int i) {
              return "  - {name: r" + std::to_string(i) +
                     ", match: {path_regex: \"/(a|b)*[a-z]{1,20}\"}, pool: app}\n";
            }));
}

TEST_F(HostileText, DeepAndWideNesting) {
  for (const char* opening : {"[", "{a: ", "- ", "? ", "[[],", "{\"a\":"}) {
    must_refuse(repeat(300'000, [&](int) { return opening; }));
  }
  must_refuse("a: [" + repeat(1'000'000, [](int) { return "[],"; }) + "]");
}

TEST_F(HostileText, LongScalars) {
  must_refuse(std::string(10 << 20, 'a'));
  must_refuse("a: \"" + std::string(10 << 20, '\n') + "\"");
  must_refuse("a: " + repeat(1'000'000, [](int) { return "${"; }));
  must_refuse("data_dir: " + repeat(1'000'000, [](int) { return "${A:-"; }));
  must_refuse(std::string(1 << 20, '#') + repeat(1'000'000, [](int) { return "\n#"; }));
}

}  // namespace
}  // namespace sluice::admin
