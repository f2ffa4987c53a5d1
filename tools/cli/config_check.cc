#include "tools/cli/config_check.h"

#include <cstdio>
#include <span>

#include "admin/compile/compile.h"
#include "admin/model/resolve.h"
#include "admin/model/system_sources.h"
#include "dataplane/decide/snapshot.h"
#include "tools/cli/address.h"

namespace sluice::cli {
namespace {

std::string file_of(const admin::Config& config, const admin::Place& place) {
  return place.file < config.files.size() ? config.files[place.file] : std::string();
}

}  // namespace

std::expected<admin::Config, admin::ConfigErrors> check_config_file(const std::string& path) {
  auto config = admin::load_config_file(path);
  if (!config) return std::unexpected(config.error());
  admin::ConfigErrors errors = admin::resolve_addresses(*config, admin::system_resolver());
  if (!errors.empty()) return std::unexpected(errors);
  const auto bytes = admin::compile(*config, 1);
  if (!bytes) return std::unexpected(bytes.error());
  const auto snapshot = decide::Snapshot::load(*bytes, decide::SnapshotLimits{});
  if (!snapshot) {
    const decide::SnapshotError& error = snapshot.error();
    return std::unexpected(admin::ConfigErrors{{.file = path,
                                                .message = "the data plane would refuse it: " + error.code +
                                                           " at " + error.path + ": " + error.message}});
  }
  return config;
}

int validate(const std::string& path, bool json) {
  const auto config = check_config_file(path);
  if (json) {
    const std::string errors = config ? "[]" : admin::to_json(config.error());
    printf("{\"valid\": %s, \"errors\": %s}\n", config ? "true" : "false", errors.c_str());
  } else if (config) {
    printf("%s is valid: %zu listeners, %zu pools, %zu routes\n", path.c_str(), config->listeners.size(),
           config->pools.size(), config->routes.size());
  } else {
    for (const admin::ConfigError& error : config.error()) fprintf(stderr, "%s\n", to_text(error).c_str());
  }
  return config ? 0 : 1;
}

admin::ConfigErrors find_addresses_in_use(const admin::Config& config) {
  admin::ConfigErrors errors;
  for (const auto& listener : config.listeners) {
    const std::string address = admin::to_text(listener->address);
    const auto parsed = parse_address(address);
    const std::string reason = parsed ? why_not_bindable(*parsed) : "not an address of this machine";
    if (reason.empty()) continue;
    errors.push_back({.file = file_of(config, listener->place),
                      .line = listener->place.line,
                      .column = listener->place.column,
                      .message = "listener \"" + listener->name + "\" cannot bind " + address + ": " + reason,
                      .fix = "stop what listens there, or choose another address"});
  }
  const std::string address = admin::to_text(config.admin.listen);
  const auto parsed = parse_address(address);
  const std::string reason = parsed ? why_not_bindable(*parsed) : "";
  if (!reason.empty()) {
    errors.push_back({.file = config.files.empty() ? "" : config.files[0],
                      .message = "admin.listen cannot bind " + address + ": " + reason,
                      .fix = "stop what listens there, or set admin: {listen: ...}"});
  }
  return errors;
}

}  // namespace sluice::cli
