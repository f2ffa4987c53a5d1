// What must hold for any text, in either language: it is refused with at least one error, or accepted; and
// what is accepted prints to an equal configuration, compiles, and is loaded by the data plane's own checks.
#pragma once

#include <cstdint>
#include <string_view>

#include "admin/compile/compile.h"
#include "admin/model/load.h"
#include "admin/model/print.h"
#include "admin/model/resolve.h"
#include "dataplane/decide/snapshot.h"
#include "schemas/base/check.h"

namespace sluice::fuzz {

inline admin::LoadOptions fuzz_options() {
  admin::LoadOptions options;
  options.environment = [](const std::string& name) -> std::optional<std::string> {
    if (name == "SET") return "value";
    return std::nullopt;
  };
  options.include = [](const std::string& pattern,
                       const std::string&) -> std::expected<std::vector<admin::IncludedFile>, std::string> {
    if (pattern == "more") return std::vector<admin::IncludedFile>{{"more", "gateway: {name: included}\n"}};
    return std::unexpected("there is no such file");
  };
  return options;
}

inline void check_text(std::string_view text, admin::Format format) {
  auto config = admin::load_config(text, format, fuzz_options());
  if (!config) {
    CHECK(!config.error().empty());
    for (const admin::ConfigError& error : config.error()) CHECK(!error.message.empty());
    CHECK(!admin::to_json(config.error()).empty());
    return;
  }
  auto again = admin::load_config(admin::to_yaml(*config), admin::Format::yaml, {});
  CHECK(again.has_value() && *again == *config);
  again = admin::load_config(admin::to_json(*config), admin::Format::json, {});
  CHECK(again.has_value() && *again == *config);

  const auto resolver = [](const std::string& host) -> std::expected<admin::IpAddress, std::string> {
    admin::IpAddress ip{{10, static_cast<uint8_t>(host.size()), static_cast<uint8_t>(host[0]), 1}, 4};
    return ip;
  };
  CHECK(admin::resolve_addresses(*config, resolver).empty());
  const auto bytes = admin::compile(*config, 1);
  CHECK(bytes.has_value());
  CHECK(admin::compile(*config, 1) == bytes);
  CHECK(decide::Snapshot::load(*bytes, {}).has_value());
}

}  // namespace sluice::fuzz
