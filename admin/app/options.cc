#include "admin/app/options.h"

#include <CLI/CLI.hpp>

namespace sluice::admin {

ParsedOptions parse_options(int argument_count, char** arguments, const char* version) {
  Options options;
  CLI::App app{"The admin process of a Sluice gateway: REST API, store, and the data plane's configuration"};
  app.add_option("-c,--config", options.config_path,
                 "Configuration file (YAML or JSON); HUP applies it again")
      ->required();
  app.add_option("--data-dir", options.data_dir, "Store and lock (default: data_dir of the configuration)");
  app.add_option("--control-socket", options.control_socket,
                 "Where the data plane listens (default: DIR/dataplane.sock)");
  app.add_option("--log-file", options.log_file,
                 "Write the log there instead of stderr; USR1 opens it again");
  app.add_option("--log-level", options.log_level, "debug, info, warning or error")
      ->check(CLI::IsMember({"debug", "info", "warning", "error"}));
  app.add_flag("--allow-empty", options.allow_empty,
               "Apply the file although it is empty or has less than half of the active routes");
  app.set_version_flag("-v,--version", std::string("sluice-admin ") + version);
  app.footer(
      "Signals: HUP applies the file again, TERM INT QUIT stop, USR1 opens the log file again.\n"
      "Exit codes: 0 stopped, 1 wrong usage or configuration, 2 the environment does not allow it.");
  try {
    app.parse(argument_count, arguments);
  } catch (const CLI::ParseError& error) {
    return {.options = std::nullopt, .exit_code = app.exit(error) == 0 ? 0 : 1};
  }
  return {.options = options};
}

}  // namespace sluice::admin
