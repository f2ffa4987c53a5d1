#include "schemas/base/check.h"

#include <atomic>
#include <cstdio>
#include <cstdlib>

namespace sluice {
namespace {
std::atomic<uint64_t> soft_failures{0};
std::atomic<bool> soft_failure_aborts{false};
}  // namespace

void check_failed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: CHECK failed: %s\n", file, line, condition);
  std::fflush(stderr);
  std::abort();
}

void soft_check_failed(const char* condition, const char* file, int line) {
  if (soft_failure_aborts.load(std::memory_order_relaxed)) check_failed(condition, file, line);
  // The first hundred are worth a line each; after that the counter alone tells the story.
  if (soft_failures.fetch_add(1, std::memory_order_relaxed) < 100) {
    std::fprintf(stderr, "%s:%d: CHECK_SOFT failed: %s\n", file, line, condition);
  }
}

void abort_on_soft_failure(bool enabled) {
  soft_failure_aborts.store(enabled, std::memory_order_relaxed);
}

uint64_t soft_failure_count() {
  return soft_failures.load(std::memory_order_relaxed);
}

}  // namespace sluice
