// Found by fuzz_world. A client that sent a request and reset the connection before the worker accepted it
// has no address any more (getpeername fails), but the kernel still hands out its bytes: the request went to
// the origin without X-Forwarded-For, and past every rule that looks at addresses. Such a connection is
// dropped now.
#include "tests/sim/scenarios/scenario.h"

namespace sluice::sim {
namespace {

// Connects and writes at once; the reset travels right behind the bytes.
class FireAndForget final : public SimActor {
 public:
  explicit FireAndForget(SimKernel& kernel) : kernel_(kernel) {
    kernel.connect(ipv4_address(kProxyOctet, kHttpPort), *this);
  }
  void on_connected(Socket& socket, int error) override {
    ASSERT_EQ(error, 0);
    const std::string_view request = "POST /r/000000001 HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n";
    kernel_.write(socket, std::as_bytes(std::span(request)));
    kernel_.reset(socket);
  }

 private:
  SimKernel& kernel_;
};

TEST(AcceptedAfterReset, NoRequestWithoutAnAddressIsServed) {
  WorldOptions options;
  options.faults[Fault::delayed_completion] = 65536;  // The accept is seen after the reset has arrived.
  SimWorld world(options);
  SimOrigin& origin = world.add_origin(kFirstWebOrigin);
  world.publish(ordinary_configuration());
  world.start();
  FireAndForget client(world.kernel());
  world.run_for(1_s);
  EXPECT_EQ(origin.requests(), 0u);
  EXPECT_EQ(world.stats().reasons[static_cast<uint8_t>(Reason::client_reset)].get(), 1u);
  world.finish();
}

}  // namespace
}  // namespace sluice::sim
