// From text to a checked Config. Pure: the environment and included files come through functions, so the
// same text always gives the same answer in a test. Refuses, with place and fix and never only the first:
// bad syntax, unknown or duplicate keys, wrong types, duplicate names, dangling references,
// contradictions, and features of later versions. A refused text changes nothing anywhere.
// The file system's and the process's own functions are in system_sources.h.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "admin/model/config.h"
#include "admin/model/config_error.h"

namespace sluice::admin {

inline constexpr uint64_t kConfigBytesMax = 64ULL << 20;

enum class Format : uint8_t {
  detect,  // JSON when the first character that is not white space is '{', else YAML.
  yaml,
  json,
};

struct IncludedFile {
  std::string name;
  std::string text;
};

struct LoadOptions {
  std::string file_name = "configuration";
  // The value of ${NAME}; nullopt: not set. A null function refuses ${NAME} (configurations that come
  // through the API must not read the admin's environment).
  std::function<std::optional<std::string>(const std::string& name)> environment;
  // The files an `include:` pattern means, in order. A null function refuses `include`.
  std::function<std::expected<std::vector<IncludedFile>, std::string>(const std::string& pattern,
                                                                      const std::string& including_file)>
      include;
  // The text of a file that a value names (`file: errors/502.html`), at most `bytes_max` of it. A null
  // function refuses such keys.
  std::function<std::expected<std::string, std::string>(const std::string& path, uint64_t bytes_max,
                                                        const std::string& naming_file)>
      read_file;
  uint64_t bytes_max = kConfigBytesMax;  // Of all files together.
  uint32_t errors_max = 50;
};

std::expected<Config, ConfigErrors> load_config(std::string_view text, Format format,
                                                const LoadOptions& options);

// One object alone (its own checks; references are checked by edit.h). The text is the mapping itself:
// `{name: app, match: {...}, pool: app}`.
std::expected<std::shared_ptr<const Listener>, ConfigErrors> load_listener(std::string_view text,
                                                                           Format format,
                                                                           const LoadOptions& options);
std::expected<std::shared_ptr<const Peer>, ConfigErrors> load_peer(std::string_view text, Format format,
                                                                   const LoadOptions& options);
std::expected<std::shared_ptr<const Pool>, ConfigErrors> load_pool(std::string_view text, Format format,
                                                                   const LoadOptions& options);
std::expected<std::shared_ptr<const Route>, ConfigErrors> load_route(std::string_view text, Format format,
                                                                     const LoadOptions& options);

}  // namespace sluice::admin
