#include "tools/cli/status.h"

#include <cstdio>
#include <nlohmann/json.hpp>

#include "admin/model/address.h"
#include "admin/model/system_sources.h"
#include "tools/cli/http_client.h"

namespace sluice::cli {
namespace {

// Where to ask: --admin, else what the configuration says, else the default. Empty: it said why not.
std::string admin_address(const Options& options) {
  if (!options.admin_address.empty()) return options.admin_address;
  admin::Admin settings;
  if (!options.config_path.empty()) {
    const auto config = admin::load_config_file(options.config_path);
    if (!config) {
      fprintf(stderr, "%s\nsluice: where does the admin process listen? Repair the file, or pass --admin\n",
              admin::to_text(config.error()).c_str());
      return "";
    }
    settings = config->admin;
  }
  return admin::to_text(settings.listen);
}

using Json = nlohmann::json;

// Empty when it is missing or null; the answer may come from another version.
std::string text_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "";
  return found->is_string() ? found->get<std::string>() : found->dump();
}
Json object_at(const Json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_object() ? *found : Json::object();
}

void print_data_plane(const Json& plane) {
  if (text_at(plane, "connected") != "true")
    printf("data plane   not connected: %s\n", text_at(plane, "trouble").c_str());
  if (!plane.contains("pid")) return;
  printf("data plane   pid %s, %s workers, %s connections, %s requests under way%s\n",
         text_at(plane, "pid").c_str(), text_at(plane, "workers").c_str(),
         text_at(plane, "connections").c_str(), text_at(plane, "streams").c_str(),
         text_at(plane, "draining") == "true" ? ", draining" : "");
  printf("             serves revision %s (generation %s, stable %s)\n",
         text_at(plane, "applied_revision").c_str(), text_at(object_at(plane, "applied"), "number").c_str(),
         text_at(object_at(plane, "stable"), "number").c_str());
  const Json rejection = object_at(plane, "last_rejection");
  if (rejection.empty()) return;
  printf("             refused revision %s at %s: %s %s: %s\n", text_at(rejection, "revision").c_str(),
         text_at(rejection, "time").c_str(), text_at(rejection, "code").c_str(),
         text_at(rejection, "path").c_str(), text_at(rejection, "message").c_str());
}

void print_for_people(const Json& status) {
  const Json gateway = object_at(status, "gateway");
  const Json config = object_at(status, "config");
  const Json reload = object_at(config, "last_reload");
  const bool ready = text_at(status, "ready") == "true";
  printf("gateway      %s, version %s, %s%s\n", text_at(gateway, "name").c_str(),
         text_at(gateway, "version").c_str(),
         ready ? "ready" : "not ready: ", text_at(status, "not_ready_because").c_str());
  printf("config       revision %s: %s listeners, %s routes, %s pools, %s peers\n",
         text_at(config, "revision").c_str(), text_at(config, "listeners").c_str(),
         text_at(config, "routes").c_str(), text_at(config, "pools").c_str(),
         text_at(config, "peers").c_str());
  if (text_at(reload, "success") == "false") {
    printf("             the last change was refused at %s: %s\n", text_at(reload, "time").c_str(),
           text_at(reload, "error").c_str());
  }
  const auto planes = status.find("data_planes");
  if (planes == status.end() || !planes->is_array()) return;
  for (const Json& plane : *planes) print_data_plane(plane);
}

}  // namespace

int print_status(const Options& options) {
  const std::string address = admin_address(options);
  if (address.empty()) return 1;
  const auto answer = http_get(address, "/api/v1/status");
  if (!answer) {
    fprintf(stderr, "sluice: %s\n", answer.error().c_str());
    return 1;
  }
  const Json status = Json::parse(answer->body, nullptr, false);
  if (options.json || !status.is_object()) {
    printf("%s\n", answer->body.c_str());
  } else {
    print_for_people(status);
  }
  return answer->status == 200 ? 0 : 1;
}

}  // namespace sluice::cli
