#include "admin/link/stats_mapping.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

// Since Linux 5.1; absent from older C library headers.
#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace sluice::admin {
namespace {

using Refused = std::unexpected<std::string>;

// Without F_SEAL_SHRINK the writer could cut the file under our mapping: SIGBUS at the next read.
std::expected<void, std::string> check_descriptor(int fd) {
  const int seals = fcntl(fd, F_GET_SEALS);
  if (seals < 0) return Refused("stats page is not a memfd: " + std::string(strerror(errno)));
  if ((seals & F_SEAL_SHRINK) == 0) return Refused("stats page is not sealed against shrinking");
  const bool read_only = (fcntl(fd, F_GETFL) & O_ACCMODE) == O_RDONLY;
  if (!read_only && (seals & (F_SEAL_WRITE | F_SEAL_FUTURE_WRITE)) == 0) {
    return Refused("stats page came writable; it must be read-only or sealed against new writers");
  }
  return {};
}

}  // namespace

std::expected<std::shared_ptr<const StatsMapping>, std::string> StatsMapping::attach(
    const Descriptor& descriptor) {
  const int fd = descriptor.get();
  if (auto checked = check_descriptor(fd); !checked) return Refused(checked.error());
  struct stat status{};
  if (fstat(fd, &status) != 0) return Refused("stats page: fstat: " + std::string(strerror(errno)));
  const auto bytes = static_cast<uint64_t>(status.st_size);
  if (bytes < stats_page_bytes(1) || bytes > stats_page_bytes(kStatsWorkersMax)) {
    return Refused("stats page has an impossible size of " + std::to_string(bytes) + " bytes");
  }
  void* mapped = mmap(nullptr, bytes, PROT_READ, MAP_SHARED, fd, 0);
  if (mapped == MAP_FAILED) return Refused("stats page: mmap: " + std::string(strerror(errno)));
  const auto* page = static_cast<const StatsPage*>(mapped);
  const uint32_t worker_count = page->worker_count;
  std::string reason;
  if (page->magic.load(std::memory_order_acquire) != kStatsMagic) {
    reason = "stats page has no magic";
  } else if (page->layout_version != kStatsLayoutVersion) {
    reason = "stats page has layout " + std::to_string(page->layout_version) + ", this version reads " +
             std::to_string(kStatsLayoutVersion);
  } else if (worker_count == 0 || worker_count > kStatsWorkersMax || stats_page_bytes(worker_count) > bytes) {
    reason = "stats page of " + std::to_string(bytes) + " bytes claims " + std::to_string(worker_count) +
             " workers";
  }
  if (!reason.empty()) {
    munmap(mapped, bytes);
    return Refused(reason);
  }
  return std::shared_ptr<const StatsMapping>(new StatsMapping(page, bytes, worker_count));
}

StatsMapping::~StatsMapping() {
  munmap(const_cast<StatsPage*>(page_), bytes_);
}

}  // namespace sluice::admin
