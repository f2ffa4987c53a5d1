#include "admin/compile/features.h"

namespace sluice::admin {
namespace {

void append_number(std::string& key, uint64_t number) {
  key.append(reinterpret_cast<const char*>(&number), sizeof(number));
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

}  // namespace sluice::admin
