// The numeric half of ValueReader: integers, durations, sizes, shares.
#include <algorithm>
#include <charconv>

#include "admin/model/value.h"

namespace sluice::admin {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};
constexpr Unit kTimeUnits[] = {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}};
constexpr Unit kSizeUnits[] = {{"", 1}, {"k", 1ULL << 10}, {"m", 1ULL << 20}, {"g", 1ULL << 30}};

// Digits, then a unit. Nullopt: not of that form. An overflow gives UINT64_MAX.
std::optional<uint64_t> parse_with_unit(std::string_view text, std::span<const Unit> units) {
  uint64_t number = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), number);
  if (parsed.ptr == text.data()) return std::nullopt;
  if (parsed.ec == std::errc::result_out_of_range) return UINT64_MAX;
  const std::string_view unit(parsed.ptr, static_cast<size_t>(text.data() + text.size() - parsed.ptr));
  for (const Unit& known : units) {
    const bool same = unit.size() == known.name.size() &&
                      std::equal(unit.begin(), unit.end(), known.name.begin(),
                                 [](char given, char wanted) { return tolower(given) == wanted; });
    if (!same) continue;
    return number > UINT64_MAX / known.factor ? UINT64_MAX : number * known.factor;
  }
  return std::nullopt;
}

// A number may be a JSON literal, a plain word or a quoted one (which `${NAME}` needs).
std::optional<std::string_view> number_text(ValueReader& reader, const Value& value) {
  return value.node->kind == Node::Kind::literal ? value.node->text() : reader.text(value);
}

}  // namespace

std::string size_text(uint64_t bytes) {
  for (const Unit* unit = std::end(kSizeUnits); unit-- != std::begin(kSizeUnits);) {
    if (bytes >= unit->factor && bytes % unit->factor == 0) {
      return std::to_string(bytes / unit->factor) + std::string(unit->name);
    }
  }
  return "0";
}

std::string duration_text(uint64_t milliseconds) {
  for (const Unit* unit = std::end(kTimeUnits); unit-- != std::begin(kTimeUnits);) {
    if (milliseconds >= unit->factor && milliseconds % unit->factor == 0) {
      return std::to_string(milliseconds / unit->factor) + std::string(unit->name);
    }
  }
  return "0s";
}

std::optional<uint64_t> ValueReader::integer(const Value& value, uint64_t min, uint64_t max) {
  const auto text = number_text(*this, value);
  if (!text) return std::nullopt;
  uint64_t number = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), number);
  const bool whole = parsed.ptr == text->data() + text->size() && !text->empty();
  if (!whole || parsed.ec != std::errc() || number < min || number > max) {
    fail(value,
         quoted(*text) + " is not a whole number from " + std::to_string(min) + " to " + std::to_string(max),
         "write such a number");
    return std::nullopt;
  }
  return number;
}

std::optional<int64_t> ValueReader::signed_integer(const Value& value, int64_t min, int64_t max) {
  const auto text = number_text(*this, value);
  if (!text) return std::nullopt;
  int64_t number = 0;
  const auto parsed = std::from_chars(text->data(), text->data() + text->size(), number);
  const bool whole = parsed.ptr == text->data() + text->size() && !text->empty();
  if (!whole || parsed.ec != std::errc() || number < min || number > max) {
    fail(value,
         quoted(*text) + " is not a whole number from " + std::to_string(min) + " to " + std::to_string(max),
         "write such a number");
    return std::nullopt;
  }
  return number;
}

std::optional<uint32_t> ValueReader::milliseconds(const Value& value, uint32_t min, uint32_t max) {
  const auto text = number_text(*this, value);
  if (!text) return std::nullopt;
  const auto number = parse_with_unit(*text, kTimeUnits);
  if (!number) {
    fail(value, quoted(*text) + " is not a duration", "write a whole number and ms, s, m or h: 500ms, 10s");
    return std::nullopt;
  }
  if (*number < min || *number > max) {
    fail(value, quoted(*text) + " is out of range",
         "from " + duration_text(min) + " to " + duration_text(max));
    return std::nullopt;
  }
  return static_cast<uint32_t>(*number);
}

std::optional<uint64_t> ValueReader::bytes(const Value& value, uint64_t min, uint64_t max) {
  const auto text = number_text(*this, value);
  if (!text) return std::nullopt;
  const auto number = parse_with_unit(*text, kSizeUnits);
  if (!number) {
    fail(value, quoted(*text) + " is not a size",
         "write a whole number, with k, m or g if you like: 4096, 32k, 8m");
    return std::nullopt;
  }
  if (*number < min || *number > max) {
    fail(value, quoted(*text) + " is out of range", "from " + size_text(min) + " to " + size_text(max));
    return std::nullopt;
  }
  return *number;
}

std::optional<uint32_t> ValueReader::percent(const Value& value) {
  const auto text = number_text(*this, value);
  if (!text) return std::nullopt;
  constexpr Unit kPercent[] = {{"%", 1}};
  const auto number = parse_with_unit(*text, kPercent);
  if (!number || *number > 100) {
    fail(value, quoted(*text) + " is not a share", "write 0% to 100%");
    return std::nullopt;
  }
  return static_cast<uint32_t>(*number);
}

std::optional<bool> ValueReader::truth(const Value& value) {
  const auto text = number_text(*this, value);
  if (!text) return std::nullopt;
  if (*text == "true") return true;
  if (*text == "false") return false;
  fail(value, quoted(*text) + " is not a truth value", "write true or false");
  return std::nullopt;
}

std::optional<size_t> ValueReader::choice(const Value& value, std::span<const std::string_view> choices) {
  const auto text = word(value);
  if (!text) return std::nullopt;
  for (size_t i = 0; i < choices.size(); ++i) {
    if (choices[i] == *text) return i;
  }
  fail(value, quoted(*text) + " is not one of the choices", "write " + join_words(choices));
  return std::nullopt;
}

}  // namespace sluice::admin
