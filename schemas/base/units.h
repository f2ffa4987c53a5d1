// Time and size as types. Nanoseconds inside; milliseconds exist only in config, logs and the wire.
// Only the ring (data plane) and main loops (admin) read a clock; everywhere else `now` is passed in.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>

namespace sluice {

struct Duration {
  int64_t nanoseconds = 0;

  static constexpr Duration milliseconds(int64_t count) { return {count * 1'000'000}; }
  static constexpr Duration microseconds(int64_t count) { return {count * 1'000}; }
  static constexpr Duration seconds(int64_t count) { return {count * 1'000'000'000}; }
  static constexpr Duration max() { return {INT64_MAX}; }

  constexpr int64_t in_milliseconds() const { return nanoseconds / 1'000'000; }
  constexpr int64_t in_microseconds() const { return nanoseconds / 1'000; }
  constexpr auto operator<=>(const Duration&) const = default;
  constexpr Duration operator+(Duration other) const { return {nanoseconds + other.nanoseconds}; }
  constexpr Duration operator-(Duration other) const { return {nanoseconds - other.nanoseconds}; }
  constexpr Duration operator*(int64_t factor) const { return {nanoseconds * factor}; }
  constexpr Duration operator/(int64_t divisor) const { return {nanoseconds / divisor}; }
};

// A point on the monotonic clock. Instant::never() is later than everything.
struct Instant {
  int64_t nanoseconds = 0;

  static constexpr Instant never() { return {INT64_MAX}; }
  constexpr bool is_never() const { return nanoseconds == INT64_MAX; }
  constexpr auto operator<=>(const Instant&) const = default;
  constexpr Duration operator-(Instant other) const { return {nanoseconds - other.nanoseconds}; }
  constexpr Instant operator+(Duration duration) const {
    if (duration.nanoseconds > INT64_MAX - nanoseconds) return never();
    return {nanoseconds + duration.nanoseconds};
  }
};

constexpr Duration operator""_ns(unsigned long long n) {
  return {static_cast<int64_t>(n)};
}
constexpr Duration operator""_us(unsigned long long n) {
  return Duration::microseconds(static_cast<int64_t>(n));
}
constexpr Duration operator""_ms(unsigned long long n) {
  return Duration::milliseconds(static_cast<int64_t>(n));
}
constexpr Duration operator""_s(unsigned long long n) {
  return Duration::seconds(static_cast<int64_t>(n));
}
constexpr std::size_t operator""_KiB(unsigned long long n) {
  return n * 1024;
}
constexpr std::size_t operator""_MiB(unsigned long long n) {
  return n * 1024 * 1024;
}

}  // namespace sluice
