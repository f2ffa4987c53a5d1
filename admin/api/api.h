// The REST API: which request means what, and what is answered. No HTTP library here; HttpServer calls
// handle() from several threads at once. docs/admin_api.md describes it for people.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <string_view>

#include "admin/api/config_service.h"
#include "admin/api/gateway_facts.h"
#include "admin/api/http_types.h"
#include "admin/api/status_pages.h"
#include "admin/link/data_plane_link.h"
#include "admin/store/store.h"

namespace sluice::admin {

class Api {
 public:
  // All three outlive this.
  Api(ConfigService& service, Store& store, DataPlaneLink& link, std::string version);
  ApiResponse handle(const ApiRequest& request);

 private:
  ApiResponse dispatch(const ApiRequest& request);
  ApiResponse get_config(const ApiRequest& request);
  ApiResponse put_config(const ApiRequest& request);
  ApiResponse validate_config(const ApiRequest& request);
  ApiResponse list_revisions(const ApiRequest& request);
  ApiResponse get_revision(const ApiRequest& request, std::string_view id);
  ApiResponse activate_revision(const ApiRequest& request, std::string_view id);
  ApiResponse get_route(const std::string& name);
  ApiResponse put_route(const ApiRequest& request, const std::string& name);
  ApiResponse delete_route(const ApiRequest& request, const std::string& name);
  ApiResponse dispatch_config(const ApiRequest& request, std::string_view rest);
  ApiResponse dispatch_revisions(const ApiRequest& request, std::string_view rest);
  ApiResponse dispatch_routes(const ApiRequest& request, const std::string& name);
  GatewayFacts facts() const;

  ConfigService& service_;
  Store& store_;
  DataPlaneLink& link_;
  const std::string version_;
  const int64_t started_milliseconds_;
  PoolWatch pools_;
  std::atomic<int> changes_{0};  // Under way.
};

}  // namespace sluice::admin
