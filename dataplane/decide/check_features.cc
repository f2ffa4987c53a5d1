// What routes ask for beyond forwarding: every index and number of RouteFeatures.
#include "dataplane/decide/checks.h"

namespace sluice::decide {
namespace {

constexpr uint32_t kSplitPartsMax = 64;
constexpr uint32_t kSplitWeightMax = 1'000'000;

SnapshotError bad(std::string path, std::string message) {
  return {"BAD_VALUE", std::move(path), std::move(message)};
}

SnapshotError dangling(std::string path, uint64_t index, std::string_view list, uint64_t size) {
  return {"DANGLING_REF", std::move(path),
          "refers to " + place(list, index) + ", but there are only " + std::to_string(size) +
              "; compile the snapshot again"};
}

Problem check_split(const Arrays& arrays, const wire::RouteFeatures& features, const std::string& path) {
  if (features.split() == nullptr) return std::nullopt;
  const uint32_t count = features.split()->size();
  if (count == 0 || count > kSplitPartsMax) return bad(path, "must have 1 to 64 parts");
  uint64_t sum = 0;
  for (uint32_t i = 0; i < count; ++i) {
    const wire::SplitPart& part = *features.split()->Get(i);
    if (part.pool() >= arrays.pools.size()) {
      return dangling(path + place("", i, ".pool"), part.pool(), "pools", arrays.pools.size());
    }
    if (part.timeouts() >= arrays.timeouts.size()) {
      return dangling(path + place("", i, ".timeouts"), part.timeouts(), "timeouts", arrays.timeouts.size());
    }
    if (part.weight() > kSplitWeightMax) return bad(path + place("", i, ".weight"), "is above 1000000");
    sum += part.weight();
  }
  if (sum == 0) return bad(path, "has only weights of 0; give one part a weight above 0");
  return std::nullopt;
}

}  // namespace

Problem check_features(const Arrays& arrays) {
  for (uint32_t i = 0; i < arrays.policies.size(); ++i) {
    const wire::RouteFeatures* features = arrays.policies[i].features();
    if (features == nullptr) continue;
    const std::string path = place("policies", i, ".features");
    if (Problem problem = check_split(arrays, *features, path + ".split")) return problem;
  }
  return std::nullopt;
}

}  // namespace sluice::decide
