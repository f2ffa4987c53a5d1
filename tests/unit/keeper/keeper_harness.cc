#include "tests/unit/keeper/keeper_harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/signalfd.h>
#include <sys/socket.h>

#include "dataplane/keeper/clock.h"

namespace sluice::testing {
namespace {

dataplane::StatsMemory make_stats() {
  auto stats = dataplane::StatsMemory::create(kHarnessWorkers, 7);
  EXPECT_TRUE(stats.has_value()) << stats.error();
  return std::move(*stats);
}

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

}  // namespace

TestFolder::TestFolder() {
  char name[] = "/dev/shm/sluice-keeper-XXXXXX";  // Memory: fsync costs nothing.
  EXPECT_NE(mkdtemp(name), nullptr);
  path = name;
}

KeeperHarness::KeeperHarness(const std::string& data_dir, FakeWorkers::Pins pins,
                             dataplane::KeeperOptions options)
    : socket_path(data_dir + "/dataplane.sock"),
      stats_(make_stats()),
      access_log_({&ring_}),
      workers_(shelf, kHarnessWorkers, pins) {
  // A datagram of our own per signal stands for the signalfd.
  int ends[2];
  EXPECT_EQ(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
  signals_[0].reset(ends[0]);
  signals_[1].reset(ends[1]);
  options.data_dir = data_dir;
  options.control_socket = socket_path;
  options.worker_count = kHarnessWorkers;
  options.boot_id = 7;
  options.signal_descriptor = signals_[0].get();
  auto keeper = dataplane::Keeper::create(options, shelf, stats_, access_log_, workers_.waker());
  EXPECT_TRUE(keeper.has_value()) << keeper.error();
  keeper_ = std::move(*keeper);
  thread_ = std::thread([this] { code_ = keeper_->run(); });
}

KeeperHarness::~KeeperHarness() {
  workers_.release_pins();
  if (thread_.joinable()) stop();
  workers_.stop();
}

void KeeperHarness::signal(int number) {
  signalfd_siginfo info{};
  info.ssi_signo = static_cast<uint32_t>(number);
  EXPECT_EQ(write(signals_[1].get(), &info, sizeof(info)), static_cast<ssize_t>(sizeof(info)));
}

int KeeperHarness::wait() {
  thread_.join();
  return code_;
}

uint64_t KeeperHarness::served() const {
  const dataplane::Published* published = shelf.snapshot.load(std::memory_order_acquire);
  return published == nullptr ? 0 : published->generation;
}

void KeeperHarness::wait_until_served(uint64_t number) const {
  while (served() != number) std::this_thread::yield();  // The runner's time limit is the deadline.
}

wire::Limits limits_with_drain(uint32_t milliseconds) {
  return {UINT64_MAX, 32768, 128, 8192, 0, 0, milliseconds, 20};
}

std::vector<std::byte> snapshot_on(uint16_t port, uint32_t routes, const std::string& log_path) {
  SnapshotBuilder builder;
  builder.limits = limits_with_drain(60'000);
  builder.add_listener("web", "127.0.0.1:" + std::to_string(port));
  const uint32_t pool = builder.add_pool("pool", {{builder.add_peer("127.0.0.1:9001"), 1}});
  for (uint32_t i = 0; i < routes; ++i) {
    const std::string name = "route" + std::to_string(i);
    builder.add_rule(name + ".example.com", {.route = builder.add_route(name, pool)});
  }
  if (!log_path.empty()) builder.access_log = {.format = wire::LogFormat::json, .path = log_path};
  return builder.finish();
}

uint16_t free_port() {
  const dataplane::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof(address);
  EXPECT_EQ(bind(socket.get(), reinterpret_cast<sockaddr*>(&address), length), 0);
  EXPECT_EQ(getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &length), 0);
  return ntohs(address.sin_port);
}

bool can_connect(uint16_t port) {
  const dataplane::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const sockaddr_in address = loopback(port);
  return connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

TestAdmin::TestAdmin(const std::string& socket_path) {
  auto connected = admin::ControlSocket::connect(socket_path, geteuid());
  EXPECT_TRUE(connected.has_value()) << connected.error();
  if (!connected) return;
  socket_ = std::move(*connected);
  pollfd ready{.fd = socket_->fd(), .events = POLLIN, .revents = 0};
  EXPECT_EQ(poll(&ready, 1, 10'000), 1);
  auto frame = socket_->receive();
  EXPECT_TRUE(frame.has_value() && std::holds_alternative<HelloMessage>(frame->message));
  if (!frame) return;
  hello = std::get<HelloMessage>(frame->message);
  stats = std::move(frame->descriptor);
}

void TestAdmin::offer(std::span<const std::byte> bytes, OfferMessage message, int seals) {
  const dataplane::Descriptor memfd = memfd_with(bytes, seals);
  ASSERT_TRUE(memfd.is_open());
  if (message.bytes == 0) message.bytes = bytes.size();
  if (message.hash == ContentHash{}) message.hash = content_hash(bytes);
  const auto sent = socket_->send(encode_offer(message), memfd.get());
  ASSERT_TRUE(sent.has_value()) << sent.error();
}

void TestAdmin::send(std::span<const std::byte> bytes) {
  ASSERT_TRUE(socket_->send(bytes, -1).has_value());
}

std::optional<ControlMessage> TestAdmin::receive() {
  const Instant deadline = dataplane::monotonic_now() + 10_s;
  while (dataplane::monotonic_now() < deadline) {
    auto frame = socket_->receive();
    if (frame) return std::move(frame->message);
    if (frame.error().end != admin::ReceiveEnd::nothing_now) return std::nullopt;
    pollfd ready{.fd = socket_->fd(), .events = POLLIN, .revents = 0};
    poll(&ready, 1, 1000);
  }
  ADD_FAILURE() << "no message in ten seconds";
  return std::nullopt;
}

bool TestAdmin::is_closed() {
  while (auto message = receive()) {
    if (std::holds_alternative<StatusMessage>(*message)) continue;
    return false;
  }
  return !::testing::Test::HasFailure();
}

AppliedMessage apply(TestAdmin& admin, std::span<const std::byte> bytes, uint64_t number) {
  admin.offer(bytes, {.generation = {1, number}, .revision = number + 100});
  const auto verified = admin.next<VerifiedMessage>();
  EXPECT_EQ(verified.generation, (Generation{1, number}));
  const auto applied = admin.next<AppliedMessage>();
  EXPECT_EQ(applied.generation, (Generation{1, number}));
  return applied;
}

std::string rejection(TestAdmin& admin) {
  return admin.next<RejectedMessage>().code;
}

}  // namespace sluice::testing
