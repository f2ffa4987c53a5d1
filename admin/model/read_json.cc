// JSON through nlohmann's SAX parser, which has no places of its own: an iterator counts what it has read,
// and the start of a token is found from the end of the one before it. 62 ms for a 100,000-route file;
// simdjson would need 16 ms but is one more library for a saving nobody notices (ADR 0010).
#include <nlohmann/json.hpp>

#include <algorithm>
#include <iterator>

#include "admin/model/read_text.h"

namespace sluice::admin {
namespace {

// Reads the text and leaves its position where the handler can see it.
struct CountingIterator {
  using iterator_category = std::input_iterator_tag;
  using value_type = char;
  using difference_type = std::ptrdiff_t;
  using pointer = const char*;
  using reference = const char&;

  const char* at;
  const char** seen;  // One past the last byte read.

  reference operator*() const { return *at; }
  CountingIterator& operator++() {
    *seen = ++at;
    return *this;
  }
  bool operator==(const CountingIterator& other) const { return at == other.at; }
  bool operator!=(const CountingIterator& other) const { return at != other.at; }
};

class TreeHandler {
 public:
  using number_integer_t = nlohmann::json::number_integer_t;
  using number_unsigned_t = nlohmann::json::number_unsigned_t;
  using number_float_t = nlohmann::json::number_float_t;
  using string_t = nlohmann::json::string_t;
  using binary_t = nlohmann::json::binary_t;

  TreeHandler(std::string_view text, Tree& tree, const char** seen)
      : end_(text.data() + text.size()),
        place_(text.data()),
        token_end_(text.data()),
        seen_(seen),
        builder_(tree) {}

  bool null() { return add(Node::Kind::null, "null", *seen_); }
  bool boolean(bool value) { return add(Node::Kind::literal, value ? "true" : "false", *seen_); }
  bool number_integer(number_integer_t) { return add_number(); }
  bool number_unsigned(number_unsigned_t) { return add_number(); }
  bool number_float(number_float_t, const string_t&) { return add_number(); }
  bool string(string_t& value) { return add(Node::Kind::quoted, value, *seen_); }
  bool key(string_t& value) { return add(Node::Kind::quoted, value, *seen_); }
  bool binary(binary_t&) { return false; }  // Not in JSON text.
  bool start_object(size_t) { return open(Node::Kind::mapping); }
  bool start_array(size_t) { return open(Node::Kind::sequence); }
  bool end_object() { return close(); }
  bool end_array() { return close(); }

  bool parse_error(size_t, const std::string&, const nlohmann::detail::exception& exception) {
    // "[json.exception.parse_error.101] parse error at line 1, column 5: syntax error while ..."
    std::string message = exception.what();
    const size_t place = message.find("column ");
    const size_t colon = place == std::string::npos ? place : message.find(": ", place);
    if (colon != std::string::npos) message.erase(0, colon + 2);
    error_ =
        SyntaxError{0, 0, "not JSON: " + message, "check the brackets, commas and quotes before this place"};
    advance_to(find_error());
    error_->line = line_;
    error_->column = column_;
    return false;
  }

  std::optional<SyntaxError>& error() { return error_; }

 private:
  // Where the text went wrong: at the token behind the last good one, inside it when it is a string, and
  // not behind the last byte read (a comma too many is skipped like a good one).
  const char* find_error() const {
    const char* start = find_token();
    if (start == end_) return end_;
    const char* last = *seen_ > start ? *seen_ - 1 : start;
    return *start == '"' || *seen_ <= start ? std::min(last, *seen_ - 1) : start;
  }
  // Moves place_ forward, counting lines and characters: every byte of the text is looked at once.
  void advance_to(const char* target) {
    for (; place_ < target; ++place_) {
      if (*place_ == '\n') {
        ++line_;
        column_ = 1;
      } else if ((static_cast<unsigned char>(*place_) & 0xc0) != 0x80) {
        ++column_;
      }
    }
  }
  // The next token starts behind the last one, white space, commas and colons.
  const char* find_token() const {
    const char* start = token_end_;
    while (start < end_ && (*start == ' ' || *start == '\n' || *start == '\t' || *start == '\r' ||
                            *start == ',' || *start == ':')) {
      ++start;
    }
    return start;
  }
  void advance_to_token() { advance_to(find_token()); }
  bool add(Node::Kind kind, std::string_view text, const char* token_end) {
    advance_to_token();
    builder_.add_scalar(kind, text, line_, column_);
    token_end_ = token_end;
    return true;
  }
  // A number's text is kept as written: "1e3" or "0.5" get their meaning from the key. The parser has
  // read one byte too far to see its end, except at the end of the text.
  bool add_number() {
    advance_to_token();
    const char* end = place_;
    while (end < *seen_ &&
           (isalnum(static_cast<unsigned char>(*end)) || *end == '.' || *end == '+' || *end == '-'))
      ++end;
    builder_.add_scalar(Node::Kind::literal, std::string_view(place_, static_cast<size_t>(end - place_)),
                        line_, column_);
    token_end_ = end;
    return true;
  }
  bool open(Node::Kind kind) {
    advance_to_token();
    if (!builder_.open(kind, line_, column_)) {
      error_ = SyntaxError{line_, column_,
                           "more than " + std::to_string(TreeBuilder::kDepthMax) + " levels of nesting",
                           "nothing in a configuration needs more than eight; is a bracket not closed?"};
      return false;
    }
    token_end_ = place_ + 1;
    return true;
  }
  bool close() {
    builder_.close();
    token_end_ = *seen_;
    return true;
  }

  const char* end_;
  const char* place_;      // Where line_ and column_ are.
  const char* token_end_;  // One past the last token taken.
  const char** seen_;
  uint32_t line_ = 1;
  uint32_t column_ = 1;
  TreeBuilder builder_;
  std::optional<SyntaxError> error_;
};

}  // namespace

std::optional<SyntaxError> read_json(std::string_view text, Tree& tree) {
  const char* seen = text.data();
  TreeHandler handler(text, tree, &seen);
  const CountingIterator begin{text.data(), &seen};
  const CountingIterator end{text.data() + text.size(), &seen};
  if (nlohmann::json::sax_parse(begin, end, &handler)) return std::nullopt;
  if (!handler.error()) return SyntaxError{0, 0, "not JSON", ""};
  return std::move(handler.error());
}

}  // namespace sluice::admin
