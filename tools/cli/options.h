// The command line of `sluice`, parsed. Accepts what nginx users type (-c, -t, -s reload, -v, -V) beside the
// subcommands, and tells HAProxy users that -c does not mean "check" here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::cli {

enum class Action : uint8_t { run, validate, proxy, signal, status, version, long_version };

struct Options {
  Action action = Action::run;
  std::string config_path;
  std::string data_dir;  // Empty: what the configuration says.
  std::string signal;    // reload, quit, stop or reopen.
  bool json = false;
  // proxy
  std::string from;
  std::vector<std::string> to;
  std::string protocol = "http";
  std::string policy = "round_robin";
  // proxy and status
  std::string admin_address;
};

// Empty: everything was said already (help, or an error on stderr) and exit_code is set.
std::optional<Options> parse_options(int count, char** arguments, int& exit_code);

}  // namespace sluice::cli
