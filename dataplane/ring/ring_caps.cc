#include "dataplane/ring/ring_caps.h"

#include <charconv>

namespace sluice::dataplane {
namespace {

struct NamedCap {
  uint32_t bit;
  std::string_view name;
};
constexpr NamedCap kNames[] = {
    {RingCaps::kNoSqArray, "no_sq_array"},        {RingCaps::kBundles, "bundles"},
    {RingCaps::kMinimumWait, "minimum_wait"},     {RingCaps::kNoIowait, "no_iowait"},
    {RingCaps::kReceiveBudget, "receive_budget"}, {RingCaps::kVectorizedSend, "vectorized_send"},
};

struct Release {
  std::string_view kernel;
  uint32_t bits;  // What that release can do, of the above.
};
constexpr uint32_t k66 = RingCaps::kNoSqArray;
constexpr uint32_t k610 = k66 | RingCaps::kBundles;
constexpr uint32_t k612 = k610 | RingCaps::kMinimumWait;
constexpr uint32_t k618 = k612 | RingCaps::kNoIowait | RingCaps::kReceiveBudget | RingCaps::kVectorizedSend;
constexpr Release kReleases[] = {{"6.1", 0}, {"6.6", k66}, {"6.10", k610}, {"6.12", k612}, {"6.18", k618}};

}  // namespace

std::expected<RingCaps, std::string> parse_caps_mask(std::string_view text) {
  for (const Release& release : kReleases) {
    if (text == release.kernel) return RingCaps{release.bits};
  }
  if (text.starts_with("0x")) {
    const char* end = text.data() + text.size();
    uint32_t bits = 0;
    const auto [stop, error] = std::from_chars(text.data() + 2, end, bits, 16);
    if (error == std::errc{} && stop == end) return RingCaps{bits};
  }
  return std::unexpected("RING_CAPS_MASK is \"" + std::string(text) +
                         "\"; it must be 6.1, 6.6, 6.10, 6.12, 6.18 or a mask like 0x1f");
}

std::string describe(RingCaps caps) {
  std::string text;
  for (const NamedCap& cap : kNames) {
    if (!caps.has(cap.bit)) continue;
    if (!text.empty()) text += ' ';
    text += cap.name;
  }
  return text.empty() ? "none" : text;
}

}  // namespace sluice::dataplane
