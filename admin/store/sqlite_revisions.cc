#include "admin/store/sqlite_revisions.h"

#include <algorithm>
#include <cstring>
#include <span>

namespace sluice::admin {
namespace {

// Retention. The slack makes pruning one commit in sixteen; the byte budget keeps a gateway with whole
// nine-megabyte documents well below a gigabyte with its log.
constexpr uint64_t kRevisionsKept = 200;
constexpr uint64_t kPruneSlack = 16;
constexpr int64_t kKeptBytesMax = 256LL << 20;
constexpr uint64_t kRevisionsKeptMin = 10;

constexpr std::string_view kRevisionColumns =
    "id, parent, rollback_of, created_milliseconds, source, verdict, allow_empty, incarnation, number, "
    "stored_bytes,"
    " content_hash, file_hash, author, comment, reject_code, reject_path, reject_message, chain_patches, "
    "chain_bytes";

std::string to_blob(ContentHash hash) {
  std::string blob(sizeof(hash), '\0');
  std::memcpy(blob.data(), &hash, sizeof(hash));
  return blob;
}

ContentHash to_hash(const std::string& blob) {
  ContentHash hash;
  if (blob.size() == sizeof(hash)) std::memcpy(&hash, blob.data(), sizeof(hash));
  return hash;
}

RevisionRow read_row(const SqliteStatement& row) {
  RevisionRow read;
  Revision& revision = read.revision;
  revision.id = static_cast<uint64_t>(row.integer(0));
  revision.parent = static_cast<uint64_t>(row.integer(1));
  revision.rollback_of = static_cast<uint64_t>(row.integer(2));
  revision.created_milliseconds = row.integer(3);
  revision.source = static_cast<RevisionSource>(row.integer(4));
  revision.verdict = static_cast<Verdict>(row.integer(5));
  revision.allow_empty = row.integer(6) != 0;
  revision.generation = {static_cast<uint64_t>(row.integer(7)), static_cast<uint64_t>(row.integer(8))};
  revision.stored_bytes = static_cast<uint64_t>(row.integer(9));
  revision.content_hash = to_hash(row.text(10));
  revision.file_hash = to_hash(row.text(11));
  revision.author = row.text(12);
  revision.comment = row.text(13);
  revision.rejection = {row.text(14), row.text(15), row.text(16)};
  read.chain = {row.integer(17), row.integer(18)};
  return read;
}

ContentHash hash_of(std::string_view text) {
  return content_hash(std::as_bytes(std::span(text)));
}

}  // namespace

ContentHash patched_hash(ContentHash base, const ObjectPatch& patch) {
  std::string bytes = to_blob(base);
  for (const std::string* part : {&patch.kind, &patch.name, &patch.document}) {
    bytes += *part;
    bytes += '\0';
  }
  return hash_of(bytes);
}

StoreResult<int64_t> SqliteRevisions::meta_integer(std::string_view key) {
  SqliteStatement statement(database_, "SELECT value FROM meta WHERE key=?");
  if (statement.bind(1, key).step()) return statement.integer(0);
  if (statement.failed()) return std::unexpected(database_.last_error());
  return std::unexpected(StoreError{StoreErrorKind::not_found, "no meta entry " + std::string(key)});
}

StoreResult<std::string> SqliteRevisions::meta_text(std::string_view key) {
  SqliteStatement statement(database_, "SELECT value FROM meta WHERE key=?");
  if (statement.bind(1, key).step()) return statement.text(0);
  if (statement.failed()) return std::unexpected(database_.last_error());
  return std::unexpected(StoreError{StoreErrorKind::not_found, "no meta entry " + std::string(key)});
}

StoreResult<void> SqliteRevisions::set_meta(std::string_view key, int64_t value) {
  SqliteStatement statement(database_, "INSERT OR REPLACE INTO meta(key, value) VALUES(?, ?)");
  statement.bind(1, key).bind(2, value).step();
  if (statement.failed()) return std::unexpected(database_.last_error());
  return {};
}

StoreResult<void> SqliteRevisions::set_meta(std::string_view key, std::string_view value) {
  SqliteStatement statement(database_, "INSERT OR REPLACE INTO meta(key, value) VALUES(?, ?)");
  statement.bind(1, key).bind(2, value).step();
  if (statement.failed()) return std::unexpected(database_.last_error());
  return {};
}

StoreResult<RevisionRow> SqliteRevisions::read(uint64_t id) {
  const std::string sql =
      "SELECT " + std::string(kRevisionColumns) + " FROM revisions WHERE id=? AND visible=1";
  SqliteStatement statement(database_, sql);
  if (statement.bind(1, static_cast<int64_t>(id)).step()) return read_row(statement);
  if (statement.failed()) return std::unexpected(database_.last_error());
  return std::unexpected(StoreError{StoreErrorKind::not_found, "there is no revision " + std::to_string(id)});
}

StoreResult<std::vector<Revision>> SqliteRevisions::list(uint64_t before, uint32_t limit) {
  const std::string sql = "SELECT " + std::string(kRevisionColumns) +
                          " FROM revisions WHERE visible=1 AND id<? ORDER BY id DESC LIMIT ?";
  SqliteStatement statement(database_, sql);
  statement.bind(1, before == 0 ? INT64_MAX : static_cast<int64_t>(std::min<uint64_t>(before, INT64_MAX)));
  statement.bind(2, static_cast<int64_t>(limit));
  std::vector<Revision> revisions;
  while (statement.step()) revisions.push_back(read_row(statement).revision);
  if (statement.failed()) return std::unexpected(database_.last_error());
  return revisions;
}

StoreResult<uint64_t> SqliteRevisions::insert(const RevisionWrite& write) {
  const Revision& revision = write.revision;
  SqliteStatement statement(database_,
                            "INSERT INTO revisions(parent, rollback_of, base, created_milliseconds, source, "
                            "allow_empty, incarnation,"
                            " number, chain_patches, chain_bytes, stored_bytes, content_hash, file_hash, "
                            "author, comment, patch_kind,"
                            " patch_name, patch, document) VALUES(?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)");
  const std::string content_blob = to_blob(revision.content_hash);
  const std::string file_blob = to_blob(revision.file_hash);
  statement.bind(1, static_cast<int64_t>(revision.parent))
      .bind(2, static_cast<int64_t>(revision.rollback_of));
  if (write.base != 0) statement.bind(3, static_cast<int64_t>(write.base));
  statement.bind(4, revision.created_milliseconds).bind(5, static_cast<int64_t>(revision.source));
  statement.bind(6, int64_t{revision.allow_empty});
  statement.bind(7, static_cast<int64_t>(revision.generation.incarnation));
  statement.bind(8, static_cast<int64_t>(revision.generation.number));
  statement.bind(9, write.chain.patches).bind(10, write.chain.bytes);
  statement.bind(11, static_cast<int64_t>(revision.stored_bytes));
  statement.bind_blob(12, content_blob).bind_blob(13, file_blob);
  statement.bind(14, revision.author).bind(15, revision.comment);
  if (write.patch != nullptr) {
    statement.bind(16, write.patch->kind).bind(17, write.patch->name).bind_blob(18, write.patch->document);
  }
  if (write.document != nullptr) statement.bind_blob(19, *write.document);
  statement.step();
  if (statement.failed()) return std::unexpected(database_.last_error());
  return static_cast<uint64_t>(database_.last_insert_id());
}

StoreResult<void> SqliteRevisions::set_generation(uint64_t id, Generation generation) {
  SqliteStatement statement(database_, "UPDATE revisions SET incarnation=?, number=? WHERE id=?");
  statement.bind(1, static_cast<int64_t>(generation.incarnation))
      .bind(2, static_cast<int64_t>(generation.number));
  statement.bind(3, static_cast<int64_t>(id)).step();
  if (statement.failed()) return std::unexpected(database_.last_error());
  return {};
}

StoreResult<void> SqliteRevisions::set_rejected(uint64_t id, const Rejection& rejection) {
  SqliteStatement statement(
      database_, "UPDATE revisions SET verdict=1, reject_code=?, reject_path=?, reject_message=? WHERE id=?");
  statement.bind(1, rejection.code).bind(2, rejection.path).bind(3, rejection.message);
  statement.bind(4, static_cast<int64_t>(id)).step();
  if (statement.failed()) return std::unexpected(database_.last_error());
  return {};
}

StoreResult<RevisionContent> SqliteRevisions::content(uint64_t id) {
  auto wanted = read(id);
  if (!wanted) return std::unexpected(wanted.error());
  SqliteStatement statement(
      database_,
      "SELECT base, patch IS NOT NULL, patch_kind, patch_name, patch, document FROM revisions WHERE id=?");
  RevisionContent content;
  for (uint64_t at = id; at != 0;) {
    statement.reset();
    if (!statement.bind(1, static_cast<int64_t>(at)).step()) {
      return std::unexpected(statement.failed() ? database_.last_error()
                                                : StoreError{StoreErrorKind::damaged,
                                                             "revision " + std::to_string(id) +
                                                                 " builds on revision " + std::to_string(at) +
                                                                 ", which is missing; restore a backup"});
    }
    if (statement.integer(1) != 0)
      content.patches.push_back({statement.text(2), statement.text(3), statement.text(4)});
    if (!statement.is_null(5)) content.document = statement.text(5);
    at = static_cast<uint64_t>(statement.integer(0));
  }
  std::reverse(content.patches.begin(), content.patches.end());
  ContentHash hash = hash_of(content.document);
  for (const ObjectPatch& patch : content.patches) hash = patched_hash(hash, patch);
  if (hash != wanted->revision.content_hash) {
    return std::unexpected(
        StoreError{StoreErrorKind::damaged,
                   "the content of revision " + std::to_string(id) + " fails its hash; restore a backup"});
  }
  return content;
}

StoreResult<void> SqliteRevisions::prune(uint64_t active) {
  const auto newest = list(0, 4 * kRevisionsKept);
  if (!newest) return std::unexpected(newest.error());
  uint64_t kept = 0;
  int64_t bytes = 0;
  uint64_t keep_from = 0;  // Ids below are beyond the retention.
  for (const Revision& revision : *newest) {
    bytes += static_cast<int64_t>(revision.stored_bytes);
    if (kept >= kRevisionsKept || (kept >= kRevisionsKeptMin && bytes > kKeptBytesMax)) break;
    keep_from = revision.id;
    ++kept;
  }
  if (newest->size() < kept + kPruneSlack && bytes <= kKeptBytesMax) return {};
  SqliteStatement hide(database_,
                       "UPDATE revisions SET visible=0 WHERE visible=1 AND id<?1 AND id<>?2"
                       " AND id<>(SELECT parent FROM revisions WHERE id=?2)");
  hide.bind(1, static_cast<int64_t>(keep_from)).bind(2, static_cast<int64_t>(active)).step();
  if (hide.failed()) return std::unexpected(database_.last_error());
  return database_.execute(
      "WITH RECURSIVE needed(id) AS ("
      " SELECT base FROM revisions WHERE visible=1 AND base IS NOT NULL"
      " UNION SELECT r.base FROM revisions r JOIN needed n ON r.id=n.id WHERE r.base IS NOT NULL)"
      " DELETE FROM revisions WHERE visible=0 AND id NOT IN (SELECT id FROM needed)");
}

}  // namespace sluice::admin
