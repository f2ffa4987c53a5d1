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

}  // namespace

int print_status(const Options& options) {
  const std::string address = admin_address(options);
  if (address.empty()) return 1;
  const auto answer = http_get(address, "/api/v1/status");
  if (!answer) {
    fprintf(stderr, "sluice: %s\n", answer.error().c_str());
    return 1;
  }
  if (options.json) {
    printf("%s\n", answer->body.c_str());
  } else {
    const auto document = nlohmann::json::parse(answer->body, nullptr, false);
    printf("%s\n", document.is_discarded() ? answer->body.c_str() : document.dump(2).c_str());
  }
  return answer->status == 200 ? 0 : 1;
}

}  // namespace sluice::cli
