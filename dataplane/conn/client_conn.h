// A connection somebody opened to us. Between requests it is nothing but an armed receive and a timer.
#pragma once

#include <string_view>

#include "dataplane/conn/conn.h"
#include "dataplane/conn/listener.h"

namespace sluice::dataplane {

struct Stream;

class ClientConn : public Conn {
 public:
  ClientConn() { owner = OwnerKind::client_conn; }

  Listener* listener = nullptr;
  Stream* stream = nullptr;  // The request being served; one at a time.
  uint32_t requests = 0;
  uint32_t head_scanned = 0;                // How far the parser looked for the end of the head.
  Instant head_started = Instant::never();  // First byte of a head that is not complete yet.
  Instant idle_since;
  uint64_t address_key = 0;  // In the shelf's AddressCounts; 0 = not counted.
  uint8_t address_length = 0;
  char address_text[46] = {};  // Without port.

  std::string_view address() const { return {address_text, address_length}; }
};

}  // namespace sluice::dataplane
