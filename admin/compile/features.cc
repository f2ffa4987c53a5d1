#include "admin/compile/features.h"

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

}  // namespace

void FeaturesDraft::append_key(std::string& key) const {
  if (is_empty()) return;
  append_number(key, split.size());
  for (const wire::SplitPart& part : split) {
    append_number(key, part.pool());
    append_number(key, part.timeouts());
    append_number(key, part.weight());
  }
  append_number(key, split_by_client);
}

flatbuffers::Offset<wire::RouteFeatures> FeaturesDraft::write(flatbuffers::FlatBufferBuilder& builder) const {
  if (is_empty()) return 0;
  flatbuffers::Offset<flatbuffers::Vector<const wire::SplitPart*>> parts;
  if (!split.empty()) parts = builder.CreateVectorOfStructs(split);
  wire::RouteFeaturesBuilder features(builder);
  features.add_split(parts);
  features.add_split_by_client(split_by_client);
  return features.Finish();
}

uint64_t SnapshotFeaturesDraft::bytes() const {
  constexpr uint64_t kStickyBytes = 1024;  // Name, attributes (path and domain of 255 bytes), four keys.
  return 128 + stickies_.size() * kStickyBytes;
}

flatbuffers::Offset<wire::SnapshotFeatures> SnapshotFeaturesDraft::write(
    flatbuffers::FlatBufferBuilder& builder) const {
  if (stickies_.empty()) return 0;
  std::vector<flatbuffers::Offset<wire::Sticky>> stickies;
  for (const PoolSticky& entry : stickies_)
    stickies.push_back(write_sticky(builder, entry.pool, *entry.sticky));
  const auto sticky_tables = builder.CreateVector(stickies);
  wire::SnapshotFeaturesBuilder features(builder);
  features.add_stickies(sticky_tables);
  return features.Finish();
}

}  // namespace sluice::admin
