// The snapshots a restarted data plane can serve without any admin: files in DATA_DIR/snapshots.
//   gen-<incarnation>-<number>.fb   the bytes, written once
//   pointer-a, pointer-b            which one is applied and which is the newest stable, with size and hash
//
// 1. A pointer names only files that are on disk, complete and synced (S8: at every crash point the applied
//    and the newest stable file exist and hash right).
// 2. The two pointer copies are written in turn; the valid one with the higher counter counts, so that a torn
//    write loses the newest step and nothing else.
// 3. Clean-up keeps the five newest files and whatever either pointer copy names.
// One thread at a time: the keeper at boot, the writer thread afterwards.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>

#include "dataplane/keeper/durable_folder.h"
#include "schemas/control_frame.h"
#include "schemas/stable_hash.h"

namespace sluice::dataplane {

struct StoredGeneration {
  Generation generation;  // number 0: none.
  ContentHash hash;
  uint64_t bytes = 0;
  uint64_t revision = 0;
  bool is_set() const { return generation.number != 0; }
  bool operator==(const StoredGeneration&) const = default;
};

struct LastGoodPointer {
  uint64_t counter = 0;
  StoredGeneration applied;
  StoredGeneration stable;
};

class LastGood {
 public:
  static constexpr uint32_t kFilesKept = 5;

  static std::expected<LastGood, std::string> open(const std::string& path, StepWatcher watcher = {});

  const LastGoodPointer& pointer() const { return pointer_; }
  // What the pointer said one step ago: its files are kept, too, for when a newer one is damaged.
  const LastGoodPointer& previous() const { return other_copy_; }
  // Checks size and hash. The error is a sentence.
  std::expected<MappedBytes, std::string> map(const StoredGeneration& stored) const;

  // Writes the file, then the pointer's applied entry, then cleans up.
  std::expected<void, std::string> store_applied(const StoredGeneration& stored,
                                                 std::span<const std::byte> bytes);
  // The file is there already (boot fell back to it).
  std::expected<void, std::string> point_applied_at(const StoredGeneration& stored);
  // Requires: `generation` is the pointer's applied one.
  std::expected<void, std::string> mark_stable(const Generation& generation);

 private:
  explicit LastGood(DurableFolder folder) : folder_(std::move(folder)) {}
  void read_pointers();
  std::expected<void, std::string> write_pointer(LastGoodPointer next);
  void clean_up();

  DurableFolder folder_;
  LastGoodPointer pointer_;
  LastGoodPointer other_copy_;  // The older one, which the next write replaces.
  bool newest_is_a_ = false;
};

}  // namespace sluice::dataplane
