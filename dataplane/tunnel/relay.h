// Two connections joined byte for byte: tcp listeners and upgraded requests. Half-close is kept in both
// directions; each direction holds at most one window for a reader that does not keep up.
#pragma once

#include "dataplane/conn/client_conn.h"
#include "dataplane/conn/origin_conn.h"

namespace sluice::dataplane {

enum class RelayEnd : uint8_t {
  none,           // Goes on.
  finished,       // Both directions ended and were delivered.
  client_failed,  // Reset or send error on the client's side.
  origin_failed,
};

// Moves what arrived to the other side, passes ends on, re-arms receives, starts sends.
RelayEnd relay_step(ConnContext& context, ClientConn& client, OriginConn& origin);

}  // namespace sluice::dataplane
