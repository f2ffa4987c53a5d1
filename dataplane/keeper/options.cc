#include "dataplane/keeper/options.h"

#include <charconv>
#include <cstring>
#include <string_view>

namespace sluice::dataplane {
namespace {

constexpr uint64_t kWorkersMax = 256;
constexpr uint64_t kMillisecondsMax = 24ULL * 3600 * 1000;

std::expected<uint64_t, std::string> parse_number(std::string_view name, std::string_view text,
                                                  uint64_t maximum) {
  uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc() && end == text.data() + text.size() && value <= maximum) return value;
  return std::unexpected(std::string(name) + " is \"" + std::string(text) + "\"; it must be a number up to " +
                         std::to_string(maximum));
}

}  // namespace

const char* const kOptionsHelp =
    "sluice-dataplane --data-dir DIR [options]\n"
    "  --data-dir DIR          last good snapshots, lock and control socket; created with mode 0700\n"
    "  --workers N|auto        worker threads (auto: usable cores, cgroup quota respected)\n"
    "  --control-socket PATH   where admin connects (default DIR/dataplane.sock)\n"
    "  --wait-for-admin MS     wait that long for a first offer before serving the last good snapshot (0)\n"
    "  --stable-after MS       a snapshot that ran that long without a crash is stable (300000)\n"
    "  -v, -V                  version; version, liburing and what the kernel's io_uring can do\n"
    "Signals: TERM, QUIT, INT drain; INT while draining stops; USR1 reopens the access log.\n";

std::expected<Options, std::string> parse_options(std::span<const char* const> arguments) {
  Options options;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::string_view name = arguments[i];
    if (name == "-v" || name == "--version") {
      options.action = Options::Action::print_version;
      return options;
    }
    if (name == "-V") {
      options.action = Options::Action::print_build;
      return options;
    }
    if (name == "-h" || name == "--help") {
      options.action = Options::Action::print_help;
      return options;
    }
    std::string_view value;
    if (const std::size_t equals = name.find('='); equals != std::string_view::npos) {
      value = name.substr(equals + 1);
      name = name.substr(0, equals);
    } else if (i + 1 < arguments.size()) {
      value = arguments[++i];
    } else {
      return std::unexpected("\"" + std::string(name) + "\" is unknown or has no value; see --help");
    }
    std::expected<uint64_t, std::string> number = 0;
    if (name == "--data-dir") {
      options.data_dir = value;
    } else if (name == "--control-socket") {
      options.control_socket = value;
    } else if (name == "--workers") {
      if (value != "auto") number = parse_number(name, value, kWorkersMax);
      if (number) options.workers = static_cast<uint32_t>(*number);
    } else if (name == "--wait-for-admin") {
      number = parse_number(name, value, kMillisecondsMax);
      if (number) options.wait_for_admin = Duration::milliseconds(static_cast<int64_t>(*number));
    } else if (name == "--stable-after") {
      number = parse_number(name, value, kMillisecondsMax);
      if (number) options.stable_after = Duration::milliseconds(static_cast<int64_t>(*number));
    } else {
      return std::unexpected("unknown argument \"" + std::string(name) + "\"; see --help");
    }
    if (!number) return std::unexpected(number.error());
  }
  if (options.data_dir.empty()) return std::unexpected("--data-dir is missing; see --help");
  if (options.control_socket.empty()) options.control_socket = options.data_dir + "/dataplane.sock";
  return options;
}

}  // namespace sluice::dataplane
