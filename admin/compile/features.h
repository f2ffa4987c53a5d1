// What routes, pools and listeners ask for beyond forwarding, on its way into the snapshot.
#pragma once

#include <string>
#include <vector>

#include "admin/compile/access_steps.h"
#include "admin/compile/key_table.h"
#include "admin/model/config.h"
#include "schemas/snapshot_generated.h"

namespace sluice::admin {

// A route's features as the policy carries them: small values and indices, so that equal policies are told
// by their keys.
struct FeaturesDraft {
  std::vector<wire::SplitPart> split;
  bool split_by_client = false;
  uint32_t access = kNoIndex;
  uint32_t maintenance = kNoIndex;
  uint32_t maintenance_access = kNoIndex;
  uint32_t error_pages = kNoIndex;
  uint32_t basic_auth = kNoIndex;

  bool is_empty() const;
  void append_key(std::string& key) const;
  flatbuffers::Offset<wire::RouteFeatures> write(flatbuffers::FlatBufferBuilder& builder) const;
};

// What the snapshot carries beside its routes, pools and listeners.
class SnapshotFeaturesDraft {
 public:
  // `pool` is its number in the snapshot; pools come in ascending order. The Config outlives this.
  void add_sticky(uint32_t pool, const Sticky& sticky) { stickies_.push_back({pool, &sticky}); }

  // Indices; equal ones share. kNoIndex for what is empty.
  uint32_t add_access(const Access& access);
  uint32_t add_error_pages(std::vector<wire::ErrorPage> pages);
  uint32_t add_basic_auth(const BasicAuth& auth);  // The Config outlives this.
  // Of one listener, in the order of listeners.
  void add_listener_access(uint32_t access) { listener_access_.push_back(access); }
  void set_error_pages(uint32_t set) { error_pages_ = set; }

  uint64_t bytes() const;  // An upper bound of what write() takes.
  flatbuffers::Offset<wire::SnapshotFeatures> write(flatbuffers::FlatBufferBuilder& builder) const;

 private:
  struct PoolSticky {
    uint32_t pool;
    const Sticky* sticky;
  };
  bool has_listener_access() const;

  std::vector<PoolSticky> stickies_;
  std::vector<uint32_t> listener_access_;
  KeyTable access_index_;
  std::vector<AccessSteps> access_lists_;
  KeyTable error_pages_index_;
  std::vector<std::vector<wire::ErrorPage>> error_page_sets_;
  uint32_t error_pages_ = kNoIndex;
  KeyTable basic_auth_index_;
  std::vector<const BasicAuth*> basic_auths_;
  uint64_t list_bytes_ = 0;
};

}  // namespace sluice::admin
