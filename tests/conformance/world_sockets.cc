// The conformance suite's other side on the real kernel: non-blocking sockets on loopback.
#include <fcntl.h>
#include <netinet/in.h>
#include <unistd.h>

#include <cerrno>
#include <thread>
#include <utility>
#include <vector>

#include "schemas/base/check.h"
#include "tests/conformance/world.h"

namespace sluice::conformance {
namespace {

class SocketPeer final : public Peer {
 public:
  explicit SocketPeer(int descriptor) : descriptor_(descriptor) {}
  ~SocketPeer() override {
    if (descriptor_ >= 0) close(descriptor_);
  }
  uint64_t write(std::string_view bytes) override {
    const ssize_t result = send(descriptor_, bytes.data(), bytes.size(), MSG_DONTWAIT | MSG_NOSIGNAL);
    return result < 0 ? 0 : static_cast<uint64_t>(result);
  }
  std::string read(uint64_t bytes_max) override {
    std::string bytes(bytes_max, '\0');
    const ssize_t result = recv(descriptor_, bytes.data(), bytes_max, MSG_DONTWAIT);
    if (result < 0 && errno == ECONNRESET) saw_reset_ = true;
    bytes.resize(result < 0 ? 0 : static_cast<uint64_t>(result));
    return bytes;
  }
  bool saw_end() override {
    char byte;
    return recv(descriptor_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) == 0 && !saw_reset_;
  }
  bool saw_reset() override {
    char byte;
    if (recv(descriptor_, &byte, 1, MSG_DONTWAIT | MSG_PEEK) < 0 && errno == ECONNRESET) saw_reset_ = true;
    return saw_reset_;
  }
  void shutdown_write() override { shutdown(descriptor_, SHUT_WR); }
  void reset() override {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    setsockopt(descriptor_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
    close(std::exchange(descriptor_, -1));
  }

 private:
  int descriptor_;
  bool saw_reset_ = false;
};

sockaddr_storage address_of(int descriptor) {
  sockaddr_storage address{};
  socklen_t length = sizeof(address);
  CHECK(getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  return address;
}

int bound_socket() {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(descriptor >= 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  CHECK(bind(descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)) == 0);
  return descriptor;
}

int listening_socket(int backlog) {
  const int descriptor = bound_socket();
  CHECK(listen(descriptor, backlog) == 0);
  return descriptor;
}

// Blocking is fine: the listener's backlog answers.
int connected_socket(const sockaddr_storage& address) {
  const int descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  CHECK(descriptor >= 0);
  CHECK(connect(descriptor, reinterpret_cast<const sockaddr*>(&address), sizeof(sockaddr_in)) == 0);
  return descriptor;
}

class SocketWorld final : public World {
 public:
  SocketWorld() {
    ring_listener_ = listening_socket(64);
    peer_listener_ = listening_socket(64);
    refusing_ = bound_socket();  // Bound and not listening: nobody else gets the port.
    fcntl(peer_listener_, F_SETFL, O_NONBLOCK);
  }
  ~SocketWorld() override {
    for (const int descriptor : {ring_listener_, peer_listener_, refusing_}) close(descriptor);
    for (const int descriptor : silent_) close(descriptor);
  }
  int ring_listener() override { return ring_listener_; }
  sockaddr_storage ring_listener_address() override { return address_of(ring_listener_); }
  std::unique_ptr<Peer> connect_peer() override {
    return std::make_unique<SocketPeer>(connected_socket(ring_listener_address()));
  }
  sockaddr_storage listening_address() override { return address_of(peer_listener_); }
  sockaddr_storage refusing_address() override { return address_of(refusing_); }
  // A full accept queue drops further SYNs: with backlog 0 it is full after one connection.
  sockaddr_storage silent_address() override {
    if (silent_.empty()) {
      silent_.push_back(listening_socket(0));
      silent_.push_back(connected_socket(address_of(silent_[0])));
    }
    return address_of(silent_[0]);
  }
  std::unique_ptr<Peer> accepted_peer() override {
    const int descriptor = accept4(peer_listener_, nullptr, nullptr, SOCK_CLOEXEC);
    return descriptor < 0 ? nullptr : std::make_unique<SocketPeer>(descriptor);
  }
  void wake(dataplane::Ring& ring) override {
    std::thread([&ring] { ring.wake(); }).join();
  }

 private:
  int ring_listener_ = -1;
  int peer_listener_ = -1;
  int refusing_ = -1;
  std::vector<int> silent_;
};

}  // namespace

std::unique_ptr<World> make_world() {
  return std::make_unique<SocketWorld>();
}

std::vector<std::string> kernels_to_imitate() {
  return {"all", "6.1", "6.6", "6.10", "6.12", "6.18"};
}

dataplane::RingCaps caps_of_kernel(const std::string& kernel) {
  if (kernel == "all") return dataplane::RingCaps::all();
  const auto caps = dataplane::parse_caps_mask(kernel);
  CHECK(caps.has_value());
  return *caps;
}

}  // namespace sluice::conformance
