// What routes, pools and listeners ask for beyond forwarding, on its way into the snapshot.
#pragma once

#include <string>
#include <vector>

#include "admin/model/config.h"
#include "schemas/snapshot_generated.h"

namespace sluice::admin {

// A route's features as the policy carries them: small values and indices, so that equal policies are told
// by their keys.
struct FeaturesDraft {
  std::vector<wire::SplitPart> split;
  bool split_by_client = false;

  bool is_empty() const { return split.empty(); }
  void append_key(std::string& key) const;
  flatbuffers::Offset<wire::RouteFeatures> write(flatbuffers::FlatBufferBuilder& builder) const;
};

}  // namespace sluice::admin
