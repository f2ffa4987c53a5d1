#include "dataplane/ring/uring_lent_buffers.h"

#include <sys/mman.h>

#include <algorithm>
#include <bit>
#include <cerrno>

#include "schemas/base/check.h"

namespace sluice::dataplane {
namespace {

constexpr uint32_t kEntriesMax = 32768;  // The kernel's limit.

std::size_t shared_bytes(std::size_t entries) {
  return entries * sizeof(io_uring_buf);
}

}  // namespace

LentBuffers::LentBuffers(BufferPool& pool, uint32_t min, uint32_t max)
    : pool_(pool), by_number_(max, kNoBuffer), target_(min), target_min_(min) {
  CHECK(std::has_single_bit(max) && max <= kEntriesMax);
  CHECK(min > 0 && min <= max);
  free_numbers_.reserve(max);
  for (uint32_t number = max; number-- > 0;) free_numbers_.push_back(static_cast<uint16_t>(number));
}

LentBuffers::~LentBuffers() {
  CHECK(shared_ == nullptr);
}

int LentBuffers::open(io_uring& uring) {
  const std::size_t bytes = shared_bytes(by_number_.size());
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return -errno;
  io_uring_buf_reg registration{};
  registration.ring_addr = reinterpret_cast<uint64_t>(memory);
  registration.ring_entries = static_cast<uint32_t>(by_number_.size());
  registration.bgid = kGroup;
  if (const int error = io_uring_register_buf_ring(&uring, &registration, 0); error != 0) {
    munmap(memory, bytes);
    return error;
  }
  shared_ = static_cast<io_uring_buf_ring*>(memory);
  return 0;
}

void LentBuffers::refill() {
  if (is_dry_) {
    is_dry_ = false;
    target_ = std::min<uint32_t>(target_ * 2, static_cast<uint32_t>(by_number_.size()));
  }
  const int mask = static_cast<int>(by_number_.size()) - 1;
  int added = 0;
  while (by_number_.size() - free_numbers_.size() < target_) {
    const BufferId id = pool_.lend();
    if (id == kNoBuffer) break;
    const uint16_t number = free_numbers_.back();
    free_numbers_.pop_back();
    by_number_[number] = id;
    io_uring_buf_ring_add(shared_, pool_.bytes(id).data() + kHeadroomBytes, kReceiveBytesMax, number, mask,
                          added++);
  }
  if (added > 0) io_uring_buf_ring_advance(shared_, added);
}

BufferId LentBuffers::claim(uint16_t number, bool has_data) {
  CHECK(number < by_number_.size());
  const BufferId id = by_number_[number];
  CHECK(id != kNoBuffer);
  by_number_[number] = kNoBuffer;
  free_numbers_.push_back(number);
  was_claimed_ = is_warm_ = true;
  if (has_data) {
    pool_.take_back(id);
    return id;
  }
  pool_.return_unused(id);
  return kNoBuffer;
}

void LentBuffers::trim() {
  if (!was_claimed_ && is_warm_) {
    target_ = target_min_;
    for (const BufferId id : by_number_) {
      if (id != kNoBuffer) pool_.drop_pages(id);
    }
    is_warm_ = false;
  }
  was_claimed_ = false;
}

void LentBuffers::give_back(io_uring& uring) {
  if (shared_ == nullptr) return;
  CHECK(io_uring_unregister_buf_ring(&uring, kGroup) == 0);
  munmap(shared_, shared_bytes(by_number_.size()));
  shared_ = nullptr;
  for (BufferId& id : by_number_) {
    if (id != kNoBuffer) pool_.return_unused(id);
    id = kNoBuffer;
  }
}

}  // namespace sluice::dataplane
