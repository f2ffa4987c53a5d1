// What routes ask for beyond forwarding: every index and number of RouteFeatures.
#include "dataplane/decide/checks.h"
#include "dataplane/decide/text_rules.h"

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

Problem check_sticky(const Arrays& arrays, const wire::Sticky& sticky, const std::string& path) {
  constexpr size_t kCookieBytesMax = 64;
  constexpr size_t kAttributesBytesMax = 1024;
  constexpr uint32_t kKeysMax = 4;
  if (sticky.pool() >= arrays.pools.size()) {
    return dangling(path + ".pool", sticky.pool(), "pools", arrays.pools.size());
  }
  const std::string_view cookie = view(sticky.cookie());
  if (cookie.size() > kCookieBytesMax || !is_token(cookie))
    return bad(path + ".cookie", "is not a cookie's name");
  const std::string_view attributes = view(sticky.attributes());
  if (attributes.size() > kAttributesBytesMax || !is_field_value(attributes)) {
    return bad(path + ".attributes", "is longer than 1024 bytes or not part of a field value");
  }
  const uint32_t keys = sticky.keys() == nullptr ? 0 : sticky.keys()->size();
  if (keys == 0 || keys > kKeysMax) return bad(path + ".keys", "must be 1 to 4 keys");
  return std::nullopt;
}

Problem check_stickies(const Arrays& arrays, const wire::SnapshotFeatures& features) {
  if (features.stickies() == nullptr) return std::nullopt;
  for (uint32_t i = 0; i < features.stickies()->size(); ++i) {
    const std::string path = place("features.stickies", i);
    const wire::Sticky& sticky = *features.stickies()->Get(i);
    if (Problem problem = check_sticky(arrays, sticky, path)) return problem;
    if (i > 0 && features.stickies()->Get(i - 1)->pool() >= sticky.pool()) {
      return bad(path + ".pool", "does not come after the one before; compile the snapshot again");
    }
  }
  return std::nullopt;
}

}  // namespace

Problem check_features(const Arrays& arrays) {
  if (const wire::SnapshotFeatures* features = arrays.root->features()) {
    if (Problem problem = check_stickies(arrays, *features)) return problem;
  }
  for (uint32_t i = 0; i < arrays.policies.size(); ++i) {
    const wire::RouteFeatures* features = arrays.policies[i].features();
    if (features == nullptr) continue;
    const std::string path = place("policies", i, ".features");
    if (Problem problem = check_split(arrays, *features, path + ".split")) return problem;
  }
  return std::nullopt;
}

}  // namespace sluice::decide
