#include "dataplane/decide/pattern.h"

#include <re2/re2.h>

namespace sluice::decide {
namespace {

constexpr size_t kExpressionBytesMax = 4096;

re2::RE2::Options options(uint64_t program_bytes_max) {
  re2::RE2::Options result(re2::RE2::Quiet);
  result.set_max_mem(static_cast<int64_t>(program_bytes_max));
  result.set_encoding(re2::RE2::Options::EncodingLatin1);
  result.set_dot_nl(true);
  result.set_never_capture(true);
  return result;
}

}  // namespace

Pattern::Pattern(std::unique_ptr<re2::RE2> program) : program_(std::move(program)) {}
Pattern::Pattern(Pattern&&) noexcept = default;
Pattern& Pattern::operator=(Pattern&&) noexcept = default;
Pattern::~Pattern() = default;

std::expected<Pattern, std::string> Pattern::compile(std::string_view expression,
                                                     uint64_t program_bytes_max) {
  if (expression.empty())
    return std::unexpected("the regular expression is empty; write '.*' to match everything");
  if (expression.size() > kExpressionBytesMax) {
    return std::unexpected("the regular expression is longer than 4096 bytes; split it into several routes");
  }
  auto program = std::make_unique<re2::RE2>(re2::StringPiece(expression.data(), expression.size()),
                                            options(program_bytes_max));
  if (program->ok()) return Pattern(std::move(program));
  if (program->error_code() == re2::RE2::ErrorPatternTooLarge) {
    return std::unexpected("the compiled regular expression is larger than " +
                           std::to_string(program_bytes_max) + " bytes; use smaller repetition counts");
  }
  return std::unexpected("the regular expression does not compile: " + program->error());
}

bool Pattern::matches(std::string_view text) const {
  return program_->Match(re2::StringPiece(text.data(), text.size()), 0, text.size(), re2::RE2::ANCHOR_BOTH,
                         nullptr, 0);
}

std::expected<uint32_t, std::string> PatternSet::add(std::string_view expression) {
  if (const auto known = numbers_.find(expression); known != numbers_.end()) return known->second;
  if (patterns_.size() >= patterns_max_) {
    return std::unexpected("more than " + std::to_string(patterns_max_) +
                           " different regular expressions; use prefixes where they do");
  }
  std::expected<Pattern, std::string> pattern = Pattern::compile(expression, program_bytes_max_);
  if (!pattern) return std::unexpected(std::move(pattern.error()));
  const auto number = static_cast<uint32_t>(patterns_.size());
  patterns_.push_back(std::move(*pattern));
  numbers_.emplace(expression, number);
  return number;
}

uint64_t PatternSet::bytes() const {
  // RE2 keeps both directions of a program; its state cache grows up to the limit. The limit is the honest
  // upper bound.
  return patterns_.size() * program_bytes_max_;
}

}  // namespace sluice::decide
