// A pool's signed cookie: which member a client's cookie names, and the value that names a member. Every
// gateway with the same keys reads and writes alike. Built at load, immutable; pure.
//
// Value: 16 hexadecimal digits that name the member (SipHash of pool and peer id: the same for as long as the
// member keeps its address, and no hint of that address to anybody without the key), 8 digits of expiry
// (Unix seconds, 0: none), 32 digits of SipHash-2-4-128 over pool, member and expiry. What does not verify,
// is expired or names nobody of this pool counts as no cookie.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "dataplane/decide/arrays.h"
#include "schemas/base/sip_hash.h"

namespace sluice::decide {

class Sticky {
 public:
  static constexpr uint32_t kValueBytes = 16 + 8 + 32;
  using Value = char[kValueBytes];

  struct Found {
    uint32_t member = kNone;     // Index in the pool; kNone: no valid cookie.
    bool wants_refresh = false;  // Signed by an old key, half of its life over, or of another configuration.
  };

  // Requires: check_features passed.
  Sticky(const Arrays& arrays, const wire::Sticky& table);

  std::string_view cookie() const { return cookie_; }
  std::string_view attributes() const { return attributes_; }
  Found read(std::string_view value, uint64_t now_seconds) const;
  void write(uint32_t member, uint64_t now_seconds, Value& value) const;
  uint64_t bytes() const { return sizeof(Sticky) + signers_.size() * sizeof(Signer) + name_bytes_; }

 private:
  struct Name {
    uint64_t name;
    uint32_t member;
  };
  struct Signer {
    SipKey key;
    std::vector<Name> members;    // Sorted by name.
    std::vector<uint64_t> names;  // By member; of the first signer only.
  };
  SipTag sign(const SipKey& key, uint64_t name, uint32_t expiry) const;
  bool wants_refresh(uint32_t expiry, uint64_t now_seconds) const;

  std::string_view cookie_;
  std::string_view attributes_;
  uint64_t pool_id_;
  uint32_t max_age_seconds_;
  uint64_t name_bytes_ = 0;
  std::vector<Signer> signers_;
};

// Those of a snapshot, found by pool.
class Stickies {
 public:
  void build(const Arrays& arrays);
  const Sticky* of(uint32_t pool) const;  // Null: the pool has none.
  uint64_t bytes() const;

 private:
  struct Entry {
    uint32_t pool;
    Sticky sticky;
  };
  std::vector<Entry> entries_;  // Sorted by pool.
};

}  // namespace sluice::decide
