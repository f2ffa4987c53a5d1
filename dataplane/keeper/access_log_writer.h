// The thread that turns the workers' access records into lines. It polls the rings (a worker pays no system
// call per request), formats in batches and writes without waiting.
//
// 1. Back-pressure ends here: when the sink is full and kPendingBytesMax of text wait, nothing is popped, the
//    rings fill and the workers drop and count (AccessLogRing::dropped). A worker never waits.
// 2. A line is written whole or not at all, except where a sink itself fails in the middle of one.
// 3. Changing or reopening the sink happens between two lines.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/keeper/access_log_format.h"
#include "dataplane/keeper/access_log_sink.h"
#include "schemas/base/units.h"

namespace sluice::dataplane {

class AccessLogWriter {
 public:
  static constexpr std::size_t kPendingBytesMax = 256 * 1024;

  // The rings must outlive the writer. Starts the thread; until configure() records are discarded.
  explicit AccessLogWriter(std::vector<AccessLogRing*> rings);
  ~AccessLogWriter();
  AccessLogWriter(const AccessLogWriter&) = delete;
  AccessLogWriter& operator=(const AccessLogWriter&) = delete;

  // Keeper thread. No sink: records are discarded and counted as lost (unless the format is off).
  void configure(AccessLogFormat format, std::optional<AccessLogSink> sink);
  void reopen();  // By path, after a log rotation. When that fails the old file stays in use.
  // Writes what was pushed before the call, for at most `patience`, and ends the thread.
  void stop(Duration patience);

  uint64_t lines_written() const { return lines_written_.load(std::memory_order_relaxed); }
  uint64_t lines_lost() const { return lines_lost_.load(std::memory_order_relaxed); }

 private:
  struct Orders {  // From the keeper, taken between two passes.
    bool changed = false;
    bool reopen = false;
    AccessLogFormat format;
    std::optional<AccessLogSink> sink;
    std::optional<int64_t> stop_deadline_nanoseconds;
  };
  void run();
  bool take_orders();  // False: the thread should end once everything is written.
  void reopen_sink();
  bool collect();  // True when a record was popped.
  void flush();
  void drop_pending(int error);
  void skip_broken_line();
  void wait(bool busy);
  void ring_bell();

  const std::vector<AccessLogRing*> rings_;
  std::mutex mutex_;
  Orders orders_;  // Guarded by mutex_.
  Descriptor bell_;
  std::atomic<uint64_t> lines_written_{0};
  std::atomic<uint64_t> lines_lost_{0};

  // Log thread only.
  AccessLogFormat format_;
  std::optional<AccessLogSink> sink_;
  std::vector<AccessLogRing::Scratch> scratch_;
  std::string pending_;
  std::size_t pending_start_ = 0;  // pending_ before it is written.
  bool sink_is_full_ = false;
  bool line_is_broken_ = false;  // The sink's last byte is not a line feed.
  std::optional<int64_t> stop_deadline_nanoseconds_;
  std::thread thread_;
};

}  // namespace sluice::dataplane
