// Passwords that were good a moment ago, so that a client pays for the slow hash once and not with every
// request. Remembers a keyed tag of hash, user and password and nothing that could be read back; a changed
// hash is another tag. Fixed size, one worker's.
#pragma once

#include <cstdint>

#include "schemas/base/sip_hash.h"
#include "schemas/base/units.h"

namespace sluice::dataplane {

class AuthCache {
 public:
  static constexpr Duration kLifetime = Duration::seconds(300);

  bool knows(const SipTag& tag, Instant now) const {
    for (const Entry& entry : sets_[tag.low % kSets]) {
      if (entry.expires > now && equal_in_constant_time(entry.tag, tag)) return true;
    }
    return false;
  }
  void remember(const SipTag& tag, Instant now) {
    Entry* oldest = nullptr;
    for (Entry& entry : sets_[tag.low % kSets]) {
      if (entry.tag == tag) oldest = &entry;
      if (oldest == nullptr || (oldest->tag != tag && entry.expires < oldest->expires)) oldest = &entry;
    }
    *oldest = {tag, now + kLifetime};
  }

 private:
  struct Entry {
    SipTag tag;
    Instant expires{};
  };
  static constexpr uint32_t kSets = 256;
  static constexpr uint32_t kWays = 4;
  Entry sets_[kSets][kWays];
};

}  // namespace sluice::dataplane
