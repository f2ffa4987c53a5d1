// The embedded store: one SQLite file in the data directory. Any thread; calls take turns. One process
// writes (the data directory is locked before this is opened).
#pragma once

#include <memory>
#include <mutex>
#include <string>

#include "admin/store/sqlite_revisions.h"
#include "admin/store/store.h"

namespace sluice::admin {

class SqliteStore final : public Store {
 public:
  // Creates or migrates the file at `path`. `now_milliseconds`: Unix time, the first incarnation of a new
  // database (a recreated one is thereby newer than what the data plane remembers of the lost one).
  static StoreResult<std::unique_ptr<SqliteStore>> open(const std::string& path, int64_t now_milliseconds);

  StoreIdentity identity() const override { return identity_; }
  StoreResult<std::optional<Revision>> active() override;
  StoreResult<uint64_t> next_id() override;
  StoreResult<Revision> activate(const NewRevision& revision) override;
  StoreResult<Revision> reject(uint64_t id, const Rejection& rejection) override;
  StoreResult<Revision> raise_generation(Generation seen) override;
  StoreResult<Revision> adopt_generation(Generation seen) override;
  StoreResult<Revision> find(uint64_t id) override;
  StoreResult<std::vector<Revision>> list(uint64_t before, uint32_t limit) override;
  StoreResult<RevisionContent> content(uint64_t id) override;

 private:
  explicit SqliteStore(std::unique_ptr<SqliteDatabase> database);
  StoreResult<void> create_identity(int64_t now_milliseconds);
  StoreResult<Generation> next_generation();
  StoreResult<Revision> move_active_to(Generation generation);
  // Fills base, chain, hash and size of `write`; `document` keeps the text alive until the insert.
  StoreResult<void> choose_content(const NewRevision& revision, const RevisionRow* parent,
                                   RevisionWrite& write, std::string& document);

  std::mutex mutex_;
  std::unique_ptr<SqliteDatabase> database_;
  SqliteRevisions rows_;
  StoreIdentity identity_;
};

}  // namespace sluice::admin
