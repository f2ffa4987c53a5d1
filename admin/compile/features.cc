#include "admin/compile/features.h"

#include <algorithm>

#include "schemas/base/sip_hash.h"

namespace sluice::admin {
namespace {

void append_number(std::string& key, uint64_t number) {
  key.append(reinterpret_cast<const char*>(&number), sizeof(number));
}

// The key of a secret text. SipHash with a key of its own that everybody may know: it only has to carry the
// secret's 128 bits of surprise over, nobody sees its result (ADR 0018).
wire::SecretKey derive_key(std::string_view secret) {
  constexpr SipKey kSalt{0x736c756963652f73, 0x7469636b792f3031};
  const SipTag tag = sip_hash_128(kSalt, bytes_of(secret));
  const uint32_t words[4] = {static_cast<uint32_t>(tag.low), static_cast<uint32_t>(tag.low >> 32),
                             static_cast<uint32_t>(tag.high), static_cast<uint32_t>(tag.high >> 32)};
  return wire::SecretKey(flatbuffers::span<const uint32_t, 4>(words));
}

std::string attributes_of(const Sticky& sticky) {
  constexpr std::string_view kSites[] = {"Lax", "Strict", "None"};
  std::string text = "; Path=" + sticky.path;
  if (!sticky.domain.empty()) text += "; Domain=" + sticky.domain;
  if (sticky.max_age_seconds > 0) text += "; Max-Age=" + std::to_string(sticky.max_age_seconds);
  text += "; SameSite=";
  text += kSites[static_cast<size_t>(sticky.same_site)];
  if (sticky.secure) text += "; Secure";
  if (sticky.http_only) text += "; HttpOnly";
  return text;
}

flatbuffers::Offset<wire::Sticky> write_sticky(flatbuffers::FlatBufferBuilder& builder, uint32_t pool,
                                               const Sticky& sticky) {
  const auto cookie = builder.CreateString(sticky.cookie);
  const auto attributes = builder.CreateString(attributes_of(sticky));
  std::vector<wire::SecretKey> keys;
  for (const std::string& secret : sticky.keys) keys.push_back(derive_key(secret));
  return wire::CreateSticky(builder, pool, cookie, attributes, sticky.max_age_seconds,
                            builder.CreateVectorOfStructs(keys));
}

flatbuffers::Offset<wire::BasicAuth> write_basic_auth(flatbuffers::FlatBufferBuilder& builder,
                                                      const BasicAuth& auth) {
  std::vector<flatbuffers::Offset<wire::BasicUser>> users;
  for (const BasicUser& user : auth.users) {
    const auto name = builder.CreateString(user.name);
    const auto hash = builder.CreateString(user.hash);
    users.push_back(wire::CreateBasicUser(builder, name, hash));
  }
  const auto realm = builder.CreateString(auth.realm);
  const auto user_tables = builder.CreateVector(users);
  return wire::CreateBasicAuth(builder, realm, user_tables, auth.forward_header);
}

}  // namespace

bool FeaturesDraft::is_empty() const {
  return split.empty() && access == kNoIndex && maintenance == kNoIndex && error_pages == kNoIndex &&
         basic_auth == kNoIndex;
}

void FeaturesDraft::append_key(std::string& key) const {
  if (is_empty()) return;
  append_number(key, split.size());
  for (const wire::SplitPart& part : split) {
    append_number(key, part.pool());
    append_number(key, part.timeouts());
    append_number(key, part.weight());
  }
  for (const uint32_t number : {static_cast<uint32_t>(split_by_client), access, maintenance,
                                maintenance_access, error_pages, basic_auth}) {
    append_number(key, number);
  }
}

flatbuffers::Offset<wire::RouteFeatures> FeaturesDraft::write(flatbuffers::FlatBufferBuilder& builder) const {
  if (is_empty()) return 0;
  flatbuffers::Offset<flatbuffers::Vector<const wire::SplitPart*>> parts;
  if (!split.empty()) parts = builder.CreateVectorOfStructs(split);
  wire::RouteFeaturesBuilder features(builder);
  features.add_split(parts);
  features.add_split_by_client(split_by_client);
  features.add_access(access);
  features.add_maintenance(maintenance);
  features.add_maintenance_access(maintenance_access);
  features.add_error_pages(error_pages);
  features.add_basic_auth(basic_auth);
  return features.Finish();
}

uint32_t SnapshotFeaturesDraft::add_access(const Access& access) {
  if (access.is_empty()) return kNoIndex;
  AccessSteps steps = access_steps(access);
  std::string key;
  append_number(key, steps.v4.size());
  for (const wire::AddressStep4& step : steps.v4)
    append_number(key, step.first() | uint64_t{step.allowed()} << 32);
  for (const wire::AddressStep6& step : steps.v6) {
    for (uint32_t i = 0; i < 4; ++i) append_number(key, step.first()->Get(i));
    append_number(key, step.allowed());
  }
  const auto [index, is_new] = access_index_.add(std::move(key));
  if (is_new) {
    list_bytes_ +=
        128 + steps.v4.size() * sizeof(wire::AddressStep4) + steps.v6.size() * sizeof(wire::AddressStep6);
    access_lists_.push_back(std::move(steps));
  }
  return index;
}

uint32_t SnapshotFeaturesDraft::add_error_pages(std::vector<wire::ErrorPage> pages) {
  if (pages.empty()) return kNoIndex;
  std::string key;
  for (const wire::ErrorPage& page : pages) append_number(key, page.code() | uint64_t{page.response()} << 32);
  const auto [index, is_new] = error_pages_index_.add(std::move(key));
  if (is_new) {
    list_bytes_ += 128 + pages.size() * sizeof(wire::ErrorPage);
    error_page_sets_.push_back(std::move(pages));
  }
  return index;
}

uint32_t SnapshotFeaturesDraft::add_basic_auth(const BasicAuth& auth) {
  std::string key = auth.realm;
  key += '\0';
  append_number(key, auth.forward_header);
  for (const BasicUser& user : auth.users) key += user.name + '\0' + user.hash + '\0';
  const uint64_t key_bytes = key.size();
  const auto [index, is_new] = basic_auth_index_.add(std::move(key));
  if (is_new) {
    list_bytes_ += 128 + 64 * auth.users.size() + 2 * key_bytes;
    basic_auths_.push_back(&auth);
  }
  return index;
}

bool SnapshotFeaturesDraft::has_listener_access() const {
  return std::any_of(listener_access_.begin(), listener_access_.end(),
                     [](uint32_t access) { return access != kNoIndex; });
}

uint64_t SnapshotFeaturesDraft::bytes() const {
  constexpr uint64_t kStickyBytes = 1024;  // Name, attributes (path and domain of 255 bytes), four keys.
  return 256 + stickies_.size() * kStickyBytes + listener_access_.size() * sizeof(uint32_t) + list_bytes_;
}

flatbuffers::Offset<wire::SnapshotFeatures> SnapshotFeaturesDraft::write(
    flatbuffers::FlatBufferBuilder& builder) const {
  if (stickies_.empty() && access_lists_.empty() && error_page_sets_.empty() && basic_auths_.empty())
    return 0;
  std::vector<flatbuffers::Offset<wire::Sticky>> stickies;
  for (const PoolSticky& entry : stickies_)
    stickies.push_back(write_sticky(builder, entry.pool, *entry.sticky));
  const auto sticky_tables = builder.CreateVector(stickies);
  std::vector<flatbuffers::Offset<wire::AccessList>> lists;
  for (const AccessSteps& steps : access_lists_) {
    const auto v4 = builder.CreateVectorOfStructs(steps.v4);
    const auto v6 = builder.CreateVectorOfStructs(steps.v6);
    lists.push_back(wire::CreateAccessList(builder, v4, v6));
  }
  const auto access_tables = builder.CreateVector(lists);
  std::vector<flatbuffers::Offset<wire::ErrorPageSet>> sets;
  for (const auto& pages : error_page_sets_) {
    sets.push_back(wire::CreateErrorPageSet(builder, builder.CreateVectorOfStructs(pages)));
  }
  const auto page_sets = builder.CreateVector(sets);
  std::vector<flatbuffers::Offset<wire::BasicAuth>> auths;
  for (const BasicAuth* auth : basic_auths_) auths.push_back(write_basic_auth(builder, *auth));
  const auto auth_tables = builder.CreateVector(auths);
  flatbuffers::Offset<flatbuffers::Vector<uint32_t>> listener_access;
  if (has_listener_access()) listener_access = builder.CreateVector(listener_access_);
  wire::SnapshotFeaturesBuilder features(builder);
  features.add_stickies(sticky_tables);
  features.add_listener_access(listener_access);
  features.add_access_lists(access_tables);
  features.add_error_page_sets(page_sets);
  features.add_error_pages(error_pages_);
  features.add_basic_auths(auth_tables);
  return features.Finish();
}

}  // namespace sluice::admin
