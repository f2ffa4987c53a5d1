// What each request of the API does.
#include <algorithm>

#include "admin/api/api.h"
#include "admin/api/api_answers.h"
#include "admin/api/json_answer.h"
#include "admin/model/print.h"

namespace sluice::admin {
namespace {

constexpr uint32_t kListDefault = 50;
constexpr uint32_t kListMax = 200;
constexpr const char* kYaml = "application/yaml";

// A configuration that comes through the API must not read this process's environment or files: both
// functions stay null.
LoadOptions request_options() {
  return {.file_name = "request", .bytes_max = 64ULL << 20};
}

bool wants_json(const ApiRequest& request) {
  return request.accept.find("json") != std::string::npos;
}

ApiResponse store_error_answer(const StoreError& error) {
  const bool is_missing = error.kind == StoreErrorKind::not_found;
  return error_answer(is_missing ? 404 : 503, is_missing ? "not_found" : "storage_failed", error.message);
}

}  // namespace

ApiResponse Api::get_config(const ApiRequest& request) {
  const auto active = service_.active();
  if (!active) return error_answer(404, "not_found", "no configuration is active yet; put one first");
  ApiResponse answer;
  const bool as_json = wants_json(request);
  answer.body = as_json ? to_json(*active->config) : to_yaml(*active->config);
  answer.content_type = as_json ? "application/json" : kYaml;
  answer.headers.emplace_back("ETag", etag_of(active->revision.id));
  return answer;
}

ApiResponse Api::put_config(const ApiRequest& request) {
  auto apply = apply_request_of(request);
  if (!apply) return apply.error();
  auto config = load_config(request.body, format_of(request.content_type), request_options());
  if (!config) {
    if (!has_flag(request, "dry_run")) service_.note_failure(to_text(config.error().front()));
    return config_errors_answer(config.error());
  }
  if (!has_flag(request, "dry_run")) {
    const auto applied = service_.apply_config(std::move(*config), *apply);
    return applied ? applied_answer(*applied) : apply_error_answer(applied.error());
  }
  const auto checked = service_.check(std::move(*config), *apply);
  if (!checked) return apply_error_answer(checked.error());
  const CheckVerdict& verdict = checked->verdict;
  if (verdict.rejected) {
    return error_answer(422, "rejected_by_data_plane",
                        "the data plane would refuse it: " + verdict.rejected->message,
                        {{"code", verdict.rejected->code},
                         {"path", verdict.rejected->path},
                         {"message", verdict.rejected->message}});
  }
  return json_answer(
      200, {{"dry_run", true},
            {"valid", true},
            {"data_plane",
             {{"verified", verdict.answered}, {"verify_microseconds", verdict.verify_microseconds}}}});
}

ApiResponse Api::validate_config(const ApiRequest& request) {
  auto config = load_config(request.body, format_of(request.content_type), request_options());
  if (!config) return config_errors_answer(config.error());
  const auto built = service_.validate(std::move(*config));
  if (!built) return apply_error_answer(built.error());
  return json_answer(200, {{"valid", true}});
}

ApiResponse Api::list_revisions(const ApiRequest& request) {
  uint64_t before = 0;
  uint64_t limit = kListDefault;
  for (const auto& [name, target] : {std::pair{"before", &before}, {"limit", &limit}}) {
    const auto given = request.query.find(name);
    if (given == request.query.end()) continue;
    const auto number = number_of(given->second);
    if (!number || *number == 0) {
      return error_answer(400, "bad_query", std::string(name) + " must be a number from 1");
    }
    *target = *number;
  }
  limit = std::min<uint64_t>(limit, kListMax);
  const auto revisions = store_.list(before, static_cast<uint32_t>(limit));
  if (!revisions) return store_error_answer(revisions.error());
  const auto active = service_.active();
  const uint64_t active_id = active ? active->revision.id : 0;
  auto list = nlohmann::ordered_json::array();
  for (const Revision& revision : *revisions) list.push_back(revision_json(revision, active_id));
  nlohmann::ordered_json json = {{"active", active_id}, {"revisions", std::move(list)}};
  if (revisions->size() == limit) json["next_before"] = revisions->back().id;
  return json_answer(200, json);
}

ApiResponse Api::get_revision(const ApiRequest& request, std::string_view id) {
  const auto number = number_of(id);
  if (!number) return error_answer(404, "not_found", "a revision is a number");
  const auto revision = store_.find(*number);
  if (!revision) return store_error_answer(revision.error());
  const auto config = service_.config_of(*number);
  if (!config) return apply_error_answer(config.error());
  if (request.accept.find("yaml") != std::string::npos)
    return {.content_type = kYaml, .body = to_yaml(*config)};
  const auto active = service_.active();
  // The configuration is put in as text: parsing nine megabytes only to print them again helps nobody.
  std::string body = to_text(revision_json(*revision, active ? active->revision.id : 0));
  body.pop_back();
  body += ",\"config\":" + to_json(*config) + "}\n";
  return {.body = std::move(body)};
}

ApiResponse Api::activate_revision(const ApiRequest& request, std::string_view id) {
  const auto number = number_of(id);
  if (!number) return error_answer(404, "not_found", "a revision is a number");
  const auto apply = apply_request_of(request);
  if (!apply) return apply.error();
  const auto applied = service_.activate(*number, *apply);
  return applied ? applied_answer(*applied) : apply_error_answer(applied.error());
}

ApiResponse Api::get_route(const std::string& name) {
  const auto active = service_.active();
  const Route* route = active ? active->config->find_route(name) : nullptr;
  if (route == nullptr) return error_answer(404, "not_found", "there is no route \"" + name + "\"");
  ApiResponse answer{.body = to_json(*route) + "\n"};
  answer.headers.emplace_back("ETag", etag_of(active->revision.id));
  return answer;
}

ApiResponse Api::put_route(const ApiRequest& request, const std::string& name) {
  const auto apply = apply_request_of(request);
  if (!apply) return apply.error();
  auto route = load_route(request.body, format_of(request.content_type), request_options());
  if (!route) {
    service_.note_failure(to_text(route.error().front()));
    return config_errors_answer(route.error());
  }
  if ((*route)->name != name) {
    return error_answer(
        422, "name_mismatch",
        "the body describes the route \"" + (*route)->name + "\", the path says \"" + name + "\"");
  }
  const auto applied = service_.put_route(std::move(*route), *apply);
  return applied ? applied_answer(*applied) : apply_error_answer(applied.error());
}

ApiResponse Api::delete_route(const ApiRequest& request, const std::string& name) {
  const auto apply = apply_request_of(request);
  if (!apply) return apply.error();
  const auto applied = service_.remove_route(name, *apply);
  return applied ? applied_answer(*applied) : apply_error_answer(applied.error());
}

}  // namespace sluice::admin
