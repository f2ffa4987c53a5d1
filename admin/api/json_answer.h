// Answers in JSON. Every error of the API has one shape: {"error":{"code","message","details"}}.
#pragma once

#include <nlohmann/json.hpp>
#include <string>
#include <string_view>

#include "admin/api/http_types.h"

namespace sluice::admin {

// Never throws: bytes that are not UTF-8 (a peer's text) are replaced.
std::string to_text(const nlohmann::ordered_json& json);
ApiResponse json_answer(int status, const nlohmann::ordered_json& json);
ApiResponse error_answer(int status, std::string_view code, std::string_view message,
                         nlohmann::ordered_json details = nlohmann::ordered_json::object());
// "2026-01-02T03:04:05.678Z"
std::string to_utc(int64_t unix_milliseconds);

}  // namespace sluice::admin
