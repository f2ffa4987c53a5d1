// The conformance suite's other side, simulated: no faults, so that only the contract is tested.
#include <deque>

#include "schemas/base/check.h"
#include "tests/conformance/world.h"
#include "tests/sim/sim_kernel.h"

namespace sluice::conformance {
namespace {

using sim::SimKernel;
using sim::Socket;

class SimPeer final : public Peer {
 public:
  SimPeer(SimKernel& kernel, Socket& socket) : kernel_(kernel), socket_(socket) {}
  ~SimPeer() override {
    if (socket_.state != Socket::State::closed) kernel_.close(socket_);
  }
  uint64_t write(std::string_view bytes) override {
    const int64_t result = kernel_.write(socket_, std::as_bytes(std::span(bytes)));
    return result < 0 ? 0 : static_cast<uint64_t>(result);
  }
  std::string read(uint64_t bytes_max) override {
    std::string bytes(bytes_max, '\0');
    const int64_t result = kernel_.read(socket_, std::as_writable_bytes(std::span(bytes)));
    if (result == -ECONNRESET) saw_reset_ = true;
    bytes.resize(result < 0 ? 0 : static_cast<uint64_t>(result));
    return bytes;
  }
  bool saw_end() override { return kernel_.is_at_end(socket_) && !saw_reset(); }
  bool saw_reset() override {
    if (socket_.arrived == 0 && socket_.error == ECONNRESET) read(1);
    return saw_reset_;
  }
  void shutdown_write() override { kernel_.shutdown_write(socket_); }
  void reset() override { kernel_.reset(socket_); }

 private:
  SimKernel& kernel_;
  Socket& socket_;
  bool saw_reset_ = false;
};

class SimWorld final : public World, public sim::SimActor {
 public:
  SimWorld() : kernel_(1, {}) { kernel_.listen(listening_address(), *this); }
  int ring_listener() override {
    if (listener_ < 0) listener_ = kernel_.listen_descriptor(ring_listener_address());
    return listener_;
  }
  sockaddr_storage ring_listener_address() override { return sim::ipv4_address(1, 80); }
  std::unique_ptr<Peer> connect_peer() override {
    return std::make_unique<SimPeer>(kernel_, kernel_.connect(ring_listener_address(), *this));
  }
  sockaddr_storage listening_address() override { return sim::ipv4_address(2, 80); }
  sockaddr_storage refusing_address() override { return sim::ipv4_address(3, 80); }
  sockaddr_storage silent_address() override {
    kernel_.faults()[sim::Fault::connect_never] = 65536;
    return sim::ipv4_address(4, 80);
  }
  std::unique_ptr<Peer> accepted_peer() override {
    if (accepted_.empty()) return nullptr;
    Socket& socket = *accepted_.front();
    accepted_.pop_front();
    return std::make_unique<SimPeer>(kernel_, socket);
  }
  void wake(dataplane::Ring& ring) override { ring.wake(); }
  void on_accepted(Socket& socket) override { accepted_.push_back(&socket); }

 private:
  SimKernel kernel_;
  int listener_ = -1;
  std::deque<Socket*> accepted_;
};

}  // namespace

std::unique_ptr<World> make_world() {
  return std::make_unique<SimWorld>();
}

std::vector<std::string> kernels_to_imitate() {
  return {"all", "6.1"};
}

dataplane::RingCaps caps_of_kernel(const std::string& kernel) {
  return kernel == "all" ? dataplane::RingCaps::all() : dataplane::RingCaps{};
}

}  // namespace sluice::conformance
