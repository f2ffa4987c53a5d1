// The API's own shapes: what a change answers, how an error looks, what a revision shows. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string_view>

#include "admin/api/config_service.h"
#include "admin/api/http_types.h"
#include "admin/model/load.h"

namespace sluice::admin {

ApiResponse applied_answer(const Applied& applied);
ApiResponse apply_error_answer(const ApplyError& error);
ApiResponse config_errors_answer(const ConfigErrors& errors);
nlohmann::ordered_json revision_json(const Revision& revision, uint64_t active);
std::string etag_of(uint64_t revision);

// If-Match, allow_empty and comment of a changing request. The answer that refuses it otherwise.
std::expected<ApplyRequest, ApiResponse> apply_request_of(const ApiRequest& request);
// "1", "true" and a bare name mean yes.
bool has_flag(const ApiRequest& request, const std::string& name);
Format format_of(std::string_view content_type);
// Decimal digits only.
std::optional<uint64_t> number_of(std::string_view text);

}  // namespace sluice::admin
