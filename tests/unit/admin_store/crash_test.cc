// A process that is killed at any point of any store operation leaves the last committed revision: a child
// works on the database and says what was confirmed to it, the parent kills it at random points, opens the
// file and looks.
#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <string>

#include "admin/store/sqlite_store.h"
#include "schemas/base/rng.h"
#include "tests/unit/admin_store/temporary_directory.h"

namespace sluice::admin {
namespace {

constexpr int kRounds = 60;

struct Confirmed {
  uint64_t revision = 0;
  uint64_t number = 0;
};

std::string document_of(uint64_t number) {
  return "document " + std::to_string(number) + std::string(20'000, '.');
}

// Activations of all three kinds and rejections, for ever; every confirmed one goes into the pipe.
[[noreturn]] void work(const std::string& path, int pipe_end, uint64_t seed) {
  auto store = SqliteStore::open(path, 1'000);
  if (!store) _exit(1);
  Rng rng(seed);
  for (;;) {
    NewRevision revision;
    revision.document = [&] { return document_of(rng.next()); };
    const auto active = (*store)->active();
    if (!active) _exit(2);
    if (active->has_value() && rng.chance(1, 2)) revision.patch = ObjectPatch{"route", "r", "{}"};
    if (active->has_value() && rng.chance(1, 8)) revision.rollback_of = (*active)->id;
    auto made = (*store)->activate(revision);
    if (!made) _exit(3);
    if (rng.chance(1, 8)) {
      made = (*store)->reject(made->id, {"VERIFY", "", ""});
      if (!made) _exit(4);
    }
    const Confirmed confirmed{made->id, made->generation.number};
    if (write(pipe_end, &confirmed, sizeof(confirmed)) != sizeof(confirmed)) _exit(5);
  }
}

// Reads until the writer is gone; the last confirmation.
Confirmed drain(int pipe_end, Confirmed last) {
  Confirmed next;
  while (read(pipe_end, &next, sizeof(next)) == sizeof(next)) last = next;
  return last;
}

TEST(StoreCrash, AKilledWriterLeavesTheLastConfirmedRevision) {
  const TemporaryDirectory directory;
  const std::string path = directory / "sluice.db";
  Rng rng(7);
  uint64_t highest_number = 0;
  int rounds_with_work = 0;
  for (int round = 0; round < kRounds; ++round) {
    int ends[2];
    ASSERT_EQ(pipe(ends), 0);
    const pid_t child = fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      close(ends[0]);
      work(path, ends[1], 100 + static_cast<uint64_t>(round));
    }
    close(ends[1]);
    Confirmed last;
    // The kill comes after a random number of confirmations plus a random part of the next operation.
    for (uint64_t confirmations = rng.below(6); confirmations > 0; --confirmations) {
      ASSERT_EQ(read(ends[0], &last, sizeof(last)), static_cast<ssize_t>(sizeof(last)));
    }
    poll(nullptr, 0, static_cast<int>(rng.below(4)));
    kill(child, SIGKILL);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the child failed by itself with code " << WEXITSTATUS(status);
    last = drain(ends[0], last);
    close(ends[0]);

    auto store = SqliteStore::open(path, 1'000);
    ASSERT_TRUE(store.has_value()) << store.error().message;
    const auto active = (*store)->active();
    ASSERT_TRUE(active.has_value()) << active.error().message;
    if (last.revision == 0 && !active->has_value()) continue;
    ++rounds_with_work;
    ASSERT_TRUE(active->has_value()) << "a confirmed revision is gone";
    if (last.revision != 0) {
      ASSERT_TRUE((*store)->find(last.revision).has_value()) << "a confirmed revision is gone";
      // What was under way when the kill came: nothing, one more activation, or a rejection that went back.
      EXPECT_LE((*active)->generation.number, last.number + 2);
    }
    ASSERT_TRUE((*store)->content((*active)->id).has_value());
    // The counter never goes back: the next generation is above every confirmed one.
    const auto next = (*store)->activate({.document = [] { return std::string("next"); }});
    ASSERT_TRUE(next.has_value()) << next.error().message;
    EXPECT_GT(next->generation.number, std::max(last.number, highest_number));
    highest_number = next->generation.number;
  }
  EXPECT_GT(rounds_with_work, kRounds / 2);
}

}  // namespace
}  // namespace sluice::admin
