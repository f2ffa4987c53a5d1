// The command line of sluice-dataplane.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>

#include "schemas/base/units.h"

namespace sluice::dataplane {

struct Options {
  enum class Action : uint8_t { run, print_version, print_build, print_help } action = Action::run;
  std::string data_dir;
  std::string control_socket;  // Default: DIR/dataplane.sock
  uint32_t workers = 0;        // 0: auto.
  Duration wait_for_admin{0};
  Duration stable_after = Duration::seconds(300);
};

// `arguments` without the program's name. The error says which argument and what it should be.
std::expected<Options, std::string> parse_options(std::span<const char* const> arguments);
extern const char* const kOptionsHelp;

}  // namespace sluice::dataplane
