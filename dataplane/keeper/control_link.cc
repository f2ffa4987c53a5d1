#include "dataplane/keeper/control_link.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <cerrno>
#include <cstring>

#include "schemas/base/log.h"

namespace sluice::dataplane {
namespace {

LogLimit connection_lines(5);
constexpr std::size_t kDescriptorsMax = 8;  // More than one is refused, but must be closed.

Descriptor seqpacket_socket() {
  return Descriptor(socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
}

// Keeps the first descriptor of a record; the others, which no message has, are closed.
Descriptor take_descriptors(msghdr& header) {
  Descriptor first;
  for (cmsghdr* item = CMSG_FIRSTHDR(&header); item != nullptr; item = CMSG_NXTHDR(&header, item)) {
    if (item->cmsg_level != SOL_SOCKET || item->cmsg_type != SCM_RIGHTS) continue;
    const std::size_t count = (item->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (std::size_t i = 0; i < count; ++i) {
      int number = -1;
      std::memcpy(&number, CMSG_DATA(item) + i * sizeof(int), sizeof(int));
      Descriptor descriptor(number);
      if (!first.is_open()) first = std::move(descriptor);
    }
  }
  return first;
}

}  // namespace

std::expected<ControlLink, std::string> ControlLink::listen(const std::string& path) {
  const auto failed = [&](const char* what) {
    return std::unexpected(std::string(what) + " the control socket " + path + ": " + std::strerror(errno));
  };
  sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
  if (path.size() >= sizeof(address.sun_path)) {
    return std::unexpected("the control socket path " + path + " is longer than " +
                           std::to_string(sizeof(address.sun_path) - 1) +
                           " bytes; choose a shorter --control-socket or --data-dir");
  }
  std::memcpy(address.sun_path, path.data(), path.size());
  const auto* generic = reinterpret_cast<const sockaddr*>(&address);

  Descriptor listening = seqpacket_socket();
  if (!listening.is_open()) return failed("cannot create");
  if (bind(listening.get(), generic, sizeof(address)) != 0) {
    if (errno != EADDRINUSE) return failed("cannot bind");
    const Descriptor probe = seqpacket_socket();
    // EAGAIN: somebody listens, but with a full queue.
    if (connect(probe.get(), generic, sizeof(address)) == 0 || errno == EAGAIN) {
      return std::unexpected("another data plane answers on the control socket " + path);
    }
    if (errno != ECONNREFUSED) return failed("cannot replace");
    if (unlink(path.c_str()) != 0) return failed("cannot remove the stale");
    if (bind(listening.get(), generic, sizeof(address)) != 0) return failed("cannot bind");
  }
  if (chmod(path.c_str(), 0600) != 0) return failed("cannot protect");
  if (::listen(listening.get(), 8) != 0) return failed("cannot listen on");
  ControlLink link(path, std::move(listening));
  link.buffer_.resize(kControlFrameBytesMax);
  return link;
}

ControlLink::~ControlLink() {
  if (listening_.is_open()) unlink(path_.c_str());
}

bool ControlLink::accept() {
  bool accepted = false;
  while (true) {
    Descriptor fresh(accept4(listening_.get(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK));
    if (!fresh.is_open()) return accepted;
    ucred peer{};
    socklen_t length = sizeof(peer);
    if (getsockopt(fresh.get(), SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0 || peer.uid != geteuid()) {
      log_limited(connection_lines, LogLevel::warning,
                  "refused a control connection of uid %u (pid %d): only uid %u may connect", peer.uid,
                  peer.pid, geteuid());
      continue;
    }
    close_connection("replaced by a newer admin connection");
    log_line(LogLevel::info, "admin connected, pid %d", peer.pid);
    connection_ = std::move(fresh);
    ++connection_number_;
    accepted = true;
  }
}

void ControlLink::close_connection(const char* why) {
  if (!connection_.is_open()) return;
  log_line(LogLevel::info, "admin connection closed: %s", why);
  connection_.reset(-1);
}

std::optional<ControlLink::Received> ControlLink::receive() {
  if (!connection_.is_open()) return std::nullopt;
  iovec range{.iov_base = buffer_.data(), .iov_len = buffer_.size()};
  alignas(cmsghdr) char control[CMSG_SPACE(kDescriptorsMax * sizeof(int))];
  msghdr header{};
  header.msg_iov = &range;
  header.msg_iovlen = 1;
  header.msg_control = control;
  header.msg_controllen = sizeof(control);
  const ssize_t got = recvmsg(connection_.get(), &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0) {
    if (errno != EAGAIN && errno != EINTR) close_connection(std::strerror(errno));
    return std::nullopt;
  }
  Descriptor descriptor = take_descriptors(header);
  if (got == 0) {
    close_connection("admin closed it");
    return std::nullopt;
  }
  if ((header.msg_flags & (MSG_TRUNC | MSG_CTRUNC)) != 0) {
    close_connection("a message was longer than the protocol allows");
    return std::nullopt;
  }
  auto message = decode_control(std::span(buffer_).first(static_cast<std::size_t>(got)));
  if (!message) {
    close_connection(std::string(message.error()).c_str());
    return std::nullopt;
  }
  return Received{std::move(*message), std::move(descriptor)};
}

void ControlLink::send(std::span<const std::byte> message, int attachment) {
  if (!connection_.is_open()) return;
  iovec range{.iov_base = const_cast<std::byte*>(message.data()), .iov_len = message.size()};
  msghdr header{};
  header.msg_iov = &range;
  header.msg_iovlen = 1;
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  if (attachment >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof(control);
    cmsghdr* item = CMSG_FIRSTHDR(&header);
    item->cmsg_level = SOL_SOCKET;
    item->cmsg_type = SCM_RIGHTS;
    item->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(item), &attachment, sizeof(int));
  }
  ssize_t sent = 0;
  do {
    sent = sendmsg(connection_.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) close_connection(errno == EAGAIN ? "admin does not read" : std::strerror(errno));
}

}  // namespace sluice::dataplane
