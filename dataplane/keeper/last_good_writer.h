// Writes last-good files on a thread of its own, because an fsync takes from 1 ms to seconds and the keeper
// has a 50 ms budget for an apply. Only the newest snapshot that waits is written: in a reload storm the ones
// between are skipped, since nobody would ever boot them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/keeper/descriptor.h"
#include "dataplane/keeper/last_good.h"

namespace sluice::dataplane {

class LastGoodWriter {
 public:
  struct Result {
    enum class Kind : uint8_t { stored, marked_stable } kind;
    StoredGeneration stored;
    std::string error;  // Empty: it is on disk.
  };

  explicit LastGoodWriter(LastGood last_good);
  ~LastGoodWriter();  // Finishes what waits.
  LastGoodWriter(const LastGoodWriter&) = delete;
  LastGoodWriter& operator=(const LastGoodWriter&) = delete;

  // Keeper thread. `memfd` holds the bytes and is closed when they are written or skipped.
  void store(const StoredGeneration& stored, Descriptor memfd);
  // The file is there already.
  void point_at(const StoredGeneration& stored) { store(stored, Descriptor()); }
  // Skipped (no result) when another generation was stored in the meantime.
  void mark_stable(const Generation& generation);

  int event_descriptor() const { return bell_.get(); }  // Readable when take_results() has some.
  std::vector<Result> take_results();

 private:
  struct StoreJob {
    StoredGeneration stored;
    Descriptor memfd;
  };
  void run();
  void run_store(StoreJob job);
  void run_mark_stable(const Generation& generation);
  void report(Result result);

  std::mutex mutex_;
  std::condition_variable work_;
  std::optional<StoreJob> store_job_;  // Guarded by mutex_, as the next three.
  std::optional<Generation> stable_job_;
  std::vector<Result> results_;
  bool stopping_ = false;
  Descriptor bell_;
  LastGood last_good_;  // Writer thread only.
  std::thread thread_;
};

}  // namespace sluice::dataplane
