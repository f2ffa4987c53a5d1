// The vectors of a verified snapshot as plain spans, and the shape every check reports in. Views into the
// FlatBuffer: they live as long as its bytes. Refuses nothing; verify() makes them, check_*() judge them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "dataplane/decide/snapshot.h"

namespace sluice::decide {

// A vector of tables that may be absent. Its elements were verified.
template <typename Table>
struct TableList {
  const flatbuffers::Vector<flatbuffers::Offset<Table>>* vector = nullptr;

  uint32_t size() const { return vector == nullptr ? 0 : vector->size(); }
  const Table& operator[](uint32_t index) const { return *vector->Get(index); }
};

struct Arrays {
  const wire::Snapshot* root = nullptr;
  std::string_view text_blob;
  std::span<const wire::Listener> listeners;
  std::span<const wire::Host> hosts;
  std::span<const wire::Rule> rules;
  std::span<const wire::Route> routes;
  std::span<const wire::Pool> pools;
  std::span<const wire::Member> members;
  std::span<const wire::Peer> peers;
  std::span<const wire::Timeouts> timeouts;
  TableList<wire::Condition> conditions;
  TableList<wire::Policy> policies;
  TableList<wire::Redirect> redirects;
  TableList<wire::Response> responses;
  TableList<wire::ListenerPolicy> listener_policies;

  // Requires: the range was checked (check_structs) or `holds(range)`.
  std::string_view text(const wire::Text& range) const {
    return text_blob.substr(range.offset(), range.length());
  }
  bool holds(const wire::Text& range) const {
    return range.offset() <= text_blob.size() && range.length() <= text_blob.size() - range.offset();
  }
};

// Nothing: all good.
using Problem = std::optional<SnapshotError>;

// "routes[17].target"
inline std::string place(std::string_view list, uint64_t index, std::string_view field = {}) {
  std::string path(list);
  path += '[';
  path += std::to_string(index);
  path += ']';
  path += field;
  return path;
}

// An absent string reads as an empty one.
inline std::string_view view(const flatbuffers::String* string) {
  return string == nullptr ? std::string_view{} : std::string_view(string->data(), string->size());
}

}  // namespace sluice::decide
