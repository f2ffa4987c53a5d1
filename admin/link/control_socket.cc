#include "admin/link/control_socket.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

namespace sluice::admin {
namespace {

constexpr int kSendTimeoutMilliseconds = 1'000;

std::string because(const std::string& what) {
  return what + ": " + strerror(errno);
}

// Takes every descriptor out of the control data (none may leak) and keeps the first.
Descriptor take_descriptor(msghdr& header) {
  Descriptor kept;
  for (cmsghdr* control = CMSG_FIRSTHDR(&header); control != nullptr;
       control = CMSG_NXTHDR(&header, control)) {
    if (control->cmsg_level != SOL_SOCKET || control->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (control->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(control) + i * sizeof(int), sizeof(int));
      Descriptor taken(fd);
      if (!kept.is_open()) kept = std::move(taken);
    }
  }
  return kept;
}

}  // namespace

ControlSocket::ControlSocket(Descriptor socket, pid_t peer_pid)
    : socket_(std::move(socket)), peer_pid_(peer_pid), buffer_(kControlFrameBytesMax) {}

std::expected<ControlSocket, std::string> ControlSocket::connect(const std::string& path, uid_t uid) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof(address.sun_path)) {
    return std::unexpected("the path of the control socket is longer than " +
                           std::to_string(sizeof(address.sun_path) - 1) + " bytes: " + path +
                           "; choose a shorter --data-dir or --control-socket");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  Descriptor socket(::socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!socket.is_open()) return std::unexpected(because("socket"));
  if (::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0) {
    return std::unexpected(because(path));
  }
  ucred peer{};
  socklen_t length = sizeof(peer);
  if (getsockopt(socket.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) {
    return std::unexpected(because("SO_PEERCRED"));
  }
  if (peer.uid != uid) {
    return std::unexpected("the process listening on " + path + " runs as user " + std::to_string(peer.uid) +
                           ", not " + std::to_string(uid) + "; run admin and data plane as the same user");
  }
  return ControlSocket(std::move(socket), peer.pid);
}

std::expected<ReceivedFrame, ReceiveError> ControlSocket::receive() {
  iovec part{buffer_.data(), buffer_.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))];
  msghdr header{};
  header.msg_iov = &part;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  const ssize_t size = recvmsg(socket_.get(), &header, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (size < 0) {
    if (errno == EAGAIN || errno == EINTR) return std::unexpected(ReceiveError{ReceiveEnd::nothing_now, {}});
    const ReceiveEnd end = errno == ECONNRESET ? ReceiveEnd::closed : ReceiveEnd::failed;
    return std::unexpected(ReceiveError{end, because("receive")});
  }
  Descriptor descriptor = take_descriptor(header);
  if (size == 0) return std::unexpected(ReceiveError{ReceiveEnd::closed, "closed by the data plane"});
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    return std::unexpected(
        ReceiveError{ReceiveEnd::failed, "a message longer than 64 KiB or with too many descriptors"});
  }
  auto message = decode_control(std::span(buffer_).first(static_cast<std::size_t>(size)));
  if (!message) return std::unexpected(ReceiveError{ReceiveEnd::failed, std::string(message.error())});
  return ReceivedFrame{std::move(*message), std::move(descriptor)};
}

std::expected<void, std::string> ControlSocket::send(std::span<const std::byte> bytes, int descriptor) {
  iovec part{const_cast<std::byte*>(bytes.data()), bytes.size()};
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
  for (;;) {
    if (sendmsg(socket_.get(), &header, MSG_NOSIGNAL) >= 0) return {};
    if (errno == EINTR) continue;
    if (errno != EAGAIN) return std::unexpected(because("send"));
    pollfd room{socket_.get(), POLLOUT, 0};
    if (poll(&room, 1, kSendTimeoutMilliseconds) == 0) {
      return std::unexpected("the data plane did not take a message within a second");
    }
  }
}

}  // namespace sluice::admin
