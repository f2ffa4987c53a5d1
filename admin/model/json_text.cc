#include "admin/model/json_text.h"

#include "admin/model/utf8.h"

namespace sluice::admin {
namespace {

// Characters that YAML would fold, skip or refuse when they stand unescaped: C1 controls and NEL,
// U+2028, U+2029, U+FEFF, U+FFFE, U+FFFF.
std::string_view escape_of(std::string_view sequence) {
  if (sequence == "\xe2\x80\xa8") return "\\u2028";
  if (sequence == "\xe2\x80\xa9") return "\\u2029";
  if (sequence == "\xef\xbb\xbf") return "\\ufeff";
  if (sequence == "\xef\xbf\xbe") return "\\ufffe";
  if (sequence == "\xef\xbf\xbf") return "\\uffff";
  return {};
}

void append_hex_escape(std::string& out, unsigned char byte) {
  constexpr char kHex[] = "0123456789abcdef";
  out += "\\u00";
  out += kHex[byte >> 4];
  out += kHex[byte & 15];
}

}  // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    const char byte = text[0];
    const uint32_t length = utf8_sequence_bytes(text);
    if (length == 0) {
      out += "\xef\xbf\xbd";
      text.remove_prefix(1);
      continue;
    }
    if (byte == '"' || byte == '\\') {
      out += '\\';
      out += byte;
    } else if (byte == '\n') {
      out += "\\n";
    } else if (byte == '\t') {
      out += "\\t";
    } else if (byte == '\r') {
      out += "\\r";
    } else if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f) {
      append_hex_escape(out, static_cast<unsigned char>(byte));
    } else if (static_cast<unsigned char>(byte) == 0xc2 && static_cast<unsigned char>(text[1]) < 0xa0) {
      append_hex_escape(out, static_cast<unsigned char>(text[1]));
    } else {
      const std::string_view escape = escape_of(text.substr(0, length));
      out += escape.empty() ? text.substr(0, length) : escape;
    }
    text.remove_prefix(length);
  }
  out += '"';
}

std::string json_string(std::string_view text) {
  std::string out;
  out.reserve(text.size() + 2);
  append_json_string(out, text);
  return out;
}

}  // namespace sluice::admin
