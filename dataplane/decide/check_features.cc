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

template <typename Steps, typename IsAscending>
Problem check_steps(const Steps* steps, const std::string& path, IsAscending is_ascending) {
  if (steps == nullptr || steps->size() == 0) return bad(path, "is empty; it must cover every address");
  for (uint32_t i = 0; i < steps->size(); ++i) {
    const auto* before = i == 0 ? nullptr : steps->Get(i - 1);
    if (!is_ascending(before, *steps->Get(i))) {
      return bad(path + place("", i), i == 0 ? "does not begin at 0" : "does not come after the one before");
    }
  }
  return std::nullopt;
}

Problem check_access_list(const wire::AccessList& list, const std::string& path) {
  const auto is_after4 = [](const wire::AddressStep4* before, const wire::AddressStep4& step) {
    return before == nullptr ? step.first() == 0 : before->first() < step.first();
  };
  if (Problem problem = check_steps(list.v4(), path + ".v4", is_after4)) return problem;
  const auto is_after6 = [](const wire::AddressStep6* before, const wire::AddressStep6& step) {
    for (uint32_t i = 0; i < 4; ++i) {
      const uint32_t first = step.first()->Get(i);
      const uint32_t previous = before == nullptr ? 0 : before->first()->Get(i);
      if (first != previous) return before != nullptr && previous < first;
    }
    return before == nullptr;
  };
  return check_steps(list.v6(), path + ".v6", is_after6);
}

Problem check_error_pages(const Arrays& arrays, const wire::ErrorPageSet& set, const std::string& path) {
  const uint32_t count = set.pages() == nullptr ? 0 : set.pages()->size();
  if (count == 0) return bad(path, "is empty");
  for (uint32_t i = 0; i < count; ++i) {
    const wire::ErrorPage& page = *set.pages()->Get(i);
    const bool is_code = page.code() == 4 || page.code() == 5 || (page.code() >= 400 && page.code() <= 599);
    if (!is_code) return bad(path + place("", i, ".code"), "is not 4, 5 or 400 to 599");
    if (i > 0 && set.pages()->Get(i - 1)->code() >= page.code()) {
      return bad(path + place("", i, ".code"), "does not come after the one before");
    }
    if (page.response() >= arrays.responses.size()) {
      return dangling(path + place("", i, ".response"), page.response(), "responses",
                      arrays.responses.size());
    }
  }
  return std::nullopt;
}

Problem check_basic_auth(const wire::BasicAuth& auth, const std::string& path) {
  constexpr size_t kRealmBytesMax = 128;
  constexpr size_t kHashBytesMax = 256;  // What a PasswordJob holds.
  const std::string_view realm = view(auth.realm());
  if (realm.empty() || realm.size() > kRealmBytesMax || !is_field_value(realm) ||
      realm.find_first_of("\"\\") != std::string_view::npos) {
    return bad(path + ".realm", "is empty, longer than 128 bytes, or has a quote, backslash or control byte");
  }
  const uint32_t count = auth.users() == nullptr ? 0 : auth.users()->size();
  if (count == 0) return bad(path + ".users", "is empty");
  std::string_view before;
  for (uint32_t i = 0; i < count; ++i) {
    const std::string_view name = view(auth.users()->Get(i)->name());
    const std::string_view hash = view(auth.users()->Get(i)->hash());
    if (name.size() > kNameBytesMax || name <= before) {
      return bad(path + place(".users", i, ".name"), "is empty, too long or not after the one before");
    }
    if (hash.empty() || hash.size() > kHashBytesMax || has_control_bytes(hash)) {
      return bad(path + place(".users", i, ".hash"), "is empty, longer than 256 bytes or has a control byte");
    }
    before = name;
  }
  return std::nullopt;
}

template <typename Vector>
uint32_t size_of(const Vector* vector) {
  return vector == nullptr ? 0 : vector->size();
}

// kNone or below the size of the list.
Problem check_index(uint32_t index, std::string_view list, uint32_t size, std::string path) {
  if (index == kNone || index < size) return std::nullopt;
  return dangling(std::move(path), index, list, size);
}

Problem check_snapshot_features(const Arrays& arrays, const wire::SnapshotFeatures& features) {
  if (Problem problem = check_stickies(arrays, features)) return problem;
  const uint32_t lists = size_of(features.access_lists());
  for (uint32_t i = 0; i < lists; ++i) {
    if (Problem problem =
            check_access_list(*features.access_lists()->Get(i), place("features.access_lists", i))) {
      return problem;
    }
  }
  if (features.listener_access() != nullptr &&
      features.listener_access()->size() != arrays.listeners.size()) {
    return bad("features.listener_access", "must have one entry per listener");
  }
  for (uint32_t i = 0; i < size_of(features.listener_access()); ++i) {
    if (Problem problem = check_index(features.listener_access()->Get(i), "features.access_lists", lists,
                                      place("features.listener_access", i))) {
      return problem;
    }
  }
  for (uint32_t i = 0; i < size_of(features.error_page_sets()); ++i) {
    if (Problem problem = check_error_pages(arrays, *features.error_page_sets()->Get(i),
                                            place("features.error_page_sets", i))) {
      return problem;
    }
  }
  for (uint32_t i = 0; i < size_of(features.basic_auths()); ++i) {
    if (Problem problem =
            check_basic_auth(*features.basic_auths()->Get(i), place("features.basic_auths", i))) {
      return problem;
    }
  }
  return check_index(features.error_pages(), "features.error_page_sets", size_of(features.error_page_sets()),
                     "features.error_pages");
}

Problem check_route_features(const Arrays& arrays, const wire::RouteFeatures& features,
                             const std::string& path) {
  const wire::SnapshotFeatures* shared = arrays.root->features();
  const uint32_t lists = shared == nullptr ? 0 : size_of(shared->access_lists());
  const uint32_t sets = shared == nullptr ? 0 : size_of(shared->error_page_sets());
  Problem problem = check_split(arrays, features, path + ".split");
  if (!problem) problem = check_index(features.access(), "features.access_lists", lists, path + ".access");
  if (!problem) {
    problem =
        check_index(features.maintenance(), "responses", arrays.responses.size(), path + ".maintenance");
  }
  if (!problem) {
    problem = check_index(features.maintenance_access(), "features.access_lists", lists,
                          path + ".maintenance_access");
  }
  if (!problem) {
    problem = check_index(features.error_pages(), "features.error_page_sets", sets, path + ".error_pages");
  }
  const uint32_t auths = shared == nullptr ? 0 : size_of(shared->basic_auths());
  if (!problem) {
    problem = check_index(features.basic_auth(), "features.basic_auths", auths, path + ".basic_auth");
  }
  return problem;
}

}  // namespace

Problem check_features(const Arrays& arrays) {
  if (const wire::SnapshotFeatures* features = arrays.root->features()) {
    if (Problem problem = check_snapshot_features(arrays, *features)) return problem;
  }
  for (uint32_t i = 0; i < arrays.policies.size(); ++i) {
    const wire::RouteFeatures* features = arrays.policies[i].features();
    if (features == nullptr) continue;
    if (Problem problem = check_route_features(arrays, *features, place("policies", i, ".features"))) {
      return problem;
    }
  }
  return std::nullopt;
}

}  // namespace sluice::decide
