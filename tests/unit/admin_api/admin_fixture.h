// A whole admin in one process for tests: real SQLite file, real link to a fake data plane, real HTTP.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "admin/api/api.h"
#include "admin/api/config_service.h"
#include "admin/api/http_server.h"
#include "admin/link/data_plane_link.h"
#include "admin/store/sqlite_store.h"
#include "tests/unit/admin_link/fake_data_plane.h"
#include "tests/unit/admin_store/temporary_directory.h"

namespace sluice::admin {

// A listener and `routes` routes named r0, r1, … that answer by themselves.
std::string config_text(int routes, const std::string& body = "hello");
Config config_of_text(const std::string& text);

struct HttpAnswer {
  int status = 0;
  std::string body;
  std::string etag;
  std::string content_type;
  nlohmann::json json() const { return nlohmann::json::parse(body, nullptr, false); }
};

class AdminFixture : public testing::Test {
 protected:
  AdminFixture();
  ~AdminFixture() override;

  // Opens the store in the test's directory and starts what belongs to it; `file` as main would pass it.
  std::expected<void, ApplyError> start_admin(const std::string& file_text = "", bool allow_empty = false);
  void stop_admin();
  void start_data_plane();  // And waits until the admin is connected.
  bool wait_until(const std::function<bool()>& condition);
  bool wait_until_applied(uint64_t revision);

  HttpAnswer call(const std::string& method, const std::string& path, const std::string& body = "",
                  const std::map<std::string, std::string>& fields = {});
  uint64_t active_revision() { return service_->active() ? service_->active()->revision.id : 0; }

  TemporaryDirectory directory_;
  FakeDataPlane data_plane_;
  std::unique_ptr<SqliteStore> store_;
  std::unique_ptr<DataPlaneLink> link_;
  std::unique_ptr<ConfigService> service_;
  std::unique_ptr<Api> api_;
  std::unique_ptr<HttpServer> server_;
  int64_t born_ = 1'000;                    // First incarnation of a new database.
  std::map<std::string, IpAddress> names_;  // What the resolver knows.
};

}  // namespace sluice::admin
