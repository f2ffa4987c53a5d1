// SQLite as values: a connection, prepared statements and a transaction that rolls back unless committed.
// One thread at a time (the owner serialises). Knows no tables.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>

#include "admin/store/store.h"

namespace sluice::admin {

class SqliteDatabase;

// Prepared once, run many times. Values are bound by position from 1; columns count from 0.
class SqliteStatement {
 public:
  SqliteStatement(SqliteDatabase& database, std::string_view sql);

  SqliteStatement& bind(int position, int64_t value);
  SqliteStatement& bind(int position, std::string_view text);
  SqliteStatement& bind_blob(int position, std::string_view bytes);  // Kept by the caller until run.
  SqliteStatement& bind_null(int position);
  // One step. True: a row is there. False: done, or failed (failed() tells).
  bool step();
  bool failed() const { return failed_; }
  void reset();

  int64_t integer(int column) const;
  std::string text(int column) const;
  bool is_null(int column) const;

 private:
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  void note(int code);

  std::unique_ptr<sqlite3_stmt, Finalize> statement_;
  bool failed_ = false;
};

class SqliteDatabase {
 public:
  // Creates the file (mode 0600) when it is missing; WAL, synchronous=FULL, foreign keys, busy_timeout.
  static StoreResult<std::unique_ptr<SqliteDatabase>> open(const std::string& path);

  StoreResult<void> execute(const char* sql);
  StoreResult<int64_t> query_integer(const char* sql);
  // What the last failed call said, as an error of ours.
  StoreError last_error() const;
  int64_t last_insert_id() const { return sqlite3_last_insert_rowid(handle_.get()); }
  sqlite3* handle() { return handle_.get(); }

 private:
  explicit SqliteDatabase(std::string path) : path_(std::move(path)) {}
  struct Close {
    void operator()(sqlite3* handle) const { sqlite3_close(handle); }
  };

  std::string path_;
  std::unique_ptr<sqlite3, Close> handle_;
};

// BEGIN IMMEDIATE … COMMIT; rolls back when it dies uncommitted.
class SqliteTransaction {
 public:
  static StoreResult<SqliteTransaction> begin(SqliteDatabase& database);
  SqliteTransaction(SqliteTransaction&& other) noexcept : database_(other.database_) {
    other.database_ = nullptr;
  }
  SqliteTransaction(const SqliteTransaction&) = delete;
  ~SqliteTransaction();
  StoreResult<void> commit();

 private:
  explicit SqliteTransaction(SqliteDatabase& database) : database_(&database) {}
  SqliteDatabase* database_;
};

}  // namespace sluice::admin
