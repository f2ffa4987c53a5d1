// The rows of the revisions and meta tables: read, write, prune. No transaction of its own and no rules;
// SqliteStore has both.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/store/sqlite_database.h"
#include "admin/store/store.h"

namespace sluice::admin {

// How far a revision is from the last whole document below it.
struct ChainLength {
  int64_t patches = 0;
  int64_t bytes = 0;
};

struct RevisionRow {
  Revision revision;
  ChainLength chain;
};

struct RevisionWrite {
  Revision revision;  // id is ignored, SQLite gives it.
  ChainLength chain;
  uint64_t base = 0;                   // 0: the document is whole.
  const ObjectPatch* patch = nullptr;  // At most one of the two; neither for a rollback.
  const std::string* document = nullptr;
};

class SqliteRevisions {
 public:
  // Requires: the database outlives this.
  explicit SqliteRevisions(SqliteDatabase& database) : database_(database) {}

  StoreResult<int64_t> meta_integer(std::string_view key);
  StoreResult<std::string> meta_text(std::string_view key);
  StoreResult<void> set_meta(std::string_view key, int64_t value);
  StoreResult<void> set_meta(std::string_view key, std::string_view value);

  StoreResult<RevisionRow> read(uint64_t id);
  StoreResult<std::vector<Revision>> list(uint64_t before, uint32_t limit);
  StoreResult<uint64_t> insert(const RevisionWrite& write);
  StoreResult<void> set_generation(uint64_t id, Generation generation);
  StoreResult<void> set_rejected(uint64_t id, const Rejection& rejection);
  // The document below `id` and the patches between, oldest first; checked against the row's hash.
  StoreResult<RevisionContent> content(uint64_t id);
  // Hides what is beyond the retention and deletes what no kept revision builds on.
  StoreResult<void> prune(uint64_t active);

 private:
  SqliteDatabase& database_;
};

// The hash of a revision made by `patch` on content with hash `base`.
ContentHash patched_hash(ContentHash base, const ObjectPatch& patch);

}  // namespace sluice::admin
