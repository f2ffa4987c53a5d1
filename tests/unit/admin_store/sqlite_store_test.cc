// The rules of admin/store/store.h on real SQLite files.
#include "admin/store/sqlite_store.h"

#include <gtest/gtest.h>
#include <sqlite3.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>

#include "tests/unit/admin_store/temporary_directory.h"

namespace sluice::admin {
namespace {

constexpr int64_t kBorn = 1'700'000'000'000;

class SqliteStoreTest : public testing::Test {
 protected:
  SqliteStoreTest() { open(); }

  void open(int64_t now = kBorn) {
    store_.reset();
    auto opened = SqliteStore::open(directory_ / "sluice.db", now);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    store_ = std::move(*opened);
  }
  Revision activate_document(const std::string& text) {
    NewRevision revision;
    revision.document = [&] { return text; };
    return activated(revision);
  }
  Revision activate_patch(const std::string& name, const std::string& document) {
    NewRevision revision;
    revision.patch = ObjectPatch{"route", name, document};
    revision.document = [] { return std::string("whole"); };
    return activated(revision);
  }
  Revision activated(const NewRevision& revision) {
    auto made = store_->activate(revision);
    EXPECT_TRUE(made.has_value()) << made.error().message;
    return made.value_or(Revision{});
  }
  Revision active() {
    auto found = store_->active();
    EXPECT_TRUE(found.has_value());
    return found->value_or(Revision{});
  }

  TemporaryDirectory directory_;
  std::unique_ptr<SqliteStore> store_;
};

TEST_F(SqliteStoreTest, ANewDatabaseHasAnIdentityAndNothingActive) {
  EXPECT_EQ(store_->identity().gateway_id.size(), 32u);
  EXPECT_FALSE(store_->active()->has_value());
  const std::string id = store_->identity().gateway_id;
  open(kBorn + 5);
  EXPECT_EQ(store_->identity().gateway_id, id) << "the identity must survive a restart";
}

TEST_F(SqliteStoreTest, TheFileIsReadableByItsOwnerOnly) {
  struct stat status{};
  ASSERT_EQ(stat((directory_ / "sluice.db").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0600u);
}

TEST_F(SqliteStoreTest, EveryActivationTakesTheNextGenerationOfTheIncarnation) {
  const Revision first = activate_document("one");
  EXPECT_EQ(first.generation, (Generation{kBorn, 1}));
  EXPECT_EQ(first.parent, 0u);
  open(kBorn + 1000);
  const Revision second = activate_document("two");
  EXPECT_EQ(second.generation, (Generation{kBorn, 2})) << "a restart keeps incarnation and counter";
  EXPECT_EQ(second.parent, first.id);
  EXPECT_EQ(active().id, second.id);
}

TEST_F(SqliteStoreTest, APatchStoresAFewBytesAndReadsBackInOrder) {
  const std::string document(9'000'000, 'r');
  activate_document(document);
  activate_patch("a", R"({"name":"a"})");
  activate_patch("b", R"({"name":"b"})");
  const Revision last = activate_patch("a", "");
  EXPECT_LT(last.stored_bytes, 100u);
  open();
  const auto content = store_->content(last.id);
  ASSERT_TRUE(content.has_value()) << content.error().message;
  EXPECT_EQ(content->document, document);
  const std::vector<ObjectPatch> expected{
      {"route", "a", R"({"name":"a"})"}, {"route", "b", R"({"name":"b"})"}, {"route", "a", ""}};
  EXPECT_EQ(content->patches, expected);
  EXPECT_EQ(store_->content(last.id - 1)->patches.size(), 2u) << "older revisions stay what they were";
}

TEST_F(SqliteStoreTest, OneChangedRouteWritesKilobytesNotTheWholeDocument) {
  activate_document(std::string(9'000'000, 'r'));
  store_.reset();  // The last connection checkpoints and removes the log.
  open();
  const auto log = directory_ / "sluice.db-wal";
  for (int i = 0; i < 20; ++i) activate_patch("a", "{}");
  EXPECT_LT(std::filesystem::file_size(log), 1'000'000u);
}

TEST_F(SqliteStoreTest, ALongChainOfPatchesEndsInAWholeDocument) {
  activate_document("start");
  int whole = 0;
  for (int i = 0; i < 1'100; ++i) {
    const Revision made = activate_patch("r" + std::to_string(i), "{}");
    const auto content = store_->content(made.id);
    ASSERT_TRUE(content.has_value()) << content.error().message;
    whole += content->document == "whole" && content->patches.empty() ? 1 : 0;
    EXPECT_LE(content->patches.size(), 512u);
  }
  EXPECT_EQ(whole, 2);
}

TEST_F(SqliteStoreTest, ARollbackStoresNothingAndHasTheOldContent) {
  const Revision first = activate_document("one");
  const Revision patched = activate_patch("a", "{}");
  activate_document("two");
  NewRevision rollback{.source = RevisionSource::rollback, .rollback_of = patched.id};
  const Revision back = activated(rollback);
  EXPECT_EQ(back.stored_bytes, 0u);
  EXPECT_EQ(back.content_hash, patched.content_hash);
  EXPECT_EQ(back.generation.number, 4u) << "old content under a new, higher generation";
  EXPECT_EQ(store_->content(back.id)->patches.size(), 1u);
  const Revision further = activate_patch("b", "{}");
  EXPECT_EQ(store_->content(further.id)->patches.size(), 2u);
  EXPECT_EQ(store_->content(first.id)->document, "one");
}

TEST_F(SqliteStoreTest, ARejectedRevisionGivesWayToTheLastAcceptedOne) {
  const Revision good =
      activated({.file_hash = ContentHash{1, 2}, .document = [] { return std::string("good"); }});
  const Revision bad =
      activated({.file_hash = ContentHash{3, 4}, .document = [] { return std::string("bad"); }});
  const Rejection why{"BIND_FAILED", "listeners[web]", "address in use"};
  const auto now_active = store_->reject(bad.id, why);
  ASSERT_TRUE(now_active.has_value()) << now_active.error().message;
  EXPECT_EQ(now_active->id, good.id);
  open();
  EXPECT_EQ(active().id, good.id);
  EXPECT_EQ(active().generation, good.generation) << "what the data plane still serves under";
  EXPECT_EQ(active().file_hash, (ContentHash{1, 2}))
      << "so that the refused file is tried again at the next start";
  const auto recorded = store_->find(bad.id);
  EXPECT_EQ(recorded->verdict, Verdict::rejected);
  EXPECT_EQ(recorded->rejection, why);
  EXPECT_EQ(activate_document("next").generation.number, 3u) << "a used generation never comes back";
}

TEST_F(SqliteStoreTest, ARejectionSkipsAncestorsThatWereRejectedThemselves) {
  const Revision good = activate_document("good");
  const Revision first = activate_document("bad");
  const Revision second = activate_document("worse");  // Made before the verdict on its parent arrived.
  EXPECT_EQ(store_->reject(first.id, {"VERIFY", "", ""})->id, second.id);
  EXPECT_EQ(store_->reject(second.id, {"VERIFY", "", ""})->id, good.id);
}

TEST_F(SqliteStoreTest, TheFirstRevisionStaysActiveWhenItIsRejected) {
  const Revision only = activate_document("only");
  EXPECT_EQ(store_->reject(only.id, {"BIND_FAILED", "", ""})->id, only.id);
}

TEST_F(SqliteStoreTest, AGenerationSeenAboveOursStartsANewIncarnation) {
  const Revision made = activate_document("one");
  const auto raised = store_->raise_generation({kBorn, 50});
  ASSERT_TRUE(raised.has_value()) << raised.error().message;
  EXPECT_EQ(raised->id, made.id);
  EXPECT_GT(raised->generation, (Generation{kBorn, 50}));
  const auto again = store_->raise_generation({kBorn + 1'000'000, 7});
  EXPECT_GT(again->generation, (Generation{kBorn + 1'000'000, 7}));
  open();
  EXPECT_EQ(active().generation, again->generation);
  EXPECT_GT(activate_document("two").generation, again->generation);
}

TEST_F(SqliteStoreTest, AGenerationSeenBelowOursOnlyTakesTheNextNumber) {
  activate_document("one");
  activate_document("two");
  EXPECT_EQ(store_->raise_generation({kBorn, 2})->generation, (Generation{kBorn, 3}));
  EXPECT_EQ(store_->raise_generation({kBorn - 9, 900})->generation, (Generation{kBorn, 4}));
}

TEST_F(SqliteStoreTest, AnImpossibleIncarnationIsRefused) {
  activate_document("one");
  EXPECT_FALSE(store_->raise_generation({UINT64_MAX, 1}).has_value());
  EXPECT_EQ(active().generation, (Generation{kBorn, 1}));
}

TEST_F(SqliteStoreTest, AnAdoptedGenerationIsPassedByTheNextActivation) {
  activate_document("one");
  EXPECT_EQ(store_->adopt_generation({kBorn + 3, 40})->generation, (Generation{kBorn + 3, 40}));
  EXPECT_EQ(activate_document("two").generation, (Generation{kBorn + 3, 41}));
}

TEST_F(SqliteStoreTest, ListPagesFromTheNewest) {
  for (int i = 0; i < 5; ++i) activate_document(std::to_string(i));
  const auto first = store_->list(0, 2);
  ASSERT_EQ(first->size(), 2u);
  EXPECT_EQ((*first)[0].id, 5u);
  const auto second = store_->list((*first)[1].id, 10);
  ASSERT_EQ(second->size(), 3u);
  EXPECT_EQ((*second)[0].id, 3u);
}

TEST_F(SqliteStoreTest, RetentionKeepsWhatNewerRevisionsBuildOn) {
  activate_document("base");
  for (int i = 0; i < 300; ++i) activate_patch("r" + std::to_string(i), "{}");
  const auto listed = store_->list(0, 1'000);
  EXPECT_GE(listed->size(), 200u);
  EXPECT_LE(listed->size(), 216u);
  EXPECT_EQ(store_->find(1).error().kind, StoreErrorKind::not_found);
  for (const Revision& revision : *listed) {
    const auto content = store_->content(revision.id);
    ASSERT_TRUE(content.has_value()) << content.error().message;
    EXPECT_EQ(content->patches.size(), revision.id - 1);
  }
}

TEST_F(SqliteStoreTest, RetentionNeverDropsTheActiveRevisionOrItsParent) {
  const Revision good = activate_document("good");
  for (int i = 0; i < 300; ++i) {
    const Revision bad = activate_document("bad");
    ASSERT_EQ(store_->reject(bad.id, {"VERIFY", "", ""})->id, good.id);
  }
  EXPECT_EQ(active().id, good.id);
  EXPECT_EQ(store_->content(good.id)->document, "good");
}

TEST_F(SqliteStoreTest, ManyLargeDocumentsStayWithinTheByteBudget) {
  const std::string document(20 << 20, 'x');
  for (int i = 0; i < 16; ++i) activate_document(document);
  uint64_t bytes = 0;
  const auto listed = store_->list(0, 1'000);
  for (const Revision& revision : *listed) bytes += revision.stored_bytes;
  EXPECT_LE(bytes, 256u << 20);
  EXPECT_EQ(store_->content(active().id)->document.size(), document.size());
}

TEST_F(SqliteStoreTest, UnknownRevisionsAreNotFound) {
  EXPECT_EQ(store_->find(99).error().kind, StoreErrorKind::not_found);
  EXPECT_EQ(store_->content(99).error().kind, StoreErrorKind::not_found);
  activate_document("one");
  EXPECT_EQ(store_->activate({.rollback_of = 99}).error().kind, StoreErrorKind::not_found);
  EXPECT_EQ(active().id, 1u) << "a failed activation changes nothing";
  EXPECT_EQ(activate_document("two").generation.number, 2u) << "nor does it use up a generation";
}

TEST_F(SqliteStoreTest, DamagedContentIsReportedNotReturned) {
  const Revision made = activate_document("honest");
  store_.reset();
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open((directory_ / "sluice.db").c_str(), &raw), SQLITE_OK);
  ASSERT_EQ(sqlite3_exec(raw, "UPDATE revisions SET document=x'0102'", nullptr, nullptr, nullptr), SQLITE_OK);
  sqlite3_close(raw);
  open();
  EXPECT_EQ(store_->content(made.id).error().kind, StoreErrorKind::damaged);
}

TEST(SqliteStoreOpen, ForeignBytesAreRefusedWithAdvice) {
  const TemporaryDirectory directory;
  std::ofstream(directory / "sluice.db") << std::string(8192, 'z');
  const auto opened = SqliteStore::open(directory / "sluice.db", kBorn);
  ASSERT_FALSE(opened.has_value());
  EXPECT_EQ(opened.error().kind, StoreErrorKind::damaged);
  EXPECT_NE(opened.error().message.find("sluice.db"), std::string::npos);
  EXPECT_NE(opened.error().message.find("restore"), std::string::npos);
}

TEST(SqliteStoreOpen, ANewerLayoutIsRefused) {
  const TemporaryDirectory directory;
  ASSERT_TRUE(SqliteStore::open(directory / "sluice.db", kBorn).has_value());
  sqlite3* raw = nullptr;
  ASSERT_EQ(sqlite3_open((directory / "sluice.db").c_str(), &raw), SQLITE_OK);
  sqlite3_exec(raw, "PRAGMA user_version=99", nullptr, nullptr, nullptr);
  sqlite3_close(raw);
  EXPECT_EQ(SqliteStore::open(directory / "sluice.db", kBorn).error().kind, StoreErrorKind::too_new);
}

TEST(SqliteStoreOpen, AMissingDirectoryIsNamed) {
  const auto opened = SqliteStore::open("/nonexistent-directory/sluice.db", kBorn);
  ASSERT_FALSE(opened.has_value());
  EXPECT_NE(opened.error().message.find("/nonexistent-directory/sluice.db"), std::string::npos);
}

}  // namespace
}  // namespace sluice::admin
