#include "dataplane/keeper/crash_guard.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "schemas/base/log.h"
#include "schemas/stable_hash.h"

namespace sluice::dataplane {
namespace {

constexpr uint64_t kMagic = 0x3147434543494c53ULL;  // "SLICECG1"
LogLimit write_errors(1);

std::optional<Generation> if_set(const Generation& generation) {
  if (generation.number == 0) return std::nullopt;
  return generation;
}

}  // namespace

uint64_t CrashGuard::checksum_of(const Record& record) {
  static_assert(sizeof(Record) == 80, "no padding: the bytes are hashed");
  return content_hash(std::as_bytes(std::span(&record, 1)).first(offsetof(Record, checksum))).low;
}

std::expected<CrashGuard, std::string> CrashGuard::open(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
  if (!file.is_open()) return std::unexpected("cannot open " + path + ": " + std::strerror(errno));
  CrashGuard guard(std::move(file));
  Record record;
  const ssize_t got = pread(guard.file_.get(), &record, sizeof(record), 0);
  if (got == sizeof(record) && record.magic == kMagic && record.checksum == checksum_of(record)) {
    guard.record_ = record;
  } else if (got != 0) {
    log_line(LogLevel::warning, "%s is damaged; the crash count starts again", path.c_str());
  }
  guard.record_.magic = kMagic;
  if (guard.record_.is_running != 0) guard.count_crash();
  return guard;
}

void CrashGuard::count_crash() {
  ++record_.crash_count;
  record_.is_running = 0;
  if (record_.is_suspect_time != 0) {
    record_.suspect_crashes = record_.suspect == record_.running ? record_.suspect_crashes + 1 : 1;
    record_.suspect = record_.running;
  }
  record_.is_suspect_time = 0;
  write();
}

std::optional<Generation> CrashGuard::culprit() const {
  return record_.suspect_crashes >= kCrashesMax ? if_set(record_.suspect) : std::nullopt;
}

std::optional<Generation> CrashGuard::refused() const {
  return if_set(record_.refused);
}

void CrashGuard::refuse(const Generation& generation) {
  record_.refused = generation;
  record_.suspect = {};
  record_.suspect_crashes = 0;
  write();
}

void CrashGuard::applying(const Generation& generation) {
  if (record_.refused.number != 0 && generation > record_.refused) record_.refused = {};
  record_.is_running = 1;
  record_.is_suspect_time = 1;
  record_.running = generation;
  write();
}

void CrashGuard::survived() {
  record_.is_suspect_time = 0;
  if (record_.suspect == record_.running) {
    record_.suspect = {};
    record_.suspect_crashes = 0;
  }
  write();
}

void CrashGuard::clean_shutdown() {
  record_.is_running = 0;
  record_.is_suspect_time = 0;
  record_.suspect = {};
  record_.suspect_crashes = 0;
  record_.crash_count = 0;
  write();
}

void CrashGuard::write() {
  record_.checksum = checksum_of(record_);
  if (pwrite(file_.get(), &record_, sizeof(record_), 0) != static_cast<ssize_t>(sizeof(record_))) {
    log_limited(write_errors, LogLevel::warning, "cannot write the crash guard: %s", std::strerror(errno));
  }
}

}  // namespace sluice::dataplane
