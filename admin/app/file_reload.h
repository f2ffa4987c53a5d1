// The configuration file of the process: read at the start, applied again on HUP. Every outcome is one
// clear log line, or one line per error; a file that is refused changes nothing.
#pragma once

#include <optional>
#include <string>

#include "admin/api/config_service.h"
#include "admin/model/config.h"

namespace sluice::admin {

struct FileConfig {
  Config config;
  ContentHash
      hash;  // Of its canonical text: included files and ${NAME} count, comments and order of keys do not.
};

// Null: refused; every error is in the log.
std::optional<FileConfig> read_file_config(const std::string& path);
ApplyRequest file_request(const std::string& path, ContentHash hash, bool allow_empty);
// HUP.
void reload_file(ConfigService& service, const std::string& path, bool allow_empty);

}  // namespace sluice::admin
