// What a ring talks to in the conformance suite: listeners and peers, as real sockets on loopback
// (world_sockets.cc, beside ring_uring.cc) or as scripts of a SimKernel (world_sim.cc, beside sim_ring.cc).
// The expectations know only this page, so both rings answer to the same ones. Peers never block.
#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "dataplane/ring/ring.h"

namespace sluice::conformance {

class Peer {
 public:
  virtual ~Peer() = default;
  virtual uint64_t write(std::string_view bytes) = 0;  // How much fitted.
  virtual std::string read(uint64_t bytes_max) = 0;    // What is there now.
  virtual bool saw_end() = 0;                          // All was read and the other end said goodbye.
  virtual bool saw_reset() = 0;
  virtual void shutdown_write() = 0;
  virtual void reset() = 0;
};

class World {
 public:
  virtual ~World() = default;

  // A listening descriptor for the ring, and its address.
  virtual int ring_listener() = 0;
  virtual sockaddr_storage ring_listener_address() = 0;
  // Connects to the ring's listener.
  virtual std::unique_ptr<Peer> connect_peer() = 0;

  // Where a peer accepts; nobody listens; connects stay unanswered.
  virtual sockaddr_storage listening_address() = 0;
  virtual sockaddr_storage refusing_address() = 0;
  virtual sockaddr_storage silent_address() = 0;
  // Who connected to listening_address(), or null when nobody did yet.
  virtual std::unique_ptr<Peer> accepted_peer() = 0;

  // From wherever a wake-up may come.
  virtual void wake(dataplane::Ring& ring) = 0;
};

std::unique_ptr<World> make_world();

// The kernels to imitate: "all", or a version for RING_CAPS_MASK.
std::vector<std::string> kernels_to_imitate();
dataplane::RingCaps caps_of_kernel(const std::string& kernel);

}  // namespace sluice::conformance
