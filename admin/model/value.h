// How decoders read the tree: a Value is a node with the way to it (for the JSON pointer in errors), a
// ValueReader turns scalars into typed values with `${NAME}` expansion and reports what does not fit, and
// Fields takes a mapping apart, reporting unknown, duplicate and unsupported keys.
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>

#include "admin/model/error_sink.h"
#include "admin/model/load.h"
#include "admin/model/node.h"

namespace sluice::admin {

struct Value {
  const Node* node = nullptr;     // Null: the key is not there.
  const Value* parent = nullptr;  // Must outlive this Value.
  std::string_view key;           // Its key in the parent, or empty: its index.
  uint32_t index = 0;

  explicit operator bool() const { return node != nullptr; }
  bool is_mapping() const { return node != nullptr && node->kind == Node::Kind::mapping; }
  bool is_sequence() const { return node != nullptr && node->kind == Node::Kind::sequence; }
  bool is_scalar() const { return node != nullptr && node->is_scalar(); }
};

std::string json_pointer(const Value& value);

class ValueReader {
 public:
  ValueReader(const LoadOptions& options, ErrorSink& errors)
      : options_(options), errors_(errors), file_name_(options.file_name) {}

  void set_file(uint32_t file, std::string name) {
    file_ = file;
    file_name_ = std::move(name);
  }
  Place place(const Value& value) const { return {file_, value.node->line, value.node->column}; }
  void fail(const Value& value, std::string message, std::string fix = "");

  // Each reports and returns nullopt when the value is not what it must be. Requires: value.
  std::optional<std::string_view> text(const Value& value);  // Any bytes but control characters.
  std::optional<std::string_view> word(const Value& value);  // text, not empty, one line.
  std::optional<std::string_view> name(const Value& value);  // [A-Za-z0-9._-], at most 128.
  std::optional<uint64_t> integer(const Value& value, uint64_t min, uint64_t max);
  std::optional<int64_t> signed_integer(const Value& value, int64_t min, int64_t max);
  std::optional<uint32_t> milliseconds(const Value& value, uint32_t min,
                                       uint32_t max);                             // "10s", "500ms", "1h"
  std::optional<uint64_t> bytes(const Value& value, uint64_t min, uint64_t max);  // "32k", "8m", 4096
  std::optional<uint32_t> percent(const Value& value);                            // "20%"
  std::optional<size_t> choice(const Value& value, std::span<const std::string_view> choices);
  // The text of the file that the value names: UTF-8, no control characters, at most `bytes_max`.
  std::optional<std::string> file_text(const Value& value, uint64_t bytes_max);
  std::optional<bool> truth(const Value& value);            // true or false
  bool is_word(const Value& value, std::string_view word);  // "auto", "off", "unlimited"; never reports.
  // An RE2 expression that the data plane will take. Each different one is compiled once.
  bool pattern(const Value& value, std::string_view expression);
  bool has_room() { return errors_.has_room(); }
  bool want_mapping(const Value& value);
  bool want_sequence(const Value& value);

  // Calls take(item) for every item of a sequence, or for the value itself when it is a scalar. Lists of
  // this kind are short (methods, header fields, members): duplicates are looked for in squared time.
  template <typename Take>
  void for_each(const Value& value, Take take) {
    if (value.is_scalar()) return take(value);
    if (!want_sequence(value) || !want_few(value, value.node->size)) return;
    uint32_t index = 0;
    for (const Node* item = value.node->first; item != nullptr; item = item->next) {
      take(Value{item, &value, {}, index++});
    }
  }
  // Calls take(key, value) for every pair of a mapping whose keys are free (header names); reports
  // duplicates. Keys are compared without case.
  template <typename Take>
  void for_each_pair(const Value& value, Take take) {
    if (!want_mapping(value) || !want_few(value, value.node->size)) return;
    for (const Node* key = value.node->first; key != nullptr; key = key->next->next) {
      if (check_free_key(value, *key)) take(key->text(), Value{key->next, &value, key->text(), 0});
    }
  }

 private:
  enum class Report : uint8_t { errors, nothing };
  std::optional<std::string_view> expand(const Value& value, std::string_view text, Report report);
  bool want_few(const Value& value, uint32_t count);
  bool check_free_key(const Value& mapping, const Node& key);

  const LoadOptions& options_;
  ErrorSink& errors_;
  uint32_t file_ = 0;
  std::string file_name_;
  std::deque<std::string> expanded_;  // Keeps expanded texts alive.
  std::set<std::string, std::less<>> patterns_;
};

class Fields {
 public:
  static constexpr size_t kKeysMax = 48;

  // `what` names the object in errors: "a route". Reports every key that is not in `known`.
  Fields(ValueReader& reader, const Value& mapping, std::string_view what,
         std::span<const std::string_view> known, std::span<const std::string_view> unsupported = {});

  // By index into `known`.
  Value operator[](size_t key) const { return values_[key]; }
  bool has(size_t key) const { return values_[key].node != nullptr; }
  // Reports when the key is missing.
  Value require(size_t key);

 private:
  void take(const Node& key, std::span<const std::string_view> known,
            std::span<const std::string_view> unsupported);

  ValueReader& reader_;
  const Value& mapping_;
  std::string_view what_;
  std::span<const std::string_view> known_;
  Value values_[kKeysMax];
};

// The known word nearest to `word` (edit distance at most a third of its length), or empty.
std::string_view nearest_word(std::string_view word, std::span<const std::string_view> known);
std::string join_words(std::span<const std::string_view> words);  // "a, b or c"
std::string quoted(std::string_view text);                        // In quotes, cut at 80 bytes: for messages.

// The shortest way to write it: "1h", "1500ms"; "32k".
std::string duration_text(uint64_t milliseconds);
std::string size_text(uint64_t bytes);

}  // namespace sluice::admin
