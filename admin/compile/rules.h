// Hosts and their rules: every route once per host it matches, in the order in which the data plane tries
// them (priority, exact before prefix before regex, longer path, more conditions, order of the file).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "admin/compile/draft.h"
#include "admin/model/error_sink.h"
#include "admin/model/id_index.h"

namespace sluice::admin {

class RuleCompiler {
 public:
  RuleCompiler(const Config& config, Draft& draft, ErrorSink& errors);

  // Routes must come in the order of the configuration.
  void add(const Route& route, uint32_t number);
  void finish();  // Fills draft.hosts and draft.rules.

 private:
  struct Entry {
    uint32_t host;
    int32_t priority;
    wire::PathKind path_kind;
    uint32_t conditions;  // How many things beside the path must hold.
    uint32_t condition;
    uint32_t route;
    wire::Text path;
  };
  struct Host {
    std::string_view name;  // As configured; "" for any.
    uint32_t rules = 0;
  };
  // A host as a route names it, in step with entries_.
  struct HostUse {
    std::string_view name;
    uint64_t hash;
  };
  void add_entry(const Entry& entry, std::string_view host);
  void number_hosts();
  uint32_t add_host(const HostUse& use, uint32_t route);
  wire::Text add_path(std::string_view path);
  static bool comes_first(const Entry& left, const Entry& right);

  const Config& config_;
  Draft& draft_;
  ErrorSink& errors_;
  size_t entry_count_;  // At most.
  IdIndex host_index_;
  IdIndex listener_index_;
  IdIndex path_index_;
  std::vector<Host> hosts_;
  std::vector<std::string_view> paths_;
  std::vector<wire::Text> path_texts_;
  std::vector<Entry> entries_;
  std::vector<HostUse> host_uses_;
};

}  // namespace sluice::admin
