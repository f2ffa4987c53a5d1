#include "dataplane/decide/access.h"

namespace sluice::decide {
namespace {

uint32_t word_at(const IpAddress& address, uint32_t index) {
  const uint8_t* bytes = address.bytes.data() + 4 * index;
  return static_cast<uint32_t>(bytes[0]) << 24 | static_cast<uint32_t>(bytes[1]) << 16 |
         static_cast<uint32_t>(bytes[2]) << 8 | bytes[3];
}

// The last step that does not begin behind the address. The first one begins at 0.
template <typename Steps, typename BeginsBehind>
bool verdict(const Steps& steps, BeginsBehind begins_behind) {
  uint32_t low = 0;
  uint32_t high = steps.size();
  while (high - low > 1) {
    const uint32_t middle = low + (high - low) / 2;
    if (begins_behind(*steps.Get(middle))) {
      high = middle;
    } else {
      low = middle;
    }
  }
  return steps.Get(low)->allowed();
}

}  // namespace

bool is_allowed(const wire::AccessList& list, const IpAddress& address) {
  if (address.family == 4) {
    const uint32_t number = word_at(address, 0);
    return verdict(*list.v4(), [number](const wire::AddressStep4& step) { return step.first() > number; });
  }
  if (address.family != 6) return false;
  return verdict(*list.v6(), [&address](const wire::AddressStep6& step) {
    for (uint32_t i = 0; i < 4; ++i) {
      const uint32_t first = step.first()->Get(i);
      const uint32_t word = word_at(address, i);
      if (first != word) return first > word;
    }
    return false;
  });
}

}  // namespace sluice::decide
