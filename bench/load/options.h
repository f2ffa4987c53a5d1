// What a run does, from the command line. Every number that has a unit names it.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <expected>
#include <string>
#include <vector>

#include "schemas/base/units.h"

namespace sluice::load {

struct Options {
  std::string url;
  uint32_t connections = 64;
  uint32_t threads = 1;
  double rate = 0;  // Requests a second in all; 0: closed loop.
  Duration length = 10_s;
  Duration warm_up{};
  Duration ramp{};
  Duration timeout = 10_s;
  std::string method = "GET";
  double post_percent = 0;  // So many of the requests are POSTs with a body instead.
  uint32_t body_bytes = 0;
  std::vector<std::string> headers;  // "Name: value"
  bool new_connections = false;      // One request per connection.
  bool retry_stale = true;
  std::string answered_by = "X-Origin";
  std::string ledger_path;
  bool json = false;
  bool progress = false;

  // From the URL.
  std::string host;  // As it goes into Host.
  std::string target = "/";
  sockaddr_storage address{};
};

// Exit code: 0 when --help was printed, else 2 with a line on stderr.
std::expected<Options, int> parse_options(int argc, char** argv);

}  // namespace sluice::load
