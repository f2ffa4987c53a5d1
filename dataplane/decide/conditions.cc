#include "dataplane/decide/conditions.h"

namespace sluice::decide {

std::expected<Conditions, SnapshotError> Conditions::build(const Arrays& arrays, PatternSet& patterns) {
  Conditions built;
  const uint32_t count = arrays.conditions.size();
  if (count == 0) return built;
  built.conditions_.reserve(count + 1);
  const auto mark = [&built] {
    built.conditions_.push_back({static_cast<uint32_t>(built.methods_.size()),
                                 static_cast<uint32_t>(built.headers_.size()),
                                 static_cast<uint32_t>(built.listeners_.size())});
  };
  for (uint32_t i = 0; i < count; ++i) {
    mark();
    const wire::Condition& condition = arrays.conditions[i];
    for (uint32_t m = 0; condition.methods() != nullptr && m < condition.methods()->size(); ++m) {
      built.methods_.push_back(view(condition.methods()->Get(m)));
    }
    for (uint32_t l = 0; condition.listeners() != nullptr && l < condition.listeners()->size(); ++l) {
      built.listeners_.push_back(condition.listeners()->Get(l));
    }
    for (uint32_t h = 0; condition.headers() != nullptr && h < condition.headers()->size(); ++h) {
      const wire::HeaderMatch& match = *condition.headers()->Get(h);
      uint32_t pattern = kNone;
      if (match.kind() == wire::HeaderMatchKind::regex) {
        std::expected<uint32_t, std::string> added = patterns.add(view(match.value()));
        if (!added) {
          return std::unexpected(SnapshotError{"BAD_VALUE",
                                               place("conditions", i, place(".headers", h)) + ".value",
                                               std::move(added.error())});
        }
        pattern = *added;
      }
      built.headers_.push_back({view(match.name()), view(match.value()), pattern, match.kind()});
    }
  }
  mark();
  return built;
}

bool Conditions::method_holds(const Condition& condition, const Condition& end,
                              std::string_view method) const {
  if (condition.first_method == end.first_method) return true;
  for (uint32_t i = condition.first_method; i < end.first_method; ++i) {
    if (methods_[i] == method) return true;
  }
  return false;
}

bool Conditions::listener_holds(const Condition& condition, const Condition& end, uint32_t listener) const {
  if (condition.first_listener == end.first_listener) return true;
  for (uint32_t i = condition.first_listener; i < end.first_listener; ++i) {
    if (listeners_[i] == listener) return true;
  }
  return false;
}

bool Conditions::hold(uint32_t number, const RouteQuery& query, const PatternSet& patterns) const {
  const Condition& condition = conditions_[number];
  const Condition& end = conditions_[number + 1];
  if (!method_holds(condition, end, query.method) || !listener_holds(condition, end, query.listener))
    return false;
  for (uint32_t i = condition.first_header; i < end.first_header; ++i) {
    const Header& header = headers_[i];
    const std::string_view value =
        query.find_header == nullptr ? std::string_view{} : query.find_header(query.headers, header.name);
    const bool is_present = value.data() != nullptr;
    bool holds = false;
    switch (header.kind) {
      case wire::HeaderMatchKind::exact:
        holds = is_present && value == header.value;
        break;
      case wire::HeaderMatchKind::prefix:
        holds = is_present && value.starts_with(header.value);
        break;
      case wire::HeaderMatchKind::regex:
        holds = is_present && patterns.matches(header.pattern, value);
        break;
      case wire::HeaderMatchKind::present:
        holds = is_present;
        break;
      case wire::HeaderMatchKind::absent:
        holds = !is_present;
        break;
    }
    if (!holds) return false;
  }
  return true;
}

uint64_t Conditions::bytes() const {
  return conditions_.capacity() * sizeof(Condition) + methods_.capacity() * sizeof(std::string_view) +
         headers_.capacity() * sizeof(Header) + listeners_.capacity() * sizeof(uint32_t);
}

}  // namespace sluice::decide
