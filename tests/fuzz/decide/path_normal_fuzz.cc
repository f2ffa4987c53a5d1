// Paths: the fast form agrees with the slow one, never writes more than it read, and what it gives is final.
// The first byte chooses the policy.
#include <memory>

#include "schemas/base/check.h"
#include "tests/unit/decide/path_reference.h"

namespace sluice::decide {
namespace {

void check_path(std::string_view path, const PathPolicy& policy) {
  // A block of exactly the promised size: writing past it is an error under AddressSanitizer.
  const std::unique_ptr<char[]> out(new char[path.size()]);
  const auto result = normal_path(path, policy, out.get());
  const auto expected = testing::reference_normal_path(path, policy);
  CHECK(result.has_value() == expected.has_value());
  if (!result) return;
  CHECK(*result == *expected);
  const std::unique_ptr<char[]> again(new char[result->size()]);
  const auto twice = normal_path(*result, policy, again.get());
  CHECK(twice.has_value() && *twice == *result);
}

}  // namespace
}  // namespace sluice::decide

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace sluice;
  if (size < 2) return 0;
  std::string path(reinterpret_cast<const char*>(data) + 1, size - 1);
  path[0] = '/';
  const decide::PathPolicy policy{static_cast<wire::PathMode>(data[0] % 3),
                                  static_cast<wire::EncodedSlash>(data[0] / 3 % 3), data[0] / 9 % 2 == 0};
  decide::check_path(path, policy);
  return 0;
}
