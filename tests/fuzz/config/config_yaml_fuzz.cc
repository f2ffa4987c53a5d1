// Any bytes as a YAML configuration.
#include "tests/fuzz/config/accepted_config.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  sluice::fuzz::check_text({reinterpret_cast<const char*>(data), size}, sluice::admin::Format::yaml);
  return 0;
}
