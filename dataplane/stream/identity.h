// Who asks and how that is told to origins: the addresses a trusted proxy vouches for, and the fields written
// from them. Valid within one decision, like the parsed head it points into.
#pragma once

#include "dataplane/http/forwarded_for.h"

namespace sluice::dataplane {

struct Identity {
  ForwardedChain chain;
  std::string_view scheme = "http";  // The client's, as far as it is known.
  std::string_view host;             // What the client asked for, as far as it is known.
  std::string_view port;
};

}  // namespace sluice::dataplane
