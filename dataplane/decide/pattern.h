// Regular expressions of routes: RE2, matched whole, bytes (not UTF-8), so that no byte a client can send
// makes '.' stop matching. Linear time by construction. The admin validates patterns with the same class,
// so that what it accepts compiles here.
#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace re2 {
class RE2;
}

namespace sluice::decide {

class Pattern {
 public:
  // Refuses syntax errors, patterns above `program_bytes_max` and empty ones, with a sentence.
  static std::expected<Pattern, std::string> compile(std::string_view expression, uint64_t program_bytes_max);
  Pattern(Pattern&&) noexcept;
  Pattern& operator=(Pattern&&) noexcept;
  ~Pattern();

  // Any thread.
  bool matches(std::string_view text) const;

 private:
  explicit Pattern(std::unique_ptr<re2::RE2> program);
  std::unique_ptr<re2::RE2> program_;
};

// The distinct patterns of a snapshot.
class PatternSet {
 public:
  PatternSet(uint32_t patterns_max, uint64_t program_bytes_max)
      : patterns_max_(patterns_max), program_bytes_max_(program_bytes_max) {}

  // The number of `expression`, compiled when it is new. `expression` must outlive the set.
  std::expected<uint32_t, std::string> add(std::string_view expression);
  bool matches(uint32_t number, std::string_view text) const { return patterns_[number].matches(text); }
  uint64_t bytes() const;

 private:
  uint32_t patterns_max_;
  uint64_t program_bytes_max_;
  std::vector<Pattern> patterns_;
  std::unordered_map<std::string_view, uint32_t> numbers_;
};

}  // namespace sluice::decide
