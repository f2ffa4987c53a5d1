#include "admin/model/config_error.h"

#include "admin/model/json_text.h"

namespace sluice::admin {

std::string to_text(const ConfigError& error) {
  std::string line = error.file;
  if (error.line > 0) line += ":" + std::to_string(error.line) + ":" + std::to_string(error.column);
  if (!line.empty()) line += ": ";
  line += error.message;
  if (!error.fix.empty()) line += "; " + error.fix;
  // A name from the text may carry anything; one error stays one line.
  for (char& byte : line) {
    if (static_cast<unsigned char>(byte) < 0x20 || byte == 0x7f) byte = ' ';
  }
  return line;
}

std::string to_text(const ConfigErrors& errors) {
  std::string lines;
  for (const ConfigError& error : errors) lines += to_text(error) + "\n";
  return lines;
}

std::string to_json(const ConfigErrors& errors) {
  std::string json = "[";
  for (const ConfigError& error : errors) {
    if (json.size() > 1) json += ",";
    json += "{\"file\":" + json_string(error.file) + ",\"line\":" + std::to_string(error.line) +
            ",\"column\":" + std::to_string(error.column) + ",\"path\":" + json_string(error.path) +
            ",\"message\":" + json_string(error.message) + ",\"fix\":" + json_string(error.fix) + "}";
  }
  return json + "]";
}

}  // namespace sluice::admin
