// A connection somebody opened to us. Between requests it is nothing but an armed receive and a timer.
#pragma once

#include <string_view>

#include "dataplane/conn/conn.h"
#include "dataplane/conn/listener.h"
#include "schemas/ip_address.h"

namespace sluice::dataplane {

struct Stream;

// PROXY protocol (stream/proxy_header.cc).
enum class ProxyHeaderState : uint8_t {
  none,     // Not expected, or read.
  awaited,  // Nothing else is looked at before it.
  refused,  // The peer is not one whose header counts, and others are not served.
};

class ClientConn : public Conn {
 public:
  ClientConn() { owner = OwnerKind::client_conn; }

  Listener* listener = nullptr;
  Stream* stream = nullptr;  // The request being served; one at a time.
  uint32_t requests = 0;
  uint32_t head_scanned = 0;                // How far the parser looked for the end of the head.
  Instant head_started = Instant::never();  // First byte of a head that is not complete yet.
  Instant idle_since;                       // Without a stream since then.
  bool makes_room = false;                  // On its way out so that others can come in.
  ListHook waiting_hook;                    // Among those, in the order of idle_since.
  uint64_t address_key = 0;                 // In the shelf's AddressCounts; 0 = not counted.
  // Who is at the other end of the connection, or who a PROXY header says is behind it. A request may come
  // from somebody behind that one: Stream::client_address.
  IpAddress peer;
  uint16_t peer_port = 0;
  ProxyHeaderState proxy_header = ProxyHeaderState::none;
  IpAddress destination;  // Where the client connected to, as a PROXY header said; else unknown.
  uint16_t destination_port = 0;

  void set_peer(const IpAddress& address, uint16_t port) {
    peer = address;
    peer_port = port;
    peer_text_length_ = write_ip_address(peer, peer_text_);
  }
  std::string_view peer_text() const { return {peer_text_, peer_text_length_}; }  // Without port.

 private:
  uint8_t peer_text_length_ = 0;
  char peer_text_[kIpTextBytes] = {};
};

}  // namespace sluice::dataplane
