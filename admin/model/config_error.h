// Why a configuration was refused. Every error has its place and, where we can tell, what to do; a person
// reads `file:line:column: message; fix`, a program reads the JSON form.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::admin {

struct ConfigError {
  std::string file;     // As named by the caller; included files by their own name.
  uint32_t line = 0;    // From 1; 0: the place is the whole file.
  uint32_t column = 0;  // From 1, in characters.
  std::string path;     // JSON pointer of the object: "/routes/3/match/hosts/0"; "" = the document.
  std::string message;  // What is wrong: "there is no pool \"app\"".
  std::string fix;      // What to do: "define it under pools"; may be empty.

  bool operator==(const ConfigError&) const = default;
};

using ConfigErrors = std::vector<ConfigError>;

std::string to_text(const ConfigError& error);    // One line, without newline.
std::string to_text(const ConfigErrors& errors);  // One line each.
std::string to_json(const ConfigErrors& errors);  // [{"file":…,"line":…,"column":…,"path":…,…}]

}  // namespace sluice::admin
