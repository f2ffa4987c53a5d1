// Writes mappings and lists in flow style, as JSON or as the YAML that looks like it with fewer quotes.
// Knows nothing of the configuration.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace sluice::admin {

enum class TextStyle : uint8_t { json, yaml };

class TextWriter {
 public:
  explicit TextWriter(TextStyle style) : style_(style) {}

  void open_mapping() { open('{'); }
  void close_mapping() { close('}'); }
  void open_list() { open('['); }
  void close_list() { close(']'); }
  void key(std::string_view name);    // Then exactly one value.
  void text(std::string_view value);  // `$` becomes `$$`, so that reading it back expands nothing.
  void number(uint64_t value);
  void signed_number(int64_t value);
  void truth(bool value);

  // Shorthands: key and value.
  void text(std::string_view name, std::string_view value) { key(name), text(value); }
  void number(std::string_view name, uint64_t value) { key(name), number(value); }

  std::string take() {  // Leaves the writer as new.
    needs_comma_ = false;
    return std::exchange(out_, {});
  }

 private:
  void open(char bracket);
  void close(char bracket);
  void before_item();

  TextStyle style_;
  std::string out_;
  bool needs_comma_ = false;
};

}  // namespace sluice::admin
