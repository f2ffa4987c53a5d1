#include "tools/cli/options.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <string_view>

namespace sluice::cli {
namespace {

constexpr const char* kFooter =
    "Examples:\n"
    "  sluice run -c sluice.yaml                       serve; Ctrl-C drains, a second one stops at once\n"
    "  sluice proxy --from :8080 --to 127.0.0.1:9001   a reverse proxy without a file\n"
    "  sluice -t -c sluice.yaml                        check a file; exit 0 or 1\n"
    "  sluice -s reload -c sluice.yaml                 apply the edited file without losing a request\n";

// `haproxy -c -f FILE` checks a file; with us -c names it. Without this the parser would only say that a
// value is missing.
bool is_check_mode_of_haproxy(int count, char** arguments) {
  for (int i = 1; i < count; ++i) {
    if (std::string_view(arguments[i]) != "-c") continue;
    if (i + 1 == count || arguments[i + 1][0] == '-') return true;
  }
  return false;
}

void add_config_options(CLI::App& app, Options& options) {
  app.add_option("-c,--config,-f", options.config_path, "The configuration file (YAML or JSON)")
      ->type_name("FILE");
  app.add_option("--data-dir", options.data_dir, "Overrides data_dir of the configuration")->type_name("DIR");
}

struct Flags {
  bool test = false;
  bool version = false;
  bool long_version = false;
};

void describe_top(CLI::App& app, Options& options, Flags& flags) {
  add_config_options(app, options);
  app.add_flag("-t,--test", flags.test, "Check the configuration and exit (0: good, 1: bad)");
  app.add_option("-s,--signal", options.signal, "Tell the running sluice: reload, quit, stop or reopen")
      ->type_name("SIGNAL");
  app.add_flag("-v,--version", flags.version, "Print the version");
  app.add_flag("-V", flags.long_version,
               "Print the version, libraries and what this kernel's io_uring can do");
  app.add_flag("--json", options.json, "Machine-readable errors and answers");
}

struct Commands {
  CLI::App* run;
  CLI::App* validate;
  CLI::App* reload;
  CLI::App* status;
  CLI::App* proxy;
};

Commands describe_commands(CLI::App& app, Options& options) {
  const Commands commands = {
      .run = app.add_subcommand("run", "Run the data plane and the admin process in the foreground"),
      .validate = app.add_subcommand("validate", "Check a configuration without starting anything"),
      .reload = app.add_subcommand("reload", "Check the file, then make the running sluice apply it"),
      .status = app.add_subcommand("status", "What the running sluice serves"),
      .proxy = app.add_subcommand("proxy", "A reverse proxy without a configuration file"),
  };
  for (CLI::App* command : {commands.run, commands.validate, commands.reload, commands.status}) {
    add_config_options(*command, options);
  }
  commands.validate->add_flag("--json", options.json, "Errors as JSON");
  commands.status->add_flag("--json", options.json, "The answer of the API as it is");
  for (CLI::App* command : {commands.status, commands.proxy}) {
    command->add_option("--admin", options.admin_address, "Where the admin process listens")
        ->type_name("ADDRESS");
  }
  commands.proxy->add_option("--from", options.from, "Where clients connect, like :8080")
      ->required()
      ->type_name("ADDRESS");
  commands.proxy->add_option("--to", options.to, "The origins; several are balanced")
      ->required()
      ->delimiter(',')
      ->type_name("ADDRESS[,ADDRESS...]");
  commands.proxy->add_option("--protocol", options.protocol, "http or tcp")
      ->check(CLI::IsMember({"http", "tcp"}));
  commands.proxy->add_option("--policy", options.policy, "How several origins share the work")
      ->check(CLI::IsMember({"round_robin", "least_conn", "ip_hash", "random_two", "maglev"}));
  return commands;
}

}  // namespace

std::optional<Options> parse_options(int count, char** arguments, int& exit_code) {
  if (is_check_mode_of_haproxy(count, arguments)) {
    fprintf(stderr,
            "sluice: -c names the configuration file here and needs one after it.\n"
            "To check a file (haproxy -c -f FILE), use: sluice -t -c FILE\n");
    exit_code = 1;
    return std::nullopt;
  }
  Options options;
  Flags flags;
  CLI::App app("Sluice, a reverse proxy on io_uring.", "sluice");
  app.footer(kFooter);
  app.require_subcommand(0, 1);
  describe_top(app, options, flags);
  const Commands commands = describe_commands(app, options);
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    exit_code = app.exit(error) == 0 ? 0 : 1;
    return std::nullopt;
  }
  if (flags.version || flags.long_version) {
    options.action = flags.long_version ? Action::long_version : Action::version;
  } else if (!options.signal.empty() || commands.reload->parsed()) {
    options.action = Action::signal;
    if (commands.reload->parsed()) options.signal = "reload";
  } else if (flags.test || commands.validate->parsed()) {
    options.action = Action::validate;
  } else if (commands.proxy->parsed()) {
    options.action = Action::proxy;
  } else if (commands.status->parsed()) {
    options.action = Action::status;
  } else if (!commands.run->parsed() && options.config_path.empty()) {
    fprintf(stderr, "%s", app.help().c_str());
    exit_code = 1;
    return std::nullopt;
  }
  return options;
}

}  // namespace sluice::cli
