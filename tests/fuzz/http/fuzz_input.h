// How the HTTP targets read their input: a few bytes of choices in front (printable in the committed corpus),
// the message behind them. And the checks on fields that every parsed head must pass.
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>

#include "dataplane/http/byte_class.h"
#include "dataplane/http/head.h"
#include "schemas/base/check.h"

namespace sluice::dataplane::fuzzing {

class FuzzInput {
 public:
  FuzzInput(const uint8_t* data, size_t size) : rest_(reinterpret_cast<const char*>(data), size) {}

  uint8_t choice() {
    if (rest_.empty()) return 0;
    const uint8_t byte = static_cast<uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  std::string_view rest() const { return rest_; }

 private:
  std::string_view rest_;
};

// Small limits make the limit paths reachable by short inputs.
inline HeadLimits choose_limits(uint8_t choice) {
  if (choice % 4 != 1) return {};
  return {.head_bytes = 32u + choice, .fields = 3, .uri_bytes = 16};
}

// A heap block of exactly these bytes: reading past what was received is an error under AddressSanitizer.
struct ExactBytes {
  explicit ExactBytes(std::string_view text) : bytes(new char[text.size()]), size(text.size()) {
    if (size > 0) std::memcpy(bytes.get(), text.data(), size);
  }
  std::string_view view() const { return {bytes.get(), size}; }

  std::unique_ptr<char[]> bytes;
  size_t size;
};

inline void check_fields(const Field* fields, uint32_t field_count) {
  CHECK(field_count <= kFieldCountMax);
  for (uint32_t i = 0; i < field_count; ++i) {
    CHECK(!fields[i].name.empty());
    CHECK(span_of(fields[i].name, kTokenByte) == fields[i].name.size());
    CHECK(span_of(fields[i].value, kTextByte) == fields[i].value.size());
    CHECK(trim_blanks(fields[i].value) == fields[i].value);
  }
}

inline void check_same_fields(const Field* left, const Field* right, uint32_t field_count) {
  for (uint32_t i = 0; i < field_count; ++i) {
    CHECK(left[i].name == right[i].name);
    CHECK(left[i].value == right[i].value);
    CHECK(left[i].id == right[i].id);
    CHECK(left[i].nominated == right[i].nominated);
  }
}

}  // namespace sluice::dataplane::fuzzing
