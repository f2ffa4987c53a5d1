#include "tests/unit/admin_api/admin_fixture.h"

#include <httplib.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "admin/model/load.h"
#include "admin/model/print.h"

namespace sluice::admin {

std::string config_text(int routes, const std::string& body) {
  std::string text = "listeners:\n  - {name: web, address: \"127.0.0.1:8080\", protocol: http}\nroutes:";
  if (routes == 0) return text + " []\n";
  text += "\n";
  for (int i = 0; i < routes; ++i) {
    const std::string number = std::to_string(i);
    text += "  - {name: r" + number + ", match: {hosts: [h" + number +
            ".example], path_prefix: /}, respond: {status: 200, body: \"" + body + "\"}}\n";
  }
  return text;
}

Config config_of_text(const std::string& text) {
  auto config = load_config(text, Format::detect, {});
  EXPECT_TRUE(config.has_value()) << to_text(config.error());
  return config.value_or(Config{});
}

AdminFixture::AdminFixture() : data_plane_(directory_ / "dataplane.sock") {}
AdminFixture::~AdminFixture() {
  stop_admin();
}

std::expected<void, ApplyError> AdminFixture::start_admin(const std::string& file_text, bool allow_empty) {
  auto store = SqliteStore::open(directory_ / "sluice.db", born_);
  EXPECT_TRUE(store.has_value()) << store.error().message;
  store_ = std::move(*store);
  link_ = std::make_unique<DataPlaneLink>(
      LinkOptions{.socket_path = directory_ / "dataplane.sock", .uid = geteuid(), .seed = 1});
  service_ = std::make_unique<ConfigService>(*store_, *link_, [this](const std::string& host) {
    const auto found = names_.find(host);
    return found == names_.end()
               ? std::expected<IpAddress, std::string>(std::unexpected("unknown host " + host))
               : found->second;
  });
  ApplyRequest request{
      .source = RevisionSource::file, .author = "test", .allow_empty = allow_empty, .wait = {}};
  std::expected<void, ApplyError> started;
  if (file_text.empty()) {
    if (store_->active()->has_value()) started = service_->start(nullptr, request);
  } else {
    const Config file = config_of_text(file_text);
    const std::string canonical = to_json(file);
    request.file_hash = content_hash(std::as_bytes(std::span(canonical)));
    started = service_->start(&file, request);
  }
  api_ = std::make_unique<Api>(*service_, *store_, *link_, "0.1.0");
  auto server = HttpServer::bind({"127.0.0.1", 0, parse_ip("127.0.0.1")});
  EXPECT_TRUE(server.has_value()) << server.error();
  server_ = std::move(*server);
  server_->start([this](const ApiRequest& request) { return api_->handle(request); });
  return started;
}

void AdminFixture::stop_admin() {
  if (service_) service_->stop();
  server_.reset();
  api_.reset();
  service_.reset();
  link_.reset();
  store_.reset();
}

void AdminFixture::start_data_plane() {
  // Not just connected: the link may not have noticed yet that the one before is gone.
  const uint64_t before = link_->view().connections_made;
  data_plane_.start();
  ASSERT_TRUE(wait_until([&] { return link_->view().connected && link_->view().connections_made > before; }));
}

bool AdminFixture::wait_until(const std::function<bool()>& condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::yield();
  }
  return true;
}

bool AdminFixture::wait_until_applied(uint64_t revision) {
  return wait_until([&] { return link_->view().applied_revision == revision; });
}

HttpAnswer AdminFixture::call(const std::string& method, const std::string& path, const std::string& body,
                              const std::map<std::string, std::string>& fields) {
  httplib::Client client("127.0.0.1", server_->port());
  client.set_tcp_nodelay(true);
  client.set_read_timeout(20);
  httplib::Request request;
  request.method = method;
  request.path = path;
  request.body = body;
  for (const auto& [name, value] : fields) request.headers.emplace(name, value);
  const auto result = client.send(request);
  EXPECT_TRUE(result) << method << " " << path << ": " << httplib::to_string(result.error());
  if (!result) return {};
  return {result->status, result->body, result->get_header_value("ETag"),
          result->get_header_value("Content-Type")};
}

}  // namespace sluice::admin
