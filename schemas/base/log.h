// Lines for the operator, to stderr: one line per event, one write(2) per line, so that threads never mix
// their text. Tiny on purpose: no sinks, no configuration language, no exceptions, no allocation. It is not
// the access log and refuses to be used per request: a site that a peer can trigger takes a LogLimit.
#pragma once

#include <atomic>
#include <cstdint>

namespace sluice {

enum class LogLevel : uint8_t { debug, info, warning, error };

// Lines below `level` are dropped. Default: info.
void set_log_level(LogLevel level);
// Where lines go (default 2). For tests.
void set_log_descriptor(int descriptor);

// printf-style. Lines longer than 2 KiB are cut; control bytes in the text are replaced by '?', because
// names and addresses in it may come from a peer. Any thread.
[[gnu::format(printf, 2, 3)]] void log_line(LogLevel level, const char* format, ...);

// At most `lines_per_second_max` lines per second from one site. Static storage; any thread.
class LogLimit {
 public:
  constexpr explicit LogLimit(uint32_t lines_per_second_max) : lines_per_second_max_(lines_per_second_max) {}
  // True: write the line. `suppressed` is how many were swallowed since the last one that was written.
  bool allows(uint64_t& suppressed);

 private:
  uint32_t lines_per_second_max_;
  std::atomic<int64_t> second_{-1};
  std::atomic<uint32_t> lines_{0};
  std::atomic<uint64_t> suppressed_{0};
};

[[gnu::format(printf, 3, 4)]] void log_limited(LogLimit& limit, LogLevel level, const char* format, ...);

}  // namespace sluice
