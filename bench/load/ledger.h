// What became of every request: the evidence for "nothing was lost". Kept in memory during the run (48 bytes
// a request) and written afterwards, since writing would disturb what is measured.
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::load {

enum class Outcome : uint8_t {
  answered,        // A whole answer came.
  connect_failed,  // Refused, unreachable, or no descriptor or port left.
  reset,           // The connection broke; nothing or not all of the answer had come.
  closed,          // The same, with an orderly close.
  broken,          // What came is not HTTP/1.1.
  timed_out,
  not_sent,  // Due, but no connection was free before the run ended.
};
inline constexpr uint32_t kOutcomes = 7;
std::string_view name_of(Outcome outcome);

struct LedgerEntry {
  uint64_t id = 0;              // As in X-Request-ID.
  int64_t due_nanoseconds = 0;  // All times from the start of the run.
  int64_t sent_nanoseconds = 0;
  int64_t done_nanoseconds = 0;
  uint32_t connection = 0;
  uint16_t status = 0;
  uint16_t answered_by = 0;  // Index into the names.
  Outcome outcome = Outcome::answered;
  uint8_t attempts = 1;
  bool is_post = false;
};

// 16 hexadecimal digits.
void write_request_id(uint64_t id, char* text);

// The first line names the columns. The error names the file.
std::expected<void, std::string> write_ledger(const std::string& path,
                                              const std::vector<LedgerEntry>& entries,
                                              const std::vector<std::string>& names);

}  // namespace sluice::load
