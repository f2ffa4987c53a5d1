// A connection we opened to an origin: in use by one stream, or idle in the pool with its receive armed, so
// that the origin's goodbye wakes us.
#pragma once

#include "dataplane/conn/client_conn.h"
#include "dataplane/conn/conn.h"

namespace sluice::dataplane {

struct Endpoint;

class OriginConn : public Conn {
 public:
  OriginConn() { owner = OwnerKind::origin_conn; }

  Endpoint* endpoint = nullptr;
  ClientConn* user = nullptr;  // Whose stream it serves; null while idle or draining.
  bool connected = false;
  int32_t connect_error = 0;        // errno of the failed connect.
  uint32_t requests = 0;            // Served before the current one.
  uint32_t keep_alive_seconds = 0;  // What the origin said, 0 = nothing.
  Instant idle_since;
  ListHook idle_hook;
};

}  // namespace sluice::dataplane
