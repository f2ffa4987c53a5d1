// S16: an empty or sharply shrunk configuration is never pushed without the operator saying so. Pure.
#pragma once

#include <optional>
#include <string>

#include "admin/model/config.h"

namespace sluice::admin {

// Below this many routes any change is ordinary work.
inline constexpr size_t kShrinkRoutesMin = 20;

// `before` may be null. The sentence that refuses the change, or nothing.
std::optional<std::string> refuse_shrink(const Config* before, const Config& after);

}  // namespace sluice::admin
