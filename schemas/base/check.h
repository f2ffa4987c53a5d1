// Graded assertions. Nothing a peer, an operator or a full machine can cause may reach CHECK: those
// are values (std::expected). CHECK is for our own mistakes and stays on in release builds.
#pragma once

#include <cstdint>

namespace sluice {

// Prints the place and the condition to stderr and aborts. Any thread.
[[noreturn]] void check_failed(const char* condition, const char* file, int line);

// Counts and logs in production; aborts when abort_on_soft_failure(true) was called (simulation).
void soft_check_failed(const char* condition, const char* file, int line);
void abort_on_soft_failure(bool enabled);
uint64_t soft_failure_count();

}  // namespace sluice

#define CHECK(condition) \
  (__builtin_expect(!!(condition), 1) ? (void)0 : ::sluice::check_failed(#condition, __FILE__, __LINE__))

#define CHECK_SOFT(condition) \
  (__builtin_expect(!!(condition), 1) ? (void)0 : ::sluice::soft_check_failed(#condition, __FILE__, __LINE__))

#ifdef NDEBUG
#define DCHECK(condition) ((void)0)
#else
#define DCHECK(condition) CHECK(condition)
#endif
