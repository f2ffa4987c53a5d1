// Values of one kind, each once: told apart by a key that has every part of the value.
#pragma once

#include <cstdint>
#include <string>
#include <unordered_map>

#include "schemas/stable_hash.h"

namespace sluice::admin {

inline constexpr uint32_t kNoIndex = UINT32_MAX;

class KeyTable {
 public:
  // The index of `key`, and whether it is new.
  std::pair<uint32_t, bool> add(std::string key) {
    const auto [entry, is_new] = indices_.emplace(std::move(key), static_cast<uint32_t>(indices_.size()));
    return {entry->second, is_new};
  }

 private:
  struct Hash {
    size_t operator()(const std::string& key) const { return stable_hash(HashUse::object_name, key); }
  };
  std::unordered_map<std::string, uint32_t, Hash> indices_;
};

}  // namespace sluice::admin
