// The tables, as a list of migrations: user_version counts the ones that ran. Never edit a migration
// that was released; append one.
#pragma once

#include "admin/store/sqlite_database.h"

namespace sluice::admin {

// Brings the database to the newest version in one transaction per step. Refuses a newer one.
StoreResult<void> migrate(SqliteDatabase& database);

}  // namespace sluice::admin
