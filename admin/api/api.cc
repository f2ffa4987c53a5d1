#include "admin/api/api.h"

#include <initializer_list>
#include <utility>

#include "admin/api/json_answer.h"
#include "admin/api/metrics_page.h"
#include "admin/api/openmetrics_writer.h"
#include "admin/link/clock.h"

namespace sluice::admin {
namespace {

// Below the number of threads of HttpServer: probes are answered even while a hung data plane holds every
// change for its five seconds.
constexpr int kChangesMax = 12;

bool is_read(const ApiRequest& request) {
  return request.method == "GET" || request.method == "HEAD";
}

ApiResponse not_found(const ApiRequest& request) {
  return error_answer(404, "not_found",
                      "there is nothing at " + request.path + "; the API is under /api/v1/");
}

ApiResponse method_not_allowed(std::string_view allowed) {
  ApiResponse answer = error_answer(405, "method_not_allowed", "allowed here: " + std::string(allowed));
  answer.headers.emplace_back("Allow", std::string(allowed));
  return answer;
}

}  // namespace

Api::Api(ConfigService& service, Store& store, DataPlaneLink& link, std::string version)
    : service_(service),
      store_(store),
      link_(link),
      version_(std::move(version)),
      started_milliseconds_(unix_milliseconds()) {}

GatewayFacts Api::facts() const {
  return {.gateway_id = store_.identity().gateway_id,
          .version = version_,
          .now_milliseconds = unix_milliseconds(),
          .started_milliseconds = started_milliseconds_,
          .active = service_.active(),
          .reload = service_.reload_report(),
          .data_plane = link_.view()};
}

ApiResponse Api::handle(const ApiRequest& request) {
  if (is_read(request)) return dispatch(request);
  struct Place {
    std::atomic<int>& count;
    const int others = count.fetch_add(1);
    ~Place() { count.fetch_sub(1); }
  };
  if (const Place place{changes_}; place.others < kChangesMax) return dispatch(request);
  ApiResponse answer = error_answer(503, "busy", "too many changes at once; try again");
  answer.headers.emplace_back("Retry-After", "1");
  return answer;
}

ApiResponse Api::dispatch(const ApiRequest& request) {
  const std::string& path = request.path;
  constexpr std::string_view kPrefix = "/api/v1/";
  if (path.starts_with(kPrefix)) {
    const std::string_view rest = std::string_view(path).substr(kPrefix.size());
    if (rest == "config" || rest.starts_with("config/")) return dispatch_config(request, rest.substr(6));
    if (rest == "revisions" || rest.starts_with("revisions/"))
      return dispatch_revisions(request, rest.substr(9));
    if (rest.starts_with("routes/") && rest.size() > 7)
      return dispatch_routes(request, std::string(rest.substr(7)));
    if (rest == "status") return is_read(request) ? status_page(facts()) : method_not_allowed("GET, HEAD");
    return not_found(request);
  }
  const bool is_page =
      path == "/healthz" || path == "/livez" || path == "/readyz" || path == "/health" || path == "/metrics";
  if (!is_page) return not_found(request);
  if (!is_read(request)) return method_not_allowed("GET, HEAD");
  if (path == "/readyz") return ready_page(facts());
  if (path == "/metrics")
    return {.content_type = std::string(kOpenMetricsType), .body = metrics_page(facts())};
  if (path == "/health") {
    const GatewayFacts now = facts();
    return health_page(now, pools_.look(now.data_plane.stats.get()));
  }
  // Alive means that this process answers; what it knows about others belongs to the other pages.
  return json_answer(200, {{"alive", true}});
}

ApiResponse Api::dispatch_config(const ApiRequest& request, std::string_view rest) {
  if (rest == "/validate") {
    return request.method == "POST" ? validate_config(request) : method_not_allowed("POST");
  }
  if (!rest.empty()) return not_found(request);
  if (is_read(request)) return get_config(request);
  if (request.method == "PUT") return put_config(request);
  return method_not_allowed("GET, HEAD, PUT");
}

ApiResponse Api::dispatch_revisions(const ApiRequest& request, std::string_view rest) {
  if (rest.empty()) return is_read(request) ? list_revisions(request) : method_not_allowed("GET, HEAD");
  rest.remove_prefix(1);
  constexpr std::string_view kActivate = "/activate";
  if (rest.ends_with(kActivate)) {
    rest.remove_suffix(kActivate.size());
    return request.method == "POST" ? activate_revision(request, rest) : method_not_allowed("POST");
  }
  return is_read(request) ? get_revision(request, rest) : method_not_allowed("GET, HEAD");
}

ApiResponse Api::dispatch_routes(const ApiRequest& request, const std::string& name) {
  if (is_read(request)) return get_route(name);
  if (request.method == "PUT") return put_route(request, name);
  if (request.method == "DELETE") return delete_route(request, name);
  return method_not_allowed("GET, HEAD, PUT, DELETE");
}

}  // namespace sluice::admin
