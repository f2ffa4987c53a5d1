// sluice-relay PORT ORIGIN-PORT: relays TCP from 127.0.0.1:PORT to 127.0.0.1:ORIGIN-PORT until killed. PORT 0
// takes a free one; the port is the first line printed.
#include <arpa/inet.h>
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bench/relay/relay.h"

namespace {

sockaddr_storage loopback(uint16_t port) {
  sockaddr_storage storage{};
  auto* address = reinterpret_cast<sockaddr_in*>(&storage);
  address->sin_family = AF_INET;
  address->sin_port = htons(port);
  address->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return storage;
}

int listen_on(uint16_t port) {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int on = 1;
  setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const sockaddr_storage address = loopback(port);
  if (bind(listener, reinterpret_cast<const sockaddr*>(&address), sizeof(sockaddr_in)) != 0 ||
      listen(listener, 4096) != 0) {
    std::perror("sluice-relay: listen");
    std::exit(1);
  }
  sockaddr_in bound{};
  socklen_t length = sizeof(bound);
  getsockname(listener, reinterpret_cast<sockaddr*>(&bound), &length);
  std::printf("%u\n", ntohs(bound.sin_port));
  std::fflush(stdout);
  return listener;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fputs("usage: sluice-relay PORT ORIGIN-PORT\n", stderr);
    return 2;
  }
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  sluice::dataplane::BufferPool buffers({});
  auto ring = sluice::dataplane::Ring::open({}, buffers);
  if (!ring) {
    std::fprintf(stderr, "sluice-relay: %s\n", ring.error().c_str());
    return 2;
  }
  const auto port = static_cast<uint16_t>(std::atoi(argv[1]));
  const auto origin_port = static_cast<uint16_t>(std::atoi(argv[2]));
  sluice::relay::Relay relay(**ring, buffers, listen_on(port), loopback(origin_port));
  relay.run();
}
