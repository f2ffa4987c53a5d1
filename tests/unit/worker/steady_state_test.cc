// D5: the plaintext HTTP/1 path calls no malloc once it is warm. A real worker on the kernel's ring, a real
// origin and a real client on loopback; operator new is counted on the worker's thread only.
#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "dataplane/worker/worker.h"
#include "tests/unit/decide/snapshot_builder.h"
#include "tests/unit/worker/thread_allocations.h"

namespace sluice::dataplane {
namespace {

struct Socket {
  int descriptor = -1;
  uint16_t port = 0;
  ~Socket() {
    if (descriptor >= 0) ::close(descriptor);
  }
};

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

void listen_anywhere(Socket& socket) {
  socket.descriptor = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof(address);
  ASSERT_EQ(::bind(socket.descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(socket.descriptor, 16), 0);
  ASSERT_EQ(::getsockname(socket.descriptor, reinterpret_cast<sockaddr*>(&address), &length), 0);
  socket.port = ntohs(address.sin_port);
}

// Answers every request on one connection after another with 1 KiB, until the listener is shut down.
void serve(int listener) {
  const std::string answer =
      "HTTP/1.1 200 OK\r\nContent-Length: 1024\r\nContent-Type: text/plain\r\n\r\n" + std::string(1024, 'x');
  for (;;) {
    const int connection = ::accept(listener, nullptr, nullptr);
    if (connection < 0) return;
    std::string received;
    char bytes[4096];
    for (ssize_t count; (count = ::recv(connection, bytes, sizeof(bytes), 0)) > 0;) {
      received.append(bytes, static_cast<std::size_t>(count));
      while (received.find("\r\n\r\n") != std::string::npos) {
        received.erase(0, received.find("\r\n\r\n") + 4);
        ::send(connection, answer.data(), answer.size(), MSG_NOSIGNAL);
      }
    }
    ::close(connection);
  }
}

class OneWorker : public ::testing::Test {
 protected:
  void SetUp() override {
    listen_anywhere(origin_);
    listen_anywhere(front_);
    origin_thread_ = std::thread(serve, origin_.descriptor);
    testing::SnapshotBuilder builder;
    const uint32_t peer = builder.add_peer("127.0.0.1:" + std::to_string(origin_.port));
    const uint32_t pool = builder.add_pool("pool", {{peer, 1}});
    builder.add_listener("web", "127.0.0.1:" + std::to_string(front_.port));
    const std::array<uint8_t, 16> loopback_network = {127};
    builder.listener_policies = {
        {.trusted_proxies = {wire::Network(flatbuffers::make_span(loopback_network), 8, 4)}}};
    builder.add_rule("", {.route = builder.add_route("all", pool)});
    bytes_ = builder.finish();
    auto snapshot = decide::Snapshot::load(bytes_, {});
    ASSERT_TRUE(snapshot.has_value()) << snapshot.error().message;
    published_.version = published_.generation = 1;
    published_.snapshot = std::move(*snapshot);
    published_.listener_stats_slots = {1};
    published_.pool_stats_slots = {1};
    published_.sockets = {{front_.descriptor}};
    shelf_->snapshot.store(&published_);
    std::promise<Worker*> started;
    worker_thread_ = std::thread([this, &started] { run_worker(started); });
    worker_ = started.get_future().get();
  }

  void TearDown() override {
    shelf_->phase.store(Phase::stopping);
    if (worker_ != nullptr) worker_->wake();
    worker_thread_.join();
    ::shutdown(origin_.descriptor, SHUT_RDWR);
    origin_thread_.join();
  }

  void run_worker(std::promise<Worker*>& started) {
    WorkerOptions options;
    options.shelf = shelf_.get();
    options.stats = stats_.get();
    options.access_log = log_.get();
    auto worker = Worker::create(options);
    started.set_value(worker ? worker->get() : nullptr);
    if (!worker) return;
    while ((*worker)->run_tick()) allocations_.store(testing::allocations_of_this_thread());
  }

  // `count` requests, one after the other, on one connection.
  void request(int client, int count, const std::string& more = "/ HTTP/1.1\r\n") {
    const std::string head = "GET " + more + "Host: example.com\r\nUser-Agent: test\r\n\r\n";
    char bytes[8192];
    for (int i = 0; i < count; ++i) {
      ASSERT_EQ(::send(client, head.data(), head.size(), MSG_NOSIGNAL), static_cast<ssize_t>(head.size()));
      std::string received;
      while (received.size() < 1024 || received.find("\r\n\r\n") == std::string::npos ||
             received.size() < received.find("\r\n\r\n") + 4 + 1024) {
        const ssize_t got = ::recv(client, bytes, sizeof(bytes), 0);
        ASSERT_GT(got, 0);
        received.append(bytes, static_cast<std::size_t>(got));
      }
      ASSERT_TRUE(received.starts_with("HTTP/1.1 200")) << received.substr(0, 40);
    }
  }

  Socket origin_, front_;
  std::vector<std::byte> bytes_;
  Published published_;
  std::unique_ptr<Shelf> shelf_ = std::make_unique<Shelf>();
  std::unique_ptr<WorkerStats> stats_ = std::make_unique<WorkerStats>();
  std::unique_ptr<AccessLogRing> log_ = std::make_unique<AccessLogRing>(1 << 24);
  std::atomic<uint64_t> allocations_{0};
  std::thread origin_thread_, worker_thread_;
  Worker* worker_ = nullptr;
};

TEST_F(OneWorker, CallsNoMallocOnceWarm) {
  ASSERT_NE(worker_, nullptr);
  Socket client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 0};
  sockaddr_in address = loopback(front_.port);
  ASSERT_EQ(::connect(client.descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  request(client.descriptor, 100);
  const uint64_t warm = allocations_.load();
  EXPECT_GT(warm, 0u);  // The counter counts: starting up did allocate.
  request(client.descriptor, 2000);
  EXPECT_EQ(allocations_.load(), warm);
  EXPECT_EQ(stats_->listeners[1].requests.get(), 2100u);
  EXPECT_EQ(stats_->pools[1].connects.get(), 1u);
}

TEST_F(OneWorker, CallsNoMallocForUnusualPathsAndTrustedProxies) {
  ASSERT_NE(worker_, nullptr);
  Socket client{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), 0};
  sockaddr_in address = loopback(front_.port);
  ASSERT_EQ(::connect(client.descriptor, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  const std::string unusual =
      "/a/.././/%7euser/%c3 HTTP/1.1\r\nX-Forwarded-For: 192.0.2.7, 127.0.0.9\r\n"
      "X-Forwarded-Proto: https\r\nCDN-Loop: other, test\r\n";
  request(client.descriptor, 100, unusual);
  const uint64_t warm = allocations_.load();
  request(client.descriptor, 1000, unusual);
  EXPECT_EQ(allocations_.load(), warm);
  EXPECT_EQ(stats_->listeners[1].requests.get(), 1100u);
}

}  // namespace
}  // namespace sluice::dataplane
