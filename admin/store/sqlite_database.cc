#include "admin/store/sqlite_database.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sluice::admin {
namespace {

// A writer waits this long for another process (a backup tool) before it gives up.
constexpr int kBusyTimeoutMilliseconds = 2'000;

StoreErrorKind kind_of(int code) {
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return StoreErrorKind::busy;
    case SQLITE_FULL:
      return StoreErrorKind::full;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return StoreErrorKind::damaged;
    default:
      return StoreErrorKind::failed;
  }
}

std::string_view advice_for(StoreErrorKind kind) {
  switch (kind) {
    case StoreErrorKind::busy:
      return "another process holds it; stop that process and try again";
    case StoreErrorKind::full:
      return "free some space on the device and try again";
    case StoreErrorKind::damaged:
      return "restore a backup, or move the file away and apply the configuration again";
    default:
      return "check the permissions and the health of the device";
  }
}

// SQLite would create the file readable for everybody; configuration may carry addresses and headers
// that are nobody's business.
StoreResult<void> create_private_file(const std::string& path) {
  const int fd = open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) {
    return std::unexpected(
        StoreError{StoreErrorKind::failed, "cannot open " + path + ": " + strerror(errno)});
  }
  close(fd);
  return {};
}

}  // namespace

SqliteStatement::SqliteStatement(SqliteDatabase& database, std::string_view sql) {
  sqlite3_stmt* statement = nullptr;
  note(sqlite3_prepare_v3(database.handle(), sql.data(), static_cast<int>(sql.size()),
                          SQLITE_PREPARE_PERSISTENT, &statement, nullptr));
  statement_.reset(statement);
}

void SqliteStatement::note(int code) {
  if (code != SQLITE_OK) failed_ = true;
}

SqliteStatement& SqliteStatement::bind(int position, int64_t value) {
  if (statement_) note(sqlite3_bind_int64(statement_.get(), position, value));
  return *this;
}

SqliteStatement& SqliteStatement::bind(int position, std::string_view text) {
  if (statement_) {
    note(sqlite3_bind_text64(statement_.get(), position, text.data(), text.size(), SQLITE_TRANSIENT,
                             SQLITE_UTF8));
  }
  return *this;
}

SqliteStatement& SqliteStatement::bind_blob(int position, std::string_view bytes) {
  if (statement_) {
    note(sqlite3_bind_blob64(statement_.get(), position, bytes.data(), bytes.size(), SQLITE_STATIC));
  }
  return *this;
}

SqliteStatement& SqliteStatement::bind_null(int position) {
  if (statement_) note(sqlite3_bind_null(statement_.get(), position));
  return *this;
}

bool SqliteStatement::step() {
  if (failed_ || !statement_) return false;
  const int code = sqlite3_step(statement_.get());
  if (code == SQLITE_ROW) return true;
  if (code != SQLITE_DONE) failed_ = true;
  return false;
}

void SqliteStatement::reset() {
  if (!statement_) return;
  sqlite3_reset(statement_.get());
  sqlite3_clear_bindings(statement_.get());
  failed_ = false;
}

int64_t SqliteStatement::integer(int column) const {
  return sqlite3_column_int64(statement_.get(), column);
}

std::string SqliteStatement::text(int column) const {
  const void* bytes = sqlite3_column_blob(statement_.get(), column);
  const int size = sqlite3_column_bytes(statement_.get(), column);
  return bytes == nullptr ? std::string()
                          : std::string(static_cast<const char*>(bytes), static_cast<size_t>(size));
}

bool SqliteStatement::is_null(int column) const {
  return sqlite3_column_type(statement_.get(), column) == SQLITE_NULL;
}

StoreResult<std::unique_ptr<SqliteDatabase>> SqliteDatabase::open(const std::string& path) {
  if (auto created = create_private_file(path); !created) return std::unexpected(created.error());
  std::unique_ptr<SqliteDatabase> database(new SqliteDatabase(path));
  sqlite3* handle = nullptr;
  const int code =
      sqlite3_open_v2(path.c_str(), &handle, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
  database->handle_.reset(handle);
  if (code != SQLITE_OK) return std::unexpected(database->last_error());
  sqlite3_extended_result_codes(handle, 1);
  sqlite3_busy_timeout(handle, kBusyTimeoutMilliseconds);
  // FULL: in WAL mode only FULL syncs the log on every commit; a 200 must survive a power cut.
  // journal_size_limit gives the space of one very large revision back after its checkpoint.
  auto configured = database->execute(
      "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"
      "PRAGMA journal_size_limit=67108864; PRAGMA temp_store=MEMORY;");
  if (!configured) return std::unexpected(configured.error());
  return database;
}

StoreResult<void> SqliteDatabase::execute(const char* sql) {
  if (sqlite3_exec(handle_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
    return std::unexpected(last_error());
  return {};
}

StoreResult<int64_t> SqliteDatabase::query_integer(const char* sql) {
  SqliteStatement statement(*this, sql);
  if (statement.step()) return statement.integer(0);
  if (statement.failed()) return std::unexpected(last_error());
  return std::unexpected(StoreError{StoreErrorKind::failed, path_ + ": no row for: " + sql});
}

StoreError SqliteDatabase::last_error() const {
  const StoreErrorKind kind = kind_of(sqlite3_errcode(handle_.get()));
  std::string message = path_ + ": " + sqlite3_errmsg(handle_.get()) + "; ";
  message += advice_for(kind);
  return {kind, std::move(message)};
}

StoreResult<SqliteTransaction> SqliteTransaction::begin(SqliteDatabase& database) {
  if (auto begun = database.execute("BEGIN IMMEDIATE"); !begun) return std::unexpected(begun.error());
  return SqliteTransaction(database);
}

SqliteTransaction::~SqliteTransaction() {
  if (database_ != nullptr) (void)database_->execute("ROLLBACK");
}

StoreResult<void> SqliteTransaction::commit() {
  if (auto committed = database_->execute("COMMIT"); !committed) return committed;
  database_ = nullptr;
  return {};
}

}  // namespace sluice::admin
