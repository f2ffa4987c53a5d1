#include "dataplane/worker/access_log_ring.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "schemas/base/check.h"

namespace sluice::dataplane {
namespace {

// One field is cut at this length: the longest request line the parser lets through is 8 KiB by default.
constexpr uint32_t kFieldBytesMax = 16 * 1024;
constexpr uint32_t kFieldCount = 11;

// What lies in the ring before the texts of a record.
struct RecordHeader {
  uint32_t record_bytes;  // Header and texts.
  uint16_t status;
  uint16_t attempts;
  int64_t wall_clock_nanoseconds;
  uint64_t duration_microseconds;
  uint64_t origin_microseconds;
  uint64_t bytes_received;
  uint64_t body_bytes_sent;
  uint16_t field_bytes[kFieldCount];
  Reason reason;
};

std::string_view* field(AccessRecord& record, uint32_t index) {
  std::string_view* const fields[kFieldCount] = {
      &record.client_address, &record.request_line, &record.host,  &record.referer,
      &record.user_agent,     &record.request_id,   &record.route, &record.pool,
      &record.origin,         &record.listener,     &record.user};
  return fields[index];
}

}  // namespace

AccessLogRing::AccessLogRing(uint32_t bytes) : bytes_(new char[bytes]), mask_(bytes - 1) {
  CHECK(std::has_single_bit(bytes) && bytes >= 4096);
}

void AccessLogRing::copy_in(uint64_t position, const void* from, uint32_t count) {
  if (count == 0) return;  // An absent text has no address either.
  const uint32_t start = static_cast<uint32_t>(position) & mask_;
  const uint32_t before_wrap = std::min(count, mask_ + 1 - start);
  std::memcpy(bytes_.get() + start, from, before_wrap);
  std::memcpy(bytes_.get(), static_cast<const char*>(from) + before_wrap, count - before_wrap);
}

void AccessLogRing::copy_out(uint64_t position, void* to, uint32_t count) const {
  const uint32_t start = static_cast<uint32_t>(position) & mask_;
  const uint32_t before_wrap = std::min(count, mask_ + 1 - start);
  std::memcpy(to, bytes_.get() + start, before_wrap);
  std::memcpy(static_cast<char*>(to) + before_wrap, bytes_.get(), count - before_wrap);
}

bool AccessLogRing::push(const AccessRecord& record) {
  if (!is_on_.load(std::memory_order_relaxed)) return true;
  AccessRecord views = record;
  RecordHeader header{.status = record.status,
                      .attempts = record.attempts,
                      .wall_clock_nanoseconds = record.wall_clock_nanoseconds,
                      .duration_microseconds = record.duration_microseconds,
                      .origin_microseconds = record.origin_microseconds,
                      .bytes_received = record.bytes_received,
                      .body_bytes_sent = record.body_bytes_sent,
                      .reason = record.reason};
  uint32_t total = sizeof(RecordHeader);
  for (uint32_t i = 0; i < kFieldCount; ++i) {
    header.field_bytes[i] =
        static_cast<uint16_t>(std::min<std::size_t>(field(views, i)->size(), kFieldBytesMax));
    total += header.field_bytes[i];
  }
  header.record_bytes = total;

  const uint64_t capacity = static_cast<uint64_t>(mask_) + 1;
  const uint64_t head = head_.load(std::memory_order_relaxed);
  if (head + total - tail_seen_ > capacity) tail_seen_ = tail_.load(std::memory_order_acquire);
  if (head + total - tail_seen_ > capacity) {
    dropped_.store(dropped_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
    return false;
  }
  copy_in(head, &header, sizeof(header));
  uint64_t position = head + sizeof(header);
  for (uint32_t i = 0; i < kFieldCount; ++i) {
    if (header.field_bytes[i] == 0) continue;
    copy_in(position, field(views, i)->data(), header.field_bytes[i]);
    position += header.field_bytes[i];
  }
  head_.store(head + total, std::memory_order_release);
  return true;
}

bool AccessLogRing::pop(AccessRecord& record, Scratch& scratch) {
  const uint64_t tail = tail_.load(std::memory_order_relaxed);
  if (head_.load(std::memory_order_acquire) == tail) return false;
  RecordHeader header;
  copy_out(tail, &header, sizeof(header));
  const uint32_t text_bytes = header.record_bytes - static_cast<uint32_t>(sizeof(header));
  if (scratch.bytes == nullptr || scratch.capacity < text_bytes) {
    scratch.capacity = std::bit_ceil(std::max(text_bytes, 4096u));
    scratch.bytes.reset(new char[scratch.capacity]);
  }
  copy_out(tail + sizeof(header), scratch.bytes.get(), text_bytes);
  tail_.store(tail + header.record_bytes, std::memory_order_release);

  record = AccessRecord{.wall_clock_nanoseconds = header.wall_clock_nanoseconds,
                        .duration_microseconds = header.duration_microseconds,
                        .origin_microseconds = header.origin_microseconds,
                        .bytes_received = header.bytes_received,
                        .body_bytes_sent = header.body_bytes_sent,
                        .status = header.status,
                        .attempts = header.attempts,
                        .reason = header.reason};
  uint32_t offset = 0;
  for (uint32_t i = 0; i < kFieldCount; ++i) {
    *field(record, i) = {scratch.bytes.get() + offset, header.field_bytes[i]};
    offset += header.field_bytes[i];
  }
  return true;
}

}  // namespace sluice::dataplane
