// Any bytes as a JSON configuration, and as one route.
#include "tests/fuzz/config/accepted_config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  sluice::fuzz::check_text(text, sluice::admin::Format::json);
  const auto route =
      sluice::admin::load_route(text, sluice::admin::Format::json, sluice::fuzz::fuzz_options());
  CHECK(route.has_value() || !route.error().empty());
  return 0;
}
