// The HTTP server of the admin: cpp-httplib behind one handler function. Bounded in everything a local
// process could exhaust: connections being served, waiting connections, body bytes, time. One request per
// connection, so that a body nobody read can never be taken for a next request.
#pragma once

#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "admin/api/http_types.h"
#include "admin/model/address.h"

namespace sluice::admin {

class HttpServer {
 public:
  using Handler = std::function<ApiResponse(const ApiRequest&)>;  // Runs on several threads at once.

  // Binds (port 0: any) and refuses what is not loopback. Not serving yet: connections wait.
  static std::expected<std::unique_ptr<HttpServer>, std::string> bind(const Endpoint& listen);
  ~HttpServer();  // Stops.

  uint16_t port() const;
  void start(Handler handler);
  void stop();  // Returns when the last request is answered.

 private:
  struct Parts;
  explicit HttpServer(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace sluice::admin
