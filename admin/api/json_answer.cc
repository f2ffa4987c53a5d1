#include "admin/api/json_answer.h"

#include <time.h>

#include <cstdio>

namespace sluice::admin {

std::string to_text(const nlohmann::ordered_json& json) {
  return json.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

ApiResponse json_answer(int status, const nlohmann::ordered_json& json) {
  return {.status = status, .body = to_text(json) + "\n"};
}

ApiResponse error_answer(int status, std::string_view code, std::string_view message,
                         nlohmann::ordered_json details) {
  return json_answer(status,
                     {{"error", {{"code", code}, {"message", message}, {"details", std::move(details)}}}});
}

std::string to_utc(int64_t unix_milliseconds) {
  const time_t seconds = static_cast<time_t>(unix_milliseconds / 1'000);
  tm parts{};
  gmtime_r(&seconds, &parts);
  char text[48];
  const size_t length = strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts);
  std::snprintf(text + length, sizeof(text) - length, ".%03dZ", static_cast<int>(unix_milliseconds % 1'000));
  return text;
}

}  // namespace sluice::admin
