// Notices that a snapshot kills the data plane: the second crash within 60 s of applying one generation makes
// the next boot refuse it and serve the previous stable one, with nobody's help. A tiny file remembers what
// ran; it is written with one pwrite (a process that dies keeps the page cache) and protected by a checksum:
// when it is torn or missing, nothing is known and nothing is refused. Keeper thread.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>

#include "dataplane/keeper/descriptor.h"
#include "schemas/base/units.h"
#include "schemas/control_frame.h"

namespace sluice::dataplane {

class CrashGuard {
 public:
  static constexpr Duration kSuspectTime = Duration::seconds(60);
  static constexpr uint32_t kCrashesMax = 2;

  // Reads what the process before left, and counts its crash if it was one.
  static std::expected<CrashGuard, std::string> open(const std::string& path);

  // Crashes in a row, without a clean shutdown between them.
  uint32_t crash_count() const { return record_.crash_count; }
  // The generation that crashed kCrashesMax times within kSuspectTime of its apply, if any.
  std::optional<Generation> culprit() const;

  // Whether offers of this generation are refused: it is the refused one.
  bool refuses(const Generation& generation) const { return refused() == generation; }
  std::optional<Generation> refused() const;
  // Boot found something else to serve than the culprit.
  void refuse(const Generation& generation);

  // Before the swap, so that a crash inside it counts. A generation above the refused one ends the refusal.
  void applying(const Generation& generation);
  // kSuspectTime has passed since: what crashes now is not the apply's fault.
  void survived();
  void clean_shutdown();

 private:
  // What lies in the file.
  struct Record {
    uint64_t magic = 0;
    uint32_t is_running = 0;
    uint32_t is_suspect_time = 0;  // Within kSuspectTime of the apply.
    Generation running;
    Generation suspect;  // The last one that crashed in its suspect time.
    uint32_t suspect_crashes = 0;
    uint32_t crash_count = 0;
    Generation refused;
    uint64_t checksum = 0;
  };
  static uint64_t checksum_of(const Record& record);
  explicit CrashGuard(Descriptor file) : file_(std::move(file)) {}
  void count_crash();
  void write();

  Descriptor file_;
  Record record_;
};

}  // namespace sluice::dataplane
