#include "admin/store/sqlite_schema.h"

#include <iterator>
#include <string>

namespace sluice::admin {
namespace {

// Column order matters for speed: the content is last, so that reading the rest of a row of nine
// megabytes does not follow its overflow pages.
// visible 0: no longer listed, kept only because the content of a newer revision builds on it.
// base: the revision whose content this one builds on (patch: the parent; rollback: the old one).
// 64-bit values that may exceed 2^63 (hashes) are blobs; generations never do (milliseconds and counts).
constexpr const char* kMigrations[] = {
    R"sql(
CREATE TABLE meta (
  key TEXT PRIMARY KEY,
  value
) WITHOUT ROWID;
CREATE TABLE revisions (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  parent INTEGER NOT NULL,
  rollback_of INTEGER NOT NULL,
  base INTEGER REFERENCES revisions(id),
  visible INTEGER NOT NULL DEFAULT 1,
  created_milliseconds INTEGER NOT NULL,
  source INTEGER NOT NULL,
  verdict INTEGER NOT NULL DEFAULT 0,
  allow_empty INTEGER NOT NULL,
  incarnation INTEGER NOT NULL,
  number INTEGER NOT NULL,
  chain_patches INTEGER NOT NULL,
  chain_bytes INTEGER NOT NULL,
  stored_bytes INTEGER NOT NULL,
  content_hash BLOB NOT NULL,
  file_hash BLOB NOT NULL,
  author TEXT NOT NULL,
  comment TEXT NOT NULL,
  reject_code TEXT NOT NULL DEFAULT '',
  reject_path TEXT NOT NULL DEFAULT '',
  reject_message TEXT NOT NULL DEFAULT '',
  patch_kind TEXT,
  patch_name TEXT,
  patch BLOB,
  document BLOB
);
CREATE INDEX revisions_base ON revisions(base);
)sql",
};
constexpr int64_t kNewestVersion = std::size(kMigrations);

}  // namespace

StoreResult<void> migrate(SqliteDatabase& database) {
  const auto version = database.query_integer("PRAGMA user_version");
  if (!version) return std::unexpected(version.error());
  if (*version > kNewestVersion) {
    return std::unexpected(StoreError{StoreErrorKind::too_new,
                                      "the database has layout " + std::to_string(*version) +
                                          ", this version reads up to " + std::to_string(kNewestVersion) +
                                          "; start the newer version, or restore a backup"});
  }
  for (int64_t step = *version; step < kNewestVersion; ++step) {
    auto transaction = SqliteTransaction::begin(database);
    if (!transaction) return std::unexpected(transaction.error());
    if (auto done = database.execute(kMigrations[step]); !done) return done;
    const std::string mark = "PRAGMA user_version=" + std::to_string(step + 1);
    if (auto done = database.execute(mark.c_str()); !done) return done;
    if (auto done = transaction->commit(); !done) return done;
  }
  return {};
}

}  // namespace sluice::admin
