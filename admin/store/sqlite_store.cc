#include "admin/store/sqlite_store.h"

#include <sys/random.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "admin/store/sqlite_schema.h"

namespace sluice::admin {
namespace {

// When a chain of patches ends in a whole document again. Reading a revision costs one parse of the
// document plus microseconds per patch, so chains may be long; a whole document of 100,000 routes costs
// nine megabytes and would make one change in every chain slow.
constexpr int64_t kChainPatchesMax = 512;
constexpr int64_t kChainBytesMax = 4LL << 20;

constexpr uint64_t kIncarnationMax = INT64_MAX - 1;

std::string random_hex_id() {
  std::array<unsigned char, 16> bytes{};
  // 16 bytes are never cut short once the pool is ready, which it is when user processes run.
  if (getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) return {};
  constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (const unsigned char byte : bytes) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 15];
  }
  return text;
}

StoreError impossible(Generation seen) {
  return {StoreErrorKind::failed, "the data plane reports the impossible generation " +
                                      std::to_string(seen.incarnation) + "/" + std::to_string(seen.number) +
                                      "; stop it, remove its snapshots folder and start it again"};
}

}  // namespace

SqliteStore::SqliteStore(std::unique_ptr<SqliteDatabase> database)
    : database_(std::move(database)), rows_(*database_) {}

StoreResult<std::unique_ptr<SqliteStore>> SqliteStore::open(const std::string& path,
                                                            int64_t now_milliseconds) {
  auto database = SqliteDatabase::open(path);
  if (!database) return std::unexpected(database.error());
  if (auto migrated = migrate(**database); !migrated) return std::unexpected(migrated.error());
  std::unique_ptr<SqliteStore> store(new SqliteStore(std::move(*database)));
  auto id = store->rows_.meta_text("gateway_id");
  if (!id) {
    if (id.error().kind != StoreErrorKind::not_found) return std::unexpected(id.error());
    if (auto made = store->create_identity(now_milliseconds); !made) return std::unexpected(made.error());
    id = store->rows_.meta_text("gateway_id");
    if (!id) return std::unexpected(id.error());
  }
  store->identity_.gateway_id = *id;
  return store;
}

StoreResult<void> SqliteStore::create_identity(int64_t now_milliseconds) {
  const std::string id = random_hex_id();
  if (id.empty())
    return std::unexpected(StoreError{StoreErrorKind::failed, "the kernel gave no random bytes"});
  auto transaction = SqliteTransaction::begin(*database_);
  if (!transaction) return std::unexpected(transaction.error());
  for (const auto& [key, value] :
       {std::pair{"incarnation", now_milliseconds}, {"counter", int64_t{0}}, {"active", int64_t{0}}}) {
    if (auto set = rows_.set_meta(key, value); !set) return set;
  }
  if (auto set = rows_.set_meta("gateway_id", id); !set) return set;
  return transaction->commit();
}

StoreResult<std::optional<Revision>> SqliteStore::active() {
  const std::lock_guard lock(mutex_);
  const auto id = rows_.meta_integer("active");
  if (!id) return std::unexpected(id.error());
  if (*id == 0) return std::optional<Revision>();
  auto row = rows_.read(static_cast<uint64_t>(*id));
  if (!row) return std::unexpected(row.error());
  return std::optional<Revision>(std::move(row->revision));
}

StoreResult<uint64_t> SqliteStore::next_id() {
  const std::lock_guard lock(mutex_);
  // AUTOINCREMENT keeps the highest id ever given, so that a pruned one is never given again.
  const auto highest = database_->query_integer(
      "SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name='revisions'), 0)");
  if (!highest) return std::unexpected(highest.error());
  return static_cast<uint64_t>(*highest) + 1;
}

StoreResult<Generation> SqliteStore::next_generation() {
  const auto incarnation = rows_.meta_integer("incarnation");
  if (!incarnation) return std::unexpected(incarnation.error());
  const auto counter = rows_.meta_integer("counter");
  if (!counter) return std::unexpected(counter.error());
  if (auto set = rows_.set_meta("counter", *counter + 1); !set) return std::unexpected(set.error());
  return Generation{static_cast<uint64_t>(*incarnation), static_cast<uint64_t>(*counter + 1)};
}

StoreResult<void> SqliteStore::choose_content(const NewRevision& revision, const RevisionRow* parent,
                                              RevisionWrite& write, std::string& document) {
  if (revision.rollback_of != 0) {
    const auto target = rows_.read(revision.rollback_of);
    if (!target) return std::unexpected(target.error());
    write.base = revision.rollback_of;
    write.chain = target->chain;
    write.revision.content_hash = target->revision.content_hash;
    return {};
  }
  if (revision.patch && parent != nullptr) {
    const ObjectPatch& patch = *revision.patch;
    const auto bytes = static_cast<int64_t>(patch.kind.size() + patch.name.size() + patch.document.size());
    const ChainLength chain{parent->chain.patches + 1, parent->chain.bytes + bytes};
    if (chain.patches <= kChainPatchesMax && chain.bytes <= kChainBytesMax) {
      write.base = parent->revision.id;
      write.chain = chain;
      write.patch = &patch;
      write.revision.content_hash = patched_hash(parent->revision.content_hash, patch);
      write.revision.stored_bytes = static_cast<uint64_t>(bytes);
      return {};
    }
  }
  document = revision.document();
  write.document = &document;
  write.revision.content_hash = content_hash(std::as_bytes(std::span(document)));
  write.revision.stored_bytes = document.size();
  return {};
}

StoreResult<Revision> SqliteStore::activate(const NewRevision& revision) {
  const std::lock_guard lock(mutex_);
  auto transaction = SqliteTransaction::begin(*database_);
  if (!transaction) return std::unexpected(transaction.error());
  const auto active_id = rows_.meta_integer("active");
  if (!active_id) return std::unexpected(active_id.error());
  std::optional<RevisionRow> parent;
  if (*active_id != 0) {
    auto row = rows_.read(static_cast<uint64_t>(*active_id));
    if (!row) return std::unexpected(row.error());
    parent = std::move(*row);
  }
  const auto generation = next_generation();
  if (!generation) return std::unexpected(generation.error());

  RevisionWrite write;
  write.revision.parent = static_cast<uint64_t>(*active_id);
  write.revision.rollback_of = revision.rollback_of;
  write.revision.created_milliseconds = revision.now_milliseconds;
  write.revision.source = revision.source;
  write.revision.author = revision.author;
  write.revision.comment = revision.comment;
  write.revision.generation = *generation;
  write.revision.allow_empty = revision.allow_empty;
  write.revision.file_hash = revision.file_hash.value_or(parent ? parent->revision.file_hash : ContentHash{});
  std::string document;
  if (auto chosen = choose_content(revision, parent ? &*parent : nullptr, write, document); !chosen) {
    return std::unexpected(chosen.error());
  }
  const auto id = rows_.insert(write);
  if (!id) return std::unexpected(id.error());
  if (auto set = rows_.set_meta("active", static_cast<int64_t>(*id)); !set)
    return std::unexpected(set.error());
  if (auto pruned = rows_.prune(*id); !pruned) return std::unexpected(pruned.error());
  if (auto committed = transaction->commit(); !committed) return std::unexpected(committed.error());
  write.revision.id = *id;
  return write.revision;
}

StoreResult<Revision> SqliteStore::reject(uint64_t id, const Rejection& rejection) {
  const std::lock_guard lock(mutex_);
  auto transaction = SqliteTransaction::begin(*database_);
  if (!transaction) return std::unexpected(transaction.error());
  if (auto marked = rows_.set_rejected(id, rejection); !marked) return std::unexpected(marked.error());
  const auto active_id = rows_.meta_integer("active");
  if (!active_id) return std::unexpected(active_id.error());
  auto active = rows_.read(static_cast<uint64_t>(*active_id));
  if (!active) return std::unexpected(active.error());
  if (active->revision.id == id) {
    // The nearest ancestor that was not refused itself; ids fall along the chain, so it ends.
    for (uint64_t at = active->revision.parent; at != 0;) {
      auto ancestor = rows_.read(at);
      if (!ancestor) break;  // Beyond the retention.
      at = ancestor->revision.parent;
      if (ancestor->revision.verdict == Verdict::rejected) continue;
      active = std::move(ancestor);
      const auto set = rows_.set_meta("active", static_cast<int64_t>(active->revision.id));
      if (!set) return std::unexpected(set.error());
      break;
    }
  }
  if (auto committed = transaction->commit(); !committed) return std::unexpected(committed.error());
  return active->revision;
}

StoreResult<Revision> SqliteStore::move_active_to(Generation generation) {
  const auto id = rows_.meta_integer("active");
  if (!id) return std::unexpected(id.error());
  auto row = rows_.read(static_cast<uint64_t>(*id));
  if (!row) return std::unexpected(row.error());
  const auto counter = rows_.meta_integer("counter");
  if (!counter) return std::unexpected(counter.error());
  const int64_t number = std::max(*counter, static_cast<int64_t>(generation.number));
  if (auto set = rows_.set_meta("incarnation", static_cast<int64_t>(generation.incarnation)); !set) {
    return std::unexpected(set.error());
  }
  if (auto set = rows_.set_meta("counter", number); !set) return std::unexpected(set.error());
  if (auto set = rows_.set_generation(row->revision.id, generation); !set)
    return std::unexpected(set.error());
  row->revision.generation = generation;
  return row->revision;
}

StoreResult<Revision> SqliteStore::raise_generation(Generation seen) {
  const std::lock_guard lock(mutex_);
  if (seen.incarnation >= kIncarnationMax) return std::unexpected(impossible(seen));
  auto transaction = SqliteTransaction::begin(*database_);
  if (!transaction) return std::unexpected(transaction.error());
  auto next = next_generation();
  if (!next) return std::unexpected(next.error());
  // The counter passed `seen` already unless this database is younger than what the data plane remembers
  // (lost, or restored from a backup): then only a new incarnation is above it.
  if (*next <= seen) next->incarnation = seen.incarnation + 1;
  auto active = move_active_to(*next);
  if (!active) return active;
  if (auto committed = transaction->commit(); !committed) return std::unexpected(committed.error());
  return active;
}

StoreResult<Revision> SqliteStore::adopt_generation(Generation seen) {
  const std::lock_guard lock(mutex_);
  if (seen.incarnation >= kIncarnationMax || seen.number >= kIncarnationMax) {
    return std::unexpected(impossible(seen));
  }
  auto transaction = SqliteTransaction::begin(*database_);
  if (!transaction) return std::unexpected(transaction.error());
  auto active = move_active_to(seen);
  if (!active) return active;
  if (auto committed = transaction->commit(); !committed) return std::unexpected(committed.error());
  return active;
}

StoreResult<Revision> SqliteStore::find(uint64_t id) {
  const std::lock_guard lock(mutex_);
  auto row = rows_.read(id);
  if (!row) return std::unexpected(row.error());
  return row->revision;
}

StoreResult<std::vector<Revision>> SqliteStore::list(uint64_t before, uint32_t limit) {
  const std::lock_guard lock(mutex_);
  return rows_.list(before, limit);
}

StoreResult<RevisionContent> SqliteStore::content(uint64_t id) {
  const std::lock_guard lock(mutex_);
  return rows_.content(id);
}

}  // namespace sluice::admin
