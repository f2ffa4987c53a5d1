#include "bench/load/ledger.h"

#include <cerrno>
#include <cinttypes>
#include <cstdio>
#include <cstring>
#include <memory>

namespace sluice::load {

std::string_view name_of(Outcome outcome) {
  constexpr std::string_view kNames[kOutcomes] = {"answered", "connect_failed", "reset",   "closed",
                                                  "broken",   "timed_out",      "not_sent"};
  return kNames[static_cast<uint32_t>(outcome)];
}

void write_request_id(uint64_t id, char* text) {
  constexpr char kDigits[] = "0123456789abcdef";
  for (int i = 15; i >= 0; --i, id >>= 4) text[i] = kDigits[id & 15];
}

std::expected<void, std::string> write_ledger(const std::string& path,
                                              const std::vector<LedgerEntry>& entries,
                                              const std::vector<std::string>& names) {
  const auto failed = [&] { return std::unexpected("cannot write " + path + ": " + std::strerror(errno)); };
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(path.c_str(), "w"), &std::fclose);
  if (!file) return failed();
  std::fputs("id\tmethod\tdue_us\tsent_us\tdone_us\tconnection\tattempts\toutcome\tstatus\tanswered_by\n",
             file.get());
  for (const LedgerEntry& entry : entries) {
    char id[17] = {};
    write_request_id(entry.id, id);
    const std::string_view outcome = name_of(entry.outcome);
    std::fprintf(file.get(), "%s\t%s\t%" PRId64 "\t%" PRId64 "\t%" PRId64 "\t%u\t%u\t%.*s\t%u\t%s\n", id,
                 entry.is_post ? "POST" : "-", entry.due_nanoseconds / 1000, entry.sent_nanoseconds / 1000,
                 entry.done_nanoseconds / 1000, entry.connection, entry.attempts,
                 static_cast<int>(outcome.size()), outcome.data(), entry.status,
                 names[entry.answered_by].c_str());
  }
  if (std::fflush(file.get()) != 0) return failed();
  return {};
}

}  // namespace sluice::load
