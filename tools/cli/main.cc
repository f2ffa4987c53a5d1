// sluice: the one command for people. Runs and supervises the gateway, checks files, talks to what runs.
#include <cstdio>

#include "tools/cli/config_check.h"
#include "tools/cli/options.h"
#include "tools/cli/run.h"
#include "tools/cli/signal.h"
#include "tools/cli/status.h"
#include "tools/cli/version.h"

namespace sluice::cli {
namespace {

int dispatch(const Options& options) {
  const bool needs_file = options.action == Action::run || options.action == Action::validate;
  if (needs_file && options.config_path.empty()) {
    fprintf(stderr, "sluice: which configuration? Add -c FILE\n");
    return 1;
  }
  switch (options.action) {
    case Action::run:
      return run(options);
    case Action::validate:
      return validate(options.config_path, options.json);
    case Action::proxy:
      return run_proxy(options);
    case Action::signal:
      return send_signal(options);
    case Action::status:
      return print_status(options);
    case Action::version:
      return print_version();
    case Action::long_version:
      return print_long_version();
  }
  return 1;
}

}  // namespace
}  // namespace sluice::cli

int main(int count, char** arguments) {
  int exit_code = 0;
  const auto options = sluice::cli::parse_options(count, arguments, exit_code);
  return options ? sluice::cli::dispatch(*options) : exit_code;
}
