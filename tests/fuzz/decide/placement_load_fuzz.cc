// Whatever bytes Placement::load takes, find() finds exactly the listed peers.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "dataplane/decide/placement.h"
#include "schemas/base/check.h"

#ifdef SLUICE_LIBFUZZER
#include "tests/fuzz/decide/in_place_mutator.h"

extern "C" size_t LLVMFuzzerCustomMutator(uint8_t* data, size_t size, size_t max_size, unsigned int seed) {
  return sluice::testing::mutate_in_place(data, size, max_size, seed);
}
#endif

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<std::byte> bytes(reinterpret_cast<const std::byte*>(data),
                               reinterpret_cast<const std::byte*>(data) + size);
  const auto placement = sluice::decide::Placement::load(bytes);
  if (!placement) {
    CHECK(!placement.error().code.empty() && !placement.error().message.empty());
    return 0;
  }
  const auto* listed = sluice::wire::GetPlacement(bytes.data())->peers();
  for (uint32_t i = 0; listed != nullptr && i < listed->size(); ++i) {
    const sluice::wire::PeerPlacement* found = (*placement)->find(listed->Get(i)->peer());
    CHECK(found != nullptr && found->peer() == listed->Get(i)->peer());
    CHECK(found->stand_in() != found->peer());
  }
  CHECK((*placement)->find(0) == nullptr);
  return 0;
}
