#include "admin/app/file_reload.h"

#include <spdlog/spdlog.h>

#include <span>

#include "admin/model/print.h"
#include "admin/model/system_sources.h"

namespace sluice::admin {
namespace {

uint64_t active_revision(const ConfigService& service) {
  const auto active = service.active();
  return active ? active->revision.id : 0;
}

void log_applied(const Applied& applied) {
  const uint64_t id = applied.revision.id;
  const double milliseconds = static_cast<double>(applied.taken.in_microseconds()) / 1e3;
  if (!applied.is_new) {
    spdlog::info("the file says what is active already: revision {} stays", id);
    return;
  }
  switch (applied.outcome.kind) {
    case OutcomeKind::applied:
      spdlog::info("revision {} applied in {:.0f} ms", id, milliseconds);
      return;
    case OutcomeKind::not_connected:
      spdlog::warn("revision {} saved; it is applied when the data plane connects", id);
      return;
    default:
      spdlog::warn("revision {} saved; the data plane gave no verdict yet", id);
  }
}

}  // namespace

std::optional<FileConfig> read_file_config(const std::string& path) {
  auto config = load_config_file(path);
  if (!config) {
    for (const ConfigError& error : config.error()) spdlog::error("{}", to_text(error));
    return std::nullopt;
  }
  const std::string text = to_json(*config);
  return FileConfig{std::move(*config), content_hash(std::as_bytes(std::span(text)))};
}

ApplyRequest file_request(const std::string& path, ContentHash hash, bool allow_empty) {
  return {.source = RevisionSource::file, .author = path, .file_hash = hash, .allow_empty = allow_empty};
}

void reload_file(ConfigService& service, const std::string& path, bool allow_empty) {
  auto file = read_file_config(path);
  if (!file) {
    service.note_failure(path + " is refused; its errors are in the log");
    spdlog::error("{} is not applied; revision {} stays active", path, active_revision(service));
    return;
  }
  const auto applied =
      service.apply_config(std::move(file->config), file_request(path, file->hash, allow_empty));
  if (applied) return log_applied(*applied);
  const ApplyError& error = applied.error();
  for (const ConfigError& one : error.errors) spdlog::error("{}", to_text(one));
  if (error.errors.empty() && error.failure != ApplyFailure::rejected) spdlog::error("{}", error.message);
  spdlog::error("{} is not applied; revision {} stays active", path, active_revision(service));
}

}  // namespace sluice::admin
