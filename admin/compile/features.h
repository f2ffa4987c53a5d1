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

// What the snapshot carries beside its routes, pools and listeners.
class SnapshotFeaturesDraft {
 public:
  // `pool` is its number in the snapshot; pools come in ascending order. The Config outlives this.
  void add_sticky(uint32_t pool, const Sticky& sticky) { stickies_.push_back({pool, &sticky}); }

  uint64_t bytes() const;  // An upper bound of what write() takes.
  flatbuffers::Offset<wire::SnapshotFeatures> write(flatbuffers::FlatBufferBuilder& builder) const;

 private:
  struct PoolSticky {
    uint32_t pool;
    const Sticky* sticky;
  };
  std::vector<PoolSticky> stickies_;
};

}  // namespace sluice::admin
