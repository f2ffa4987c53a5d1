#include "dataplane/keeper/stats_memory.h"

#include <fcntl.h>
#include <sys/mman.h>

#include <cerrno>
#include <cstring>
#include <new>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010  // Linux 5.1
#endif

namespace sluice::dataplane {

std::expected<StatsMemory, std::string> StatsMemory::create(uint32_t worker_count, uint64_t boot_id) {
  const auto failed = [](const char* call) {
    return std::unexpected(std::string("cannot create the stats page: ") + call + ": " +
                           std::strerror(errno));
  };
  StatsMemory memory;
  memory.bytes_ = stats_page_bytes(worker_count);
  memory.descriptor_.reset(memfd_create("sluice-stats", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (!memory.descriptor_.is_open()) return failed("memfd_create");
  const int descriptor = memory.descriptor_.get();
  if (ftruncate(descriptor, static_cast<off_t>(memory.bytes_)) != 0) return failed("ftruncate");
  void* start = mmap(nullptr, memory.bytes_, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (start == MAP_FAILED) return failed("mmap");
  memory.page_ = static_cast<StatsPage*>(start);
  if (fcntl(descriptor, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE | F_SEAL_SEAL) != 0) {
    return failed("F_ADD_SEALS");
  }
  // A new memfd reads as zero, which is every cell's initial value: nothing but the header is touched, so
  // that only the slots in use cost memory.
  memory.page_->layout_version = kStatsLayoutVersion;
  memory.page_->worker_count = worker_count;
  memory.page_->boot_id = boot_id;
  memory.page_->magic.store(kStatsMagic, std::memory_order_release);
  return memory;
}

StatsMemory::~StatsMemory() {
  if (page_ != nullptr) munmap(page_, bytes_);
}

}  // namespace sluice::dataplane
