#include "tools/cli/readiness.h"

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstring>
#include <string>

namespace sluice::cli {
namespace {

// A server that answers one connection at a time with a fixed text, driven by the test.
class FakeAdmin {
 public:
  FakeAdmin() {
    listener_ = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t bytes = sizeof address;
    EXPECT_EQ(bind(listener_, reinterpret_cast<sockaddr*>(&address), bytes), 0);
    EXPECT_EQ(listen(listener_, 8), 0);
    getsockname(listener_, reinterpret_cast<sockaddr*>(&address), &bytes);
    address_ = "127.0.0.1:" + std::to_string(ntohs(address.sin_port));
  }
  ~FakeAdmin() { close(listener_); }
  const std::string& address() const { return address_; }
  void answer_next(const std::string& text) {
    const int descriptor = accept(listener_, nullptr, nullptr);
    char bytes[512];
    EXPECT_GT(recv(descriptor, bytes, sizeof bytes, 0), 0);
    EXPECT_EQ(send(descriptor, text.data(), text.size(), 0), static_cast<ssize_t>(text.size()));
    close(descriptor);
  }

 private:
  int listener_;
  std::string address_;
};

// Until the answer has been read: true when it was yes.
bool finish(Readiness& readiness, Instant now) {
  while (readiness.descriptor() >= 0) {
    pollfd watched{.fd = readiness.descriptor(), .events = POLLIN, .revents = 0};
    EXPECT_EQ(poll(&watched, 1, 5000), 1);
    if (readiness.advance(now)) return true;
  }
  return false;
}

TEST(Readiness, AsksUntilTheAnswerIsYesAndThenNeverAgain) {
  FakeAdmin admin;
  Readiness readiness(admin.address());
  Instant now{1'000'000'000};
  EXPECT_FALSE(readiness.advance(now));
  admin.answer_next("HTTP/1.1 503 Service Unavailable\r\n\r\n");
  EXPECT_FALSE(finish(readiness, now));

  now = readiness.next_due();
  EXPECT_FALSE(now.is_never());
  EXPECT_FALSE(readiness.advance(now));
  admin.answer_next("HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_TRUE(finish(readiness, now));
  EXPECT_TRUE(readiness.next_due().is_never());
  EXPECT_FALSE(readiness.advance(now + 60_s));
}

TEST(Readiness, NobodyThereIsAskedAgainLater) {
  std::string address;
  {
    address = FakeAdmin().address();
  }
  Readiness readiness(address);
  const Instant now{1'000'000'000};
  EXPECT_FALSE(readiness.advance(now));
  EXPECT_EQ(readiness.descriptor(), -1);
  EXPECT_GT(readiness.next_due(), now);
}

TEST(Readiness, TheServiceManagerHearsTheState) {
  const std::string path = testing::TempDir() + "/notify-" + std::to_string(getpid());
  const int receiver = socket(AF_UNIX, SOCK_DGRAM, 0);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  strncpy(address.sun_path, path.c_str(), sizeof address.sun_path - 1);
  ASSERT_EQ(bind(receiver, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
  setenv("NOTIFY_SOCKET", path.c_str(), 1);
  notify_service_manager("READY=1");
  unsetenv("NOTIFY_SOCKET");
  char text[32] = {};
  EXPECT_EQ(recv(receiver, text, sizeof text, MSG_DONTWAIT), 7);
  EXPECT_STREQ(text, "READY=1");
  close(receiver);
  unlink(path.c_str());
}

}  // namespace
}  // namespace sluice::cli
