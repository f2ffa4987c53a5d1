// Whether a client address may come: the verdict of the range it lies in. Built by admin/compile as one
// step per change of verdict, so that 10,000 networks are at most 20,001 steps and one look is a binary
// search. Pure.
#pragma once

#include "schemas/ip_address.h"

namespace sluice::decide {

// Requires: the list was checked (check_features). An address that is not known is refused.
bool is_allowed(const wire::AccessList& list, const IpAddress& address);

}  // namespace sluice::decide
