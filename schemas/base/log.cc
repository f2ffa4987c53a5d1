#include "schemas/base/log.h"

#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>

namespace sluice {
namespace {

constexpr int kLineBytesMax = 2048;
constexpr const char* kLevelNames[] = {"debug", "info", "warning", "error"};

std::atomic<LogLevel> level_floor{LogLevel::info};
std::atomic<int> log_descriptor{2};

void write_line(LogLevel level, uint64_t suppressed, const char* format, va_list arguments) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  tm parts{};
  gmtime_r(&now.tv_sec, &parts);
  char line[kLineBytesMax];
  int used =
      std::snprintf(line, sizeof(line), "%04d-%02d-%02dT%02d:%02d:%02d.%03ldZ %s: ", parts.tm_year + 1900,
                    parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec,
                    now.tv_nsec / 1'000'000, kLevelNames[static_cast<uint8_t>(level)]);
  const int text =
      std::vsnprintf(line + used, sizeof(line) - static_cast<std::size_t>(used), format, arguments);
  used += text < 0 ? 0 : text;
  if (suppressed > 0 && used < kLineBytesMax) {
    used += std::snprintf(line + used, sizeof(line) - static_cast<std::size_t>(used),
                          " (%llu similar lines not shown)", static_cast<unsigned long long>(suppressed));
  }
  if (used > kLineBytesMax - 1) used = kLineBytesMax - 1;
  for (int i = 0; i < used; ++i) {
    if (static_cast<unsigned char>(line[i]) < 0x20 || line[i] == 0x7f) line[i] = '?';
  }
  line[used++] = '\n';
  // A full or closed stderr must not stop us: the line is lost, and nobody is left to tell.
  ssize_t written = 0;
  do {
    written = ::write(log_descriptor.load(std::memory_order_relaxed), line, static_cast<std::size_t>(used));
  } while (written < 0 && errno == EINTR);
}

}  // namespace

void set_log_level(LogLevel level) {
  level_floor.store(level, std::memory_order_relaxed);
}
void set_log_descriptor(int descriptor) {
  log_descriptor.store(descriptor, std::memory_order_relaxed);
}

void log_line(LogLevel level, const char* format, ...) {
  if (level < level_floor.load(std::memory_order_relaxed)) return;
  va_list arguments;
  va_start(arguments, format);
  write_line(level, 0, format, arguments);
  va_end(arguments);
}

bool LogLimit::allows(uint64_t& suppressed) {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  int64_t second = second_.load(std::memory_order_relaxed);
  // Whoever moves the second resets the count; a race lets a line or two more through, never fewer.
  if (second != now.tv_sec &&
      second_.compare_exchange_strong(second, now.tv_sec, std::memory_order_relaxed)) {
    lines_.store(0, std::memory_order_relaxed);
  }
  if (lines_.fetch_add(1, std::memory_order_relaxed) >= lines_per_second_max_) {
    suppressed_.fetch_add(1, std::memory_order_relaxed);
    return false;
  }
  suppressed = suppressed_.exchange(0, std::memory_order_relaxed);
  return true;
}

void log_limited(LogLimit& limit, LogLevel level, const char* format, ...) {
  if (level < level_floor.load(std::memory_order_relaxed)) return;
  uint64_t suppressed = 0;
  if (!limit.allows(suppressed)) return;
  va_list arguments;
  va_start(arguments, format);
  write_line(level, suppressed, format, arguments);
  va_end(arguments);
}

}  // namespace sluice
