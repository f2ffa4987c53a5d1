#include "admin/api/request_guard.h"

#include "admin/api/json_answer.h"

namespace sluice::admin {

std::optional<std::string> refuse_listen_address(const Endpoint& listen) {
  if (listen.ip && listen.ip->is_loopback()) return std::nullopt;
  if (listen.host == "localhost") return std::nullopt;
  return "admin.listen is " + to_text(listen) +
         ", which other machines can reach; this version serves the admin API on loopback only, use "
         "127.0.0.1:" +
         std::to_string(listen.port) + " or [::1]:" + std::to_string(listen.port) +
         " and a tunnel (ssh -L) from elsewhere";
}

RequestGuard::RequestGuard(const Endpoint& listen) : port_(":" + std::to_string(listen.port)) {
  const std::string text = to_text(listen);
  address_ = text.substr(0, text.size() - port_.size());
}

bool RequestGuard::is_ours(std::string_view authority) const {
  for (const std::string_view name : {"127.0.0.1", "localhost", "[::1]", address_.c_str()}) {
    if (!authority.starts_with(name)) continue;
    const std::string_view rest = authority.substr(name.size());
    // Health probes of service managers often leave the port out. That is no way in for a page: a browser
    // sends the name the page came from.
    if (rest == port_ || rest.empty()) return true;
  }
  return false;
}

std::optional<ApiResponse> RequestGuard::refuse(const ApiRequest& request) const {
  if (request.path.size() > kPathBytesMax) {
    return error_answer(414, "path_too_long",
                        "the path is longer than " + std::to_string(kPathBytesMax) + " bytes");
  }
  if (!is_ours(request.host)) {
    return error_answer(
        403, "host_not_allowed",
        "the Host header must be 127.0.0.1, localhost or [::1], with port " + port_.substr(1));
  }
  if (!request.origin.empty()) {
    constexpr std::string_view kScheme = "http://";
    const std::string_view origin = request.origin;
    if (!origin.starts_with(kScheme) || origin.substr(kScheme.size()) != request.host) {
      return error_answer(403, "origin_not_allowed", "requests from other web pages are not served");
    }
  }
  // Browsers that send no Origin with a GET still say where it comes from.
  if (!request.fetch_site.empty() && request.fetch_site != "same-origin" && request.fetch_site != "none") {
    return error_answer(403, "origin_not_allowed", "requests from other web pages are not served");
  }
  return std::nullopt;
}

uint64_t body_bytes_max(std::string_view method, std::string_view path) {
  const bool takes_config = (method == "PUT" && path == "/api/v1/config") ||
                            (method == "POST" && path == "/api/v1/config/validate");
  return takes_config ? kConfigBytesMax : kOtherBytesMax;
}

}  // namespace sluice::admin
