// The store of configuration revisions: what was ever applied, which one is active and under which
// generation it is offered. Content is opaque here (text and patches); admin/model gives it meaning.
// Rules every implementation keeps:
// - A call that changes something returns after its transaction is on disk. A crash at any point leaves
//   the last committed state.
// - The generation counter grows in the same transaction that makes a revision active, and never back.
// - A revision never changes once written, but for its verdict (rejected, with the reason).
// It does not decide what may become active; that is the caller's.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "schemas/control_frame.h"
#include "schemas/stable_hash.h"

namespace sluice::admin {

enum class StoreErrorKind : uint8_t {
  busy,       // Another process holds the database; retry later.
  full,       // No space on the device.
  damaged,    // The file is not a database of ours, or its content fails its hash.
  too_new,    // Written by a newer version.
  not_found,  // No such revision.
  failed,     // Anything else; the message says it.
};
struct StoreError {
  StoreErrorKind kind = StoreErrorKind::failed;
  std::string message;  // A sentence with the file and what to do.
};
template <typename Value>
using StoreResult = std::expected<Value, StoreError>;

enum class RevisionSource : uint8_t { file = 0, api = 1, rollback = 2 };
enum class Verdict : uint8_t { accepted = 0, rejected = 1 };

// One object changed against the parent revision.
struct ObjectPatch {
  std::string kind;  // "route"
  std::string name;
  std::string document;  // The object as JSON; empty: removed.
  bool operator==(const ObjectPatch&) const = default;
};

// A whole document and the changes made to it since, oldest first.
struct RevisionContent {
  std::string document;
  std::vector<ObjectPatch> patches;
};

struct Rejection {
  std::string code;
  std::string path;
  std::string message;
  bool operator==(const Rejection&) const = default;
};

struct Revision {
  uint64_t id = 0;
  uint64_t parent = 0;               // The active revision at the time; 0: none.
  uint64_t rollback_of = 0;          // source rollback: the revision whose content this is.
  int64_t created_milliseconds = 0;  // Unix time.
  RevisionSource source = RevisionSource::api;
  std::string author;
  std::string comment;
  ContentHash content_hash;  // Of the stored content; a damaged database shows here.
  ContentHash file_hash;     // Of the last configuration file applied, up to this revision.
  Generation generation;     // Under which it was made active.
  bool allow_empty = false;  // The operator meant an empty or sharply shrunk one (S16).
  Verdict verdict = Verdict::accepted;
  Rejection rejection;  // When rejected.
  uint64_t stored_bytes = 0;
};

struct NewRevision {
  RevisionSource source = RevisionSource::api;
  std::string author;
  std::string comment;
  std::optional<ContentHash> file_hash;  // Absent: the parent's stays in force.
  bool allow_empty = false;
  int64_t now_milliseconds = 0;
  // Content, one of three. A rollback stores no bytes, a patch a few; the whole document is asked for
  // only when neither is given or the chain of patches has become long.
  uint64_t rollback_of = 0;
  std::optional<ObjectPatch> patch;  // Against the active revision.
  std::function<std::string()> document;
};

// Survives restarts; one per database.
struct StoreIdentity {
  std::string gateway_id;  // 32 hexadecimal digits, random.
};

class Store {
 public:
  virtual ~Store() = default;

  virtual StoreIdentity identity() const = 0;
  // The active revision; nothing before the first activation.
  virtual StoreResult<std::optional<Revision>> active() = 0;
  // The id the next activate() gives: it is part of what is compiled before the revision is committed.
  virtual StoreResult<uint64_t> next_id() = 0;
  // Writes the revision, takes the next generation and makes it active, in one transaction.
  virtual StoreResult<Revision> activate(const NewRevision& revision) = 0;
  // The data plane refused the revision. When it is active and an accepted ancestor exists, that one is
  // active again under its own generation. Returns what is active then.
  virtual StoreResult<Revision> reject(uint64_t id, const Rejection& rejection) = 0;
  // The active revision gets a new generation, above `seen`; in a new incarnation if it must.
  virtual StoreResult<Revision> raise_generation(Generation seen) = 0;
  // The active revision is already applied under `seen`; that becomes its generation.
  virtual StoreResult<Revision> adopt_generation(Generation seen) = 0;

  virtual StoreResult<Revision> find(uint64_t id) = 0;
  // Newest first, ids below `before` (0: from the newest), at most `limit`.
  virtual StoreResult<std::vector<Revision>> list(uint64_t before, uint32_t limit) = 0;
  virtual StoreResult<RevisionContent> content(uint64_t id) = 0;
};

}  // namespace sluice::admin
