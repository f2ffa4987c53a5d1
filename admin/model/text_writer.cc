#include "admin/model/text_writer.h"

#include "admin/model/json_text.h"

namespace sluice::admin {
namespace {

bool is_letter_or_digit(char byte) {
  return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9');
}

// May stand in a YAML flow mapping without quotes and be read back as the same text.
bool is_plain_in_yaml(std::string_view text) {
  if (text.empty() || text == "null" || text == "Null" || text == "NULL") return false;
  if (!is_letter_or_digit(text[0]) && text[0] != '/' && text[0] != '_') return false;
  for (const char byte : text) {
    if (!is_letter_or_digit(byte) && byte != '/' && byte != '_' && byte != '.' && byte != '-') return false;
  }
  return true;
}

}  // namespace

void TextWriter::before_item() {
  if (needs_comma_) out_ += style_ == TextStyle::yaml ? ", " : ",";
  needs_comma_ = true;
}

void TextWriter::open(char bracket) {
  before_item();
  out_ += bracket;
  needs_comma_ = false;
}

void TextWriter::close(char bracket) {
  out_ += bracket;
  needs_comma_ = true;
}

void TextWriter::key(std::string_view name) {
  before_item();
  needs_comma_ = false;
  if (style_ == TextStyle::yaml && is_plain_in_yaml(name)) {
    out_ += name;
  } else {
    append_json_string(out_, name);
  }
  out_ += style_ == TextStyle::yaml ? ": " : ":";
}

void TextWriter::text(std::string_view value) {
  before_item();
  if (style_ == TextStyle::yaml && is_plain_in_yaml(value)) {
    out_ += value;
    return;
  }
  if (value.find('$') == std::string_view::npos) return append_json_string(out_, value);
  std::string escaped;
  for (const char byte : value) escaped.append(byte == '$' ? 2 : 1, byte);
  append_json_string(out_, escaped);
}

void TextWriter::number(uint64_t value) {
  before_item();
  out_ += std::to_string(value);
}

void TextWriter::signed_number(int64_t value) {
  before_item();
  out_ += std::to_string(value);
}

void TextWriter::truth(bool value) {
  before_item();
  out_ += value ? "true" : "false";
}

}  // namespace sluice::admin
