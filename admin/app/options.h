// The command line of sluice-admin.
#pragma once

#include <optional>
#include <string>

namespace sluice::admin {

struct Options {
  std::string config_path;
  std::string data_dir;        // Empty: what the configuration says.
  std::string control_socket;  // Empty: dataplane.sock in the data directory.
  std::string log_file;        // Empty: stderr.
  std::string log_level = "info";
  bool allow_empty = false;
};

// Either the options, or the exit code of a call that asked for help or was wrong (said on the terminal).
struct ParsedOptions {
  std::optional<Options> options;
  int exit_code = 0;
};
ParsedOptions parse_options(int argument_count, char** arguments, const char* version);

}  // namespace sluice::admin
