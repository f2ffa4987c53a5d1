#include "bench/load/ledger.h"

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "bench/load/result.h"

namespace sluice::load {
namespace {

TEST(LoadLedger, WritesALineForEveryRequest) {
  const std::string path = ::testing::TempDir() + "/ledger.tsv";
  LedgerEntry lost{.id = 0xabc, .due_nanoseconds = 1'000'000, .connection = 7, .outcome = Outcome::reset};
  LedgerEntry good{.id = 0xabd,
                   .sent_nanoseconds = 2'000,
                   .done_nanoseconds = 5'000,
                   .status = 200,
                   .answered_by = 1,
                   .attempts = 2,
                   .is_post = true};
  ASSERT_TRUE(write_ledger(path, {lost, good}, {"", "origin-a"}));
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(),
            "id\tmethod\tdue_us\tsent_us\tdone_us\tconnection\tattempts\toutcome\tstatus\tanswered_by\n"
            "0000000000000abc\t-\t1000\t0\t0\t7\t1\treset\t0\t\n"
            "0000000000000abd\tPOST\t0\t2\t5\t0\t2\tanswered\t200\torigin-a\n");
  const auto refused = write_ledger("/nonexistent/ledger.tsv", {}, {});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error(), "cannot write /nonexistent/ledger.tsv: No such file or directory");
}

// Each thread numbers the answering servers by itself.
TEST(LoadLedger, NamesOfThreadsAreMerged) {
  Result first;
  first.names = {"", "a"};
  first.ledger.push_back({.id = 1, .answered_by = 1});
  Result second;
  second.names = {"", "b", "a"};
  second.ledger.push_back({.id = 2, .answered_by = 1});
  second.ledger.push_back({.id = 3, .answered_by = 2});
  first.merge(second);
  ASSERT_EQ(first.ledger.size(), 3U);
  EXPECT_EQ(first.names[first.ledger[1].answered_by], "b");
  EXPECT_EQ(first.names[first.ledger[2].answered_by], "a");
}

}  // namespace
}  // namespace sluice::load
