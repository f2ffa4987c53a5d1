// One blocking HTTP/1.1 GET to the admin process, for commands of a person at a terminal.
#pragma once

#include <expected>
#include <string>

namespace sluice::cli {

struct HttpAnswer {
  int status = 0;
  std::string body;
};

// Gives up after five seconds. The error is one line.
std::expected<HttpAnswer, std::string> http_get(const std::string& address, const std::string& path);

}  // namespace sluice::cli
