#include "tests/unit/admin_link/fake_data_plane.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <chrono>
#include <cstring>
#include <new>
#include <utility>

#ifndef F_SEAL_FUTURE_WRITE
#define F_SEAL_FUTURE_WRITE 0x0010
#endif

namespace sluice::admin {
namespace {

constexpr auto kPatience = std::chrono::seconds(5);

void send_frame(int connection, const std::vector<std::byte>& frame, int descriptor = -1) {
  iovec part{const_cast<std::byte*>(frame.data()), frame.size()};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (descriptor >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof(control);
    cmsghdr* rights = CMSG_FIRSTHDR(&header);
    rights->cmsg_level = SOL_SOCKET;
    rights->cmsg_type = SCM_RIGHTS;
    rights->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(rights), &descriptor, sizeof(int));
  }
  (void)!sendmsg(connection, &header, MSG_NOSIGNAL);  // The admin may be gone; the test sees it otherwise.
}

std::string read_memory(int fd) {
  struct stat status{};
  EXPECT_EQ(fstat(fd, &status), 0);
  std::string bytes(static_cast<size_t>(status.st_size), '\0');
  EXPECT_EQ(pread(fd, bytes.data(), bytes.size(), 0), static_cast<ssize_t>(bytes.size()));
  return bytes;
}

}  // namespace

FakeDataPlane::FakeDataPlane(std::string socket_path) : socket_path_(std::move(socket_path)) {
  create_stats_page();
}

FakeDataPlane::~FakeDataPlane() {
  stop();
  munmap(stats_, stats_page_bytes(hello.workers));
}

void FakeDataPlane::create_stats_page() {
  stats_memory_ = Descriptor(memfd_create("stats", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  const uint64_t bytes = stats_page_bytes(hello.workers);
  EXPECT_EQ(ftruncate(stats_memory_.get(), static_cast<off_t>(bytes)), 0);
  void* mapped = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, stats_memory_.get(), 0);
  EXPECT_NE(mapped, MAP_FAILED);
  stats_ = static_cast<StatsPage*>(mapped);
  stats_->layout_version = kStatsLayoutVersion;
  stats_->worker_count = hello.workers;
  stats_->magic.store(kStatsMagic, std::memory_order_release);
  EXPECT_EQ(fcntl(stats_memory_.get(), F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_FUTURE_WRITE), 0);
}

void FakeDataPlane::start() {
  unlink(socket_path_.c_str());
  listener_ = Descriptor(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0));
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, socket_path_.data(), socket_path_.size());
  ASSERT_EQ(bind(listener_.get(), reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(listen(listener_.get(), 8), 0);
  ASSERT_EQ(pipe2(wake_, O_CLOEXEC), 0);
  thread_ = std::thread([this] { run(); });
}

void FakeDataPlane::stop() {
  if (!thread_.joinable()) return;
  EXPECT_EQ(write(wake_[1], "x", 1), 1);
  thread_.join();
  close(wake_[0]);
  close(wake_[1]);
  listener_ = Descriptor();
  unlink(socket_path_.c_str());
}

void FakeDataPlane::run() {
  for (;;) {
    pollfd events[2] = {{listener_.get(), POLLIN, 0}, {wake_[0], POLLIN, 0}};
    poll(events, 2, -1);
    if (events[1].revents != 0) return;
    const Descriptor connection(accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC));
    if (connection.is_open()) talk(connection.get());
  }
}

void FakeDataPlane::talk(int connection) {
  send_frame(connection, encode_hello(hello), send_stats_page ? stats_memory_.get() : -1);
  {
    const std::lock_guard lock(mutex_);
    connection_ = connection;
  }
  changed_.notify_all();
  for (;;) {
    pollfd events[2] = {{connection, POLLIN, 0}, {wake_[0], POLLIN, 0}};
    poll(events, 2, -1);
    if (events[1].revents != 0 || !receive_offer(connection)) break;
  }
  const std::lock_guard lock(mutex_);
  connection_ = -1;
}

bool FakeDataPlane::receive_offer(int connection) {
  std::vector<std::byte> buffer(kControlFrameBytesMax);
  iovec part{buffer.data(), buffer.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  const ssize_t size = recvmsg(connection, &header, MSG_CMSG_CLOEXEC);
  if (size <= 0) return false;
  cmsghdr* rights = CMSG_FIRSTHDR(&header);
  EXPECT_NE(rights, nullptr) << "an offer without its memory";
  if (rights == nullptr) return false;
  int fd = -1;
  std::memcpy(&fd, CMSG_DATA(rights), sizeof(int));
  const Descriptor memory(fd);
  const auto message = decode_control(std::span(buffer).first(static_cast<size_t>(size)));
  EXPECT_TRUE(message.has_value());
  const auto* offer = std::get_if<OfferMessage>(&*message);
  EXPECT_NE(offer, nullptr) << "something other than an offer";
  if (offer == nullptr) return false;
  constexpr int kSeals = F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL;
  EXPECT_EQ(fcntl(memory.get(), F_GET_SEALS) & kSeals, kSeals) << "an offer that can still change";
  ReceivedOffer received{*offer, read_memory(memory.get())};
  EXPECT_EQ(received.bytes.size(), offer->bytes);
  EXPECT_EQ(content_hash(std::as_bytes(std::span(received.bytes))), offer->hash);
  {
    const std::lock_guard lock(mutex_);
    offers_.push_back(received);
  }
  changed_.notify_all();
  return respond(connection, received);
}

bool FakeDataPlane::respond(int connection, const ReceivedOffer& offer) {
  const OfferMessage& message = offer.message;
  const auto reject = [&](std::string code, std::string path, std::string text) {
    send_frame(connection, encode_rejected({message.kind, message.generation, code, path, text}));
    return true;
  };
  const bool is_repeat = message.generation == hello.applied && message.hash == hello.applied_hash;
  if (message.generation <= hello.applied && !is_repeat)
    return reject("STALE_GENERATION", "", "not above applied");
  const OfferAnswer answered = answer(offer);
  switch (answered.kind) {
    case OfferAnswer::Kind::silence:
      return true;
    case OfferAnswer::Kind::close:
      return false;
    case OfferAnswer::Kind::reject:
      return reject(answered.code, answered.path, answered.message);
    case OfferAnswer::Kind::apply:
      break;
  }
  send_frame(connection, encode_verified({message.kind, message.mode, message.generation, 15}));
  if (message.mode == OfferMode::check) return true;
  hello.applied = message.generation;
  hello.applied_hash = message.hash;
  hello.applied_revision = message.revision;
  send_frame(connection, encode_applied({message.kind, message.generation, 321, 1, 0}));
  return true;
}

std::vector<ReceivedOffer> FakeDataPlane::offers() const {
  const std::lock_guard lock(mutex_);
  return offers_;
}

bool FakeDataPlane::wait_for_offers(size_t count) const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return offers_.size() >= count; });
}

bool FakeDataPlane::wait_for_connection() const {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, kPatience, [&] { return connection_ >= 0; });
}

void FakeDataPlane::send(const std::vector<std::byte>& frame) {
  const std::lock_guard lock(mutex_);
  ASSERT_GE(connection_, 0) << "no admin is connected";
  send_frame(connection_, frame);
}

}  // namespace sluice::admin
