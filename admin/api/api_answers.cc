#include "admin/api/api_answers.h"

#include <charconv>

#include "admin/api/json_answer.h"

namespace sluice::admin {
namespace {

using Json = nlohmann::ordered_json;

constexpr size_t kCommentBytesMax = 1024;

Json to_json(Generation generation) {
  return {{"incarnation", generation.incarnation}, {"number", generation.number}};
}

const char* to_text(RevisionSource source) {
  switch (source) {
    case RevisionSource::file:
      return "file";
    case RevisionSource::api:
      return "api";
    case RevisionSource::rollback:
      return "rollback";
  }
  return "unknown";
}

Json rejection_json(const Rejection& rejection) {
  return {{"code", rejection.code}, {"path", rejection.path}, {"message", rejection.message}};
}

struct Shape {
  int status;
  const char* code;
};
Shape shape_of(ApplyFailure failure) {
  switch (failure) {
    case ApplyFailure::invalid:
      return {422, "invalid_config"};
    case ApplyFailure::stale:
      return {412, "stale_revision"};
    case ApplyFailure::not_found:
      return {404, "not_found"};
    case ApplyFailure::needs_flag:
      return {409, "needs_allow_empty"};
    case ApplyFailure::rejected:
      return {422, "rejected_by_data_plane"};
    case ApplyFailure::busy:
      return {503, "busy"};
    case ApplyFailure::storage:
      return {503, "storage_failed"};
    case ApplyFailure::internal:
      break;
  }
  return {500, "internal_error"};
}

}  // namespace

std::string etag_of(uint64_t revision) {
  return "\"" + std::to_string(revision) + "\"";
}

ApiResponse applied_answer(const Applied& applied) {
  const Outcome& outcome = applied.outcome;
  const bool is_applied = outcome.kind == OutcomeKind::applied;
  Json data_plane = {{"connected", outcome.kind != OutcomeKind::not_connected}, {"applied", is_applied}};
  if (is_applied) {
    data_plane["apply_microseconds"] = outcome.applied.apply_microseconds;
    data_plane["listeners_opened"] = outcome.applied.listeners_opened;
    data_plane["listeners_closed"] = outcome.applied.listeners_closed;
  } else {
    data_plane["note"] = outcome.kind == OutcomeKind::not_connected
                             ? "saved; it is applied when the data plane connects"
                             : "saved; the data plane gave no verdict yet, see /api/v1/status";
  }
  ApiResponse answer = json_answer(
      is_applied ? 200 : 202, {{"revision", applied.revision.id},
                               {"changed", applied.is_new},
                               {"generation", to_json(applied.revision.generation)},
                               {"data_plane", std::move(data_plane)},
                               {"milliseconds", static_cast<double>(applied.taken.in_microseconds()) / 1e3}});
  answer.headers.emplace_back("ETag", etag_of(applied.revision.id));
  return answer;
}

ApiResponse config_errors_answer(const ConfigErrors& errors) {
  const std::string count = errors.size() == 1 ? "one error" : std::to_string(errors.size()) + " errors";
  // The model's own form of the list; it is valid JSON by construction.
  return error_answer(422, "invalid_config", "the configuration has " + count + "; nothing was changed",
                      {{"errors", Json::parse(to_json(errors), nullptr, false)}});
}

ApiResponse apply_error_answer(const ApplyError& error) {
  if (error.failure == ApplyFailure::invalid && !error.errors.empty())
    return config_errors_answer(error.errors);
  const Shape shape = shape_of(error.failure);
  Json details = Json::object();
  if (error.failure == ApplyFailure::stale || error.failure == ApplyFailure::needs_flag) {
    details["current_revision"] = error.current_revision;
  }
  if (error.failure == ApplyFailure::rejected) {
    details = rejection_json(error.rejection);
    details["revision"] = error.rejected_revision;
    details["active_revision"] = error.current_revision;
  }
  ApiResponse answer = error_answer(shape.status, shape.code, error.message, std::move(details));
  if (error.current_revision != 0) answer.headers.emplace_back("ETag", etag_of(error.current_revision));
  if (shape.status == 503) answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

Json revision_json(const Revision& revision, uint64_t active) {
  const bool is_rejected = revision.verdict == Verdict::rejected;
  Json json = {{"id", revision.id},
               {"parent", revision.parent},
               {"created", to_utc(revision.created_milliseconds)},
               {"source", to_text(revision.source)},
               {"author", revision.author},
               {"comment", revision.comment},
               {"generation", to_json(revision.generation)},
               {"active", revision.id == active},
               {"verdict", is_rejected ? "rejected" : "accepted"},
               {"stored_bytes", revision.stored_bytes}};
  if (revision.rollback_of != 0) json["rollback_of"] = revision.rollback_of;
  if (revision.allow_empty) json["allow_empty"] = true;
  if (is_rejected) json["rejection"] = rejection_json(revision.rejection);
  return json;
}

std::optional<uint64_t> number_of(std::string_view text) {
  uint64_t number = 0;
  const auto [end, failure] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (text.empty() || failure != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

bool has_flag(const ApiRequest& request, const std::string& name) {
  const auto found = request.query.find(name);
  if (found == request.query.end()) return false;
  return found->second.empty() || found->second == "1" || found->second == "true";
}

Format format_of(std::string_view content_type) {
  if (content_type.find("json") != std::string_view::npos) return Format::json;
  if (content_type.find("yaml") != std::string_view::npos) return Format::yaml;
  return Format::detect;
}

std::expected<ApplyRequest, ApiResponse> apply_request_of(const ApiRequest& request) {
  ApplyRequest made{
      .source = RevisionSource::api, .author = "api", .allow_empty = has_flag(request, "allow_empty")};
  if (const auto comment = request.query.find("comment"); comment != request.query.end()) {
    if (comment->second.size() > kCommentBytesMax) {
      return std::unexpected(error_answer(400, "bad_comment", "the comment is longer than 1024 bytes"));
    }
    made.comment = comment->second;
  }
  std::string_view match = request.if_match;
  if (match.empty() || match == "*") return made;
  if (match.starts_with("W/")) match.remove_prefix(2);
  if (match.size() >= 2 && match.front() == '"' && match.back() == '"')
    match = match.substr(1, match.size() - 2);
  made.if_match = number_of(match);
  if (!made.if_match) {
    return std::unexpected(
        error_answer(400, "bad_if_match",
                     "If-Match must be a revision as the ETag of GET /api/v1/config gives it, like \"12\""));
  }
  return made;
}

}  // namespace sluice::admin
