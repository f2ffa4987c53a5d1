#include "tools/cli/readiness.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <string_view>

#include "tools/cli/address.h"

namespace sluice::cli {
namespace {

constexpr Duration kPauseBetweenQuestions = 20_ms;
constexpr std::string_view kQuestion = "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";

}  // namespace

Readiness::Readiness(const std::string& admin_address) {
  const auto parsed = parse_address(admin_address);
  if (!parsed) {
    phase_ = Phase::done;
    next_due_ = Instant::never();
    return;
  }
  address_ = parsed->storage;
  address_bytes_ = parsed->bytes;
}

Readiness::~Readiness() {
  if (descriptor_ >= 0) close(descriptor_);
}

void Readiness::give_up(Instant now) {
  if (descriptor_ >= 0) close(descriptor_);
  descriptor_ = -1;
  phase_ = Phase::idle;
  next_due_ = now + kPauseBetweenQuestions;
}

void Readiness::ask(Instant now) {
  descriptor_ = socket(address_.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (descriptor_ < 0) return give_up(now);
  answer_.clear();
  next_due_ = Instant::never();
  phase_ = Phase::connecting;
  if (connect(descriptor_, reinterpret_cast<const sockaddr*>(&address_), address_bytes_) != 0 &&
      errno != EINPROGRESS) {
    give_up(now);
  }
}

bool Readiness::advance(Instant now) {
  if (phase_ == Phase::idle && now >= next_due_) ask(now);
  if (phase_ == Phase::connecting) {
    const ssize_t sent = send(descriptor_, kQuestion.data(), kQuestion.size(), MSG_NOSIGNAL);
    if (sent == static_cast<ssize_t>(kQuestion.size())) {
      phase_ = Phase::reading;
    } else if (sent >= 0 || errno != EAGAIN) {
      give_up(now);
    }
  }
  if (phase_ != Phase::reading) return false;
  char bytes[512];
  const ssize_t count = recv(descriptor_, bytes, sizeof bytes, 0);
  if (count > 0) {
    answer_.append(bytes, static_cast<size_t>(count));
  } else if (count == 0 || errno != EAGAIN) {
    give_up(now);
    return false;
  }
  if (answer_.size() < std::strlen("HTTP/1.1 200")) return false;
  const bool ready = answer_.starts_with("HTTP/1.1 200");
  give_up(now);
  if (ready) {
    phase_ = Phase::done;
    next_due_ = Instant::never();
  }
  return ready;
}

void notify_service_manager(const char* state) {
  const char* path = std::getenv("NOTIFY_SOCKET");
  sockaddr_un address{};
  if (path == nullptr || (path[0] != '/' && path[0] != '@')) return;
  const size_t length = std::strlen(path);
  if (length >= sizeof address.sun_path) return;
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path, length);
  if (path[0] == '@') address.sun_path[0] = '\0';
  const int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (descriptor < 0) return;
  const auto bytes = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + length);
  sendto(descriptor, state, std::strlen(state), MSG_NOSIGNAL, reinterpret_cast<const sockaddr*>(&address),
         bytes);
  close(descriptor);
}

}  // namespace sluice::cli
