// What a listener does with everything that arrives through it, flat: derived once per snapshot from its
// ListenerPolicy, so that a request walks no FlatBuffer table for it. Views into the snapshot.
#pragma once

#include "dataplane/decide/path_normal.h"

namespace sluice::decide {

struct ListenerRules {
  PathPolicy path;
};

}  // namespace sluice::decide
