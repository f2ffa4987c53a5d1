// The snapshot's conditions (method, headers, listener) as flat arrays, so that a request walks no
// FlatBuffer table. Views into the snapshot's bytes.
#pragma once

#include <cstdint>
#include <expected>
#include <string_view>
#include <vector>

#include "dataplane/decide/arrays.h"
#include "dataplane/decide/pattern.h"

namespace sluice::decide {

class Conditions {
 public:
  // Compiles the header patterns into `patterns`. Requires: check_tables passed.
  static std::expected<Conditions, SnapshotError> build(const Arrays& arrays, PatternSet& patterns);

  // True when every part of condition `number` holds. An absent header fails every kind but `absent`.
  bool hold(uint32_t number, const RouteQuery& query, const PatternSet& patterns) const;
  uint64_t bytes() const;

 private:
  struct Header {
    std::string_view name;
    std::string_view value;
    uint32_t pattern;
    wire::HeaderMatchKind kind;
  };
  // Ranges in the arrays below; each ends where the next condition's begins.
  struct Condition {
    uint32_t first_method;
    uint32_t first_header;
    uint32_t first_listener;
  };
  bool method_holds(const Condition& condition, const Condition& end, std::string_view method) const;
  bool listener_holds(const Condition& condition, const Condition& end, uint32_t listener) const;

  std::vector<Condition> conditions_;  // One more than there are: the end.
  std::vector<std::string_view> methods_;
  std::vector<Header> headers_;
  std::vector<uint32_t> listeners_;
};

}  // namespace sluice::decide
