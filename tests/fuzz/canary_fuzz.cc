// A target with a planted bug: three bytes in, it aborts. tools/check runs it and expects the crash; when it
// does not come, the other targets' silence proves nothing.
#include <cstddef>
#include <cstdint>

#include "schemas/base/check.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const bool is_planted = size >= 3 && data[0] == 'b' && data[1] == 'u' && data[2] == 'g';
  CHECK(!is_planted);
  return 0;
}
